//! `/healthz`: the process answers. `/readyz`: it can serve people.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use caffis_embedded::Health;
use serde_json::json;

use super::{app::App, reply};

/// Says that the process is alive.
pub(super) async fn alive() -> Response {
    reply::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// Why new people should not be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Draining,
    Starting,
    NoCertificate,
    StorageFull,
    StorageFailed,
    NoLease,
}

impl Reason {
    pub(super) const ALL: [Self; 6] = [
        Self::Draining,
        Self::Starting,
        Self::NoCertificate,
        Self::StorageFull,
        Self::StorageFailed,
        Self::NoLease,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Starting => "starting",
            Self::NoCertificate => "no_certificate",
            Self::StorageFull => "storage_full",
            Self::StorageFailed => "storage_failed",
            Self::NoLease => "no_lease",
        }
    }

    fn holds(self, app: &App) -> bool {
        match self {
            Self::Draining => app.is_draining(),
            Self::Starting => app.udp_port.get().is_none(),
            Self::NoCertificate => app.certificates.status().is_none(),
            Self::StorageFull => app.store.health() == Health::Full,
            Self::StorageFailed => matches!(app.store.health(), Health::Failed(_)),
            Self::NoLease => app.cluster.as_ref().is_some_and(|cluster| !cluster.lease().held()),
        }
    }
}

/// The reasons that hold now.
pub(super) fn reasons(app: &App) -> Vec<Reason> {
    Reason::ALL.into_iter().filter(|reason| reason.holds(app)).collect()
}

/// Says whether new people should be sent here, and why not.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let reasons = reasons(&app);
    if let Health::Failed(reason) = app.store.health() {
        tracing::warn!(reason, "the store does not write any more");
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
    reply::json(status, &json!({"ready": names.is_empty(), "reasons": names}))
}
