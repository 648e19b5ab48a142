//! The WebSocket upgrade.

use std::{future::poll_fn, sync::Arc};

use axum::{
    extract::{Extension, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use caffis_link::{Farewell, Link};
use caffis_schema::{CloseCode, Error, ErrorCode, limits::FRAME_BYTES};
use caffis_transport::{
    tcp::PeerAddr,
    ws::{Options, Upgrade},
};

use super::{App, address, reply, security::host};

/// Turns a request into a link and serves it. A refusal that a page should understand is a coded
/// close: browsers do not show pages the status of a failed upgrade.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(PeerAddr(peer)): Extension<PeerAddr>,
    upgrade: Result<Upgrade, caffis_transport::ws::Rejection>,
    request: Request,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    if app.is_draining() {
        let error = Error::later(ErrorCode::Unavailable, "The server is going down.", 1_000);
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, &error);
    }
    // Who got here trusts whatever certificate it is shown; nobody chats over that.
    if app.certificates.status().is_none() {
        let error = Error::later(ErrorCode::Unavailable, "There is no certificate yet.", 10_000);
        return reply::error(StatusCode::SERVICE_UNAVAILABLE, &error);
    }
    let (parts, _) = request.into_parts();
    let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    let client = address::client(peer.ip(), &parts.headers, &app.config.trusted_proxies);
    let refusal = if app.origins.allow(origin, host(&parts)) {
        app.core.admit(client).map_err(|error| {
            Farewell::new(CloseCode::TooManyConnections.number(), error.sentence.as_str())
        })
    } else {
        tracing::info!(%client, origin, "a page of this origin may not connect");
        Err(Farewell::new(CloseCode::Origin.number(), "pages of this origin may not connect"))
    };
    let options = Options { max_frame: FRAME_BYTES, ..Options::default() };
    upgrade.accept(&options, move |link| async move {
        match refusal {
            Ok(_admission) => app.core.serve_from(link, Some(client)).await,
            Err(farewell) => say_goodbye(link, &farewell).await,
        }
    })
}

async fn say_goodbye(mut link: Box<dyn Link>, farewell: &Farewell) {
    poll_fn(|cx| link.poll_close(farewell, cx)).await;
}
