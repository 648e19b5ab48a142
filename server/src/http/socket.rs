//! The WebSocket upgrade.

use std::sync::Arc;

use axum::{
    extract::{Extension, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use caffis_link::{Farewell, LinkExt};
use caffis_schema::{CloseCode, Error, ErrorCode, limits::FRAME_BYTES};
use caffis_transport::{
    tcp::PeerAddr,
    ws::{Options, Rejection, Upgrade},
};

use super::{address, app::App, reply, security::host};
use crate::arrivals;

/// Turns a request into a link and serves it. A refusal that a page should understand is a coded
/// close: browsers do not show pages the status of a failed upgrade.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(PeerAddr(peer)): Extension<PeerAddr>,
    upgrade: Result<Upgrade, Rejection>,
    request: Request,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return refuse(rejection),
    };
    if app.is_draining() {
        let error = Error::later(ErrorCode::Unavailable, "The server is going down.", 1_000);
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, &error);
    }
    // This client accepts any certificate, because there is none yet: no chat over that.
    if app.certificates.status().is_none() {
        let error = Error::later(ErrorCode::Unavailable, "There is no certificate yet.", 10_000);
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, &error);
    }
    let (parts, _) = request.into_parts();
    let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    let client = address::client(peer.ip(), &parts.headers, &app.config.trusted_proxies);
    let refusal = if app.origins.allow(origin, host(&parts)) {
        app.admit(client).map_err(|error| {
            Farewell::new(CloseCode::TooManyConnections.number(), error.sentence.as_str())
        })
    } else {
        tracing::info!(%client, origin, "a page of this origin may not connect");
        Err(Farewell::new(CloseCode::Origin.number(), "pages of this origin may not connect"))
    };
    let upgrade_timeout = app.config.handshake_timeout;
    let options = Options { max_frame: FRAME_BYTES, upgrade_timeout };
    upgrade.accept(&options, move |mut arrival| async move {
        match refusal {
            Ok(_admission) => arrivals::serve(&app.core, &app.meters, arrival, Some(client)).await,
            Err(farewell) => arrival.link.close(farewell).await,
        }
    })
}

/// Says what is wrong with the handshake, and keeps the headers that say what is supported.
fn refuse(rejection: Rejection) -> Response {
    let (parts, _) = rejection.into_response().into_parts();
    let error = Error::refused(ErrorCode::Invalid, &rejection.to_string());
    let mut response = reply::error(parts.status, &error);
    for name in [header::UPGRADE, header::SEC_WEBSOCKET_VERSION] {
        if let Some(value) = parts.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
