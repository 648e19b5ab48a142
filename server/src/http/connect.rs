//! `GET /api/chat/connect`: how to connect to this server.

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use caffis_schema::{
    PROTOCOL_VERSION, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, Timestamp, limits::Limits,
};
use serde::Serialize;

use super::{
    app::{App, EVENTS_PATH, SOCKET_PATH, WEBTRANSPORT_PATH},
    reply,
};

/// Browsers that are kept to WebSocket. WebKit stalls a WebTransport session after some 16 MiB
/// (WebKit bug 319818); Firefox before 153 allows two streams of the server only.
const GATED: [Gate; 2] =
    [Gate { engine: "webkit", below: None }, Gate { engine: "gecko", below: Some(153) }];

#[derive(Serialize)]
struct Gate {
    engine: &'static str,
    /// Versions below this, or all versions if none.
    below: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Connect {
    /// The newest protocol version that is spoken here.
    version: u16,
    websocket: WebSocket,
    /// Server-sent events and POST.
    events: Events,
    webtransport: WebTransport,
    quic: Quic,
    /// Engines that should not use WebTransport here.
    gated: [Gate; 2],
    limits: Limits,
    /// Milliseconds since 1970.
    time: Timestamp,
    /// Whether this is a development server, with demo users.
    dev: bool,
}

#[derive(Serialize)]
struct WebSocket {
    path: &'static str,
    subprotocols: [&'static str; 2],
}

#[derive(Serialize)]
struct Events {
    path: &'static str,
    protocols: [&'static str; 2],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WebTransport {
    port: u16,
    path: &'static str,
    #[serde(flatten)]
    certificate: Certificate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Quic {
    port: u16,
    alpn: &'static str,
    #[serde(flatten)]
    certificate: Certificate,
}

/// The certificate by which the UDP port is known, where no authority vouches for it.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    /// SHA-256 over the DER form, base64.
    certificate_hash: Option<String>,
    /// When it ends, in milliseconds since 1970.
    certificate_expires: Option<Timestamp>,
}

/// Tells a client how to connect.
pub(super) async fn connect(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let status = app.certificates.status();
    let own = status.as_ref().filter(|status| status.development);
    let ends = |at: &caffis_certs::Status| at.not_after.duration_since(UNIX_EPOCH).ok();
    let certificate = Certificate {
        certificate_hash: own.map(|status| BASE64_STANDARD.encode(status.hash)),
        certificate_expires: own.and_then(ends).map(Timestamp::after_epoch),
    };
    // TCP listens a moment before UDP does, and what is told here is kept by clients. A start that
    // fails in between ends the process, and this wait with it.
    let port = *app.udp_port.wait().await;
    let answer = Connect {
        version: PROTOCOL_VERSION,
        websocket: WebSocket {
            path: SOCKET_PATH,
            subprotocols: [SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON],
        },
        events: Events { path: EVENTS_PATH, protocols: [SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON] },
        webtransport: WebTransport {
            port,
            path: WEBTRANSPORT_PATH,
            certificate: certificate.clone(),
        },
        quic: Quic { port, alpn: "caffis/1", certificate },
        gated: GATED,
        limits: app.core.settings().limits(),
        time: app.clock.now(),
        dev: app.config.dev,
    };
    let mut response = reply::json(StatusCode::OK, &answer);
    // Pages of listed origins live elsewhere and must be able to read this.
    if let Some(origin) = headers.get(header::ORIGIN)
        && origin.to_str().is_ok_and(|origin| app.origins.is_listed(origin))
    {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::VARY, header::HeaderValue::from_static("origin"));
    }
    response
}
