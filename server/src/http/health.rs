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

/// Says whether new people should be sent here, and why not.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let mut reasons = Vec::new();
    if app.is_draining() {
        reasons.push("draining".to_owned());
    }
    if app.udp_port.get().is_none() {
        reasons.push("starting".to_owned());
    }
    if app.certificates.status().is_none() {
        reasons.push("no_certificate".to_owned());
    }
    match app.store.health() {
        Health::Healthy => {}
        Health::Full => reasons.push("storage_full".to_owned()),
        Health::Failed(reason) => {
            tracing::warn!(reason, "the store does not write any more");
            reasons.push("storage_failed".to_owned());
        }
    }
    if app.cluster.as_ref().is_some_and(|cluster| !cluster.lease().held()) {
        reasons.push("no_lease".to_owned());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    reply::json(status, &json!({"ready": reasons.is_empty(), "reasons": reasons}))
}
