//! The server's side: an HTTP/1.1 request that becomes a link.

use std::net::SocketAddr;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use caffis_link::{Codec, Kind, LinkInfo};
use hyper_util::rt::TokioIo;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::{
    deflate::{TERMS, is_offered},
    link::WsLink,
    options::{BINARY, JSON, Options, subprotocol},
    wire::Role,
};
use crate::{
    lobby::{Arrival, Place},
    tcp::PeerAddr,
};

/// The constant of RFC 6455 that both sides hash.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that wants to become a WebSocket link. An axum extractor.
#[derive(Debug)]
pub struct Upgrade {
    on_upgrade: hyper::upgrade::OnUpgrade,
    accept: HeaderValue,
    codec: Codec,
    peer: Option<SocketAddr>,
    place: Place,
    deflate: bool,
}

/// Why a request is no WebSocket handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It lacks a header of the handshake, or is not HTTP/1.1.
    #[error("This address speaks WebSocket over HTTP/1.1, and the request is no such handshake.")]
    NoHandshake,
    /// It asks for another version of WebSocket.
    #[error("Only WebSocket version 13 is spoken here.")]
    Version,
    /// It offers none of the subprotocols.
    #[error("Offer one of the subprotocols caffis.v1 and caffis.v1.json.")]
    Subprotocol,
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::BAD_REQUEST, self.to_string()).into_response();
        if self != Self::Subprotocol {
            *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
            let headers = response.headers_mut();
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        let headers = &parts.headers;
        let is_handshake = parts.method == Method::GET
            && lists(headers, &header::CONNECTION, "upgrade")
            && lists(headers, &header::UPGRADE, "websocket");
        let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_handshake);
        let accept = accept_key(key.ok_or(Rejection::NoHandshake)?.as_bytes());
        if !lists(headers, &header::SEC_WEBSOCKET_VERSION, "13") {
            return Err(Rejection::Version);
        }
        let deflate = is_offered(offered(headers, &header::SEC_WEBSOCKET_EXTENSIONS));
        let codec = offered(headers, &header::SEC_WEBSOCKET_PROTOCOL)
            .find_map(|offer| match offer {
                BINARY => Some(Codec::Binary),
                JSON => Some(Codec::Json),
                _ => None,
            })
            .ok_or(Rejection::Subprotocol)?;
        Ok(Self {
            accept: HeaderValue::try_from(accept).map_err(|_| Rejection::NoHandshake)?,
            codec,
            deflate,
            peer: parts.extensions.get::<PeerAddr>().map(|peer| peer.0),
            place: parts.extensions.remove().ok_or(Rejection::NoHandshake)?,
            on_upgrade: parts.extensions.remove().ok_or(Rejection::NoHandshake)?,
        })
    }
}

impl Upgrade {
    /// The codec that the chosen subprotocol stands for.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Switches protocols and, once that is done, runs `on_arrival` with the link in a task of its
    /// own. A client that goes away in between is forgotten.
    pub fn accept<F, Fut>(self, options: &Options, on_arrival: F) -> Response
    where
        F: FnOnce(Arrival) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let info = LinkInfo {
            kind: Kind::WebSocket,
            codec: self.codec,
            peer: self.peer,
            lanes: 1,
            max_frame: options.max_frame,
            max_datagram: None,
        };
        let timeout = options.upgrade_timeout;
        tokio::spawn(async move {
            match tokio::time::timeout(timeout, self.on_upgrade).await {
                Ok(Ok(upgraded)) => {
                    let io = TokioIo::new(upgraded);
                    let link = Box::new(WsLink::new(io, Role::Server, info, self.deflate, &[]));
                    on_arrival(Arrival { link, place: self.place }).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "the switch to WebSocket failed"),
                Err(_) => tracing::debug!("the switch to WebSocket took too long"),
            }
        });
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, self.accept),
            (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol(self.codec))),
        ];
        let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers).into_response();
        if self.deflate {
            let terms = HeaderValue::from_static(TERMS);
            response.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, terms);
        }
        response
    }
}

/// The answer to a client's key.
pub(super) fn accept_key(key: &[u8]) -> String {
    let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key);
    hash.update(GUID);
    BASE64_STANDARD.encode(hash.finish())
}

/// The members of a comma-separated header.
fn offered<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

fn lists(headers: &HeaderMap, name: &HeaderName, member: &str) -> bool {
    offered(headers, name).any(|value| value.eq_ignore_ascii_case(member))
}
