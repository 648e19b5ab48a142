//! Server-sent events and POST, for clients behind proxies that let nothing else pass.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{
        Extension, FromRequest, Query, Request, State,
        rejection::{BytesRejection, QueryRejection},
    },
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use caffis_core::ports::posts::{Posts, Taking};
use caffis_link::Codec;
use caffis_schema::{
    Error, ErrorCode, Outcome, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, catalogue::UNKNOWN_STATUS,
    limits::FRAME_BYTES,
};
use caffis_transport::{
    lobby::{Arrival, Place},
    sse::{Opened, Options, Refused, Streams, post, post_bytes},
    tcp::PeerAddr,
};
use serde::Deserialize;

use super::{
    address,
    app::App,
    rates::{Counted, group},
    reply,
    security::host,
};
use crate::arrivals;

/// The largest body of a POST in bytes.
pub(super) const MAX_POST: usize = post_bytes(FRAME_BYTES);

/// The longest that nothing is written to a stream: proxies often end what is silent for 30 s or a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// POSTs in a second from one address that name no stream. When a node dies, those of a whole office do for a
/// moment.
const STRAY_PER_SECOND: u32 = 100;

/// When a client whose POST had to wait should send it again, in milliseconds.
const FULL_RETRY_MS: u32 = 500;

/// How the client wants its frames written.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    protocol: Option<String>,
}

/// Opens a stream and serves its link.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(PeerAddr(peer)): Extension<PeerAddr>,
    Extension(place): Extension<Place>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let client = address::client(peer.ip(), &parts.headers, &app.config.trusted_proxies);
    // A query that cannot be read asks for nothing that there is.
    let protocol = wanted.map_or(Some(String::new()), |Query(wanted)| wanted.protocol);
    let opened = allowed(&app, &parts, client).and_then(|()| {
        let admission = app.admit(client)?;
        Ok((admission, new_stream(&app, peer, protocol.as_deref())?))
    });
    let response = match opened {
        Ok((admission, Opened { link, events })) => {
            tokio::spawn(async move {
                let _admission = admission;
                let arrival = Arrival { link, place };
                arrivals::serve(&app.core, &app.meters, arrival, Some(client)).await;
            });
            events.into_response()
        }
        Err(error) => refuse(&error),
    };
    readable(response, &parts)
}

fn new_stream(app: &App, peer: SocketAddr, protocol: Option<&str>) -> Result<Opened, Error> {
    let codec = match protocol {
        None | Some(SUBPROTOCOL_JSON) => Codec::Json,
        Some(SUBPROTOCOL_BINARY) => Codec::Binary,
        Some(_) => {
            let sentence = "protocol is caffis.v1.json, which is meant without it, or caffis.v1.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
    };
    if app.is_draining() {
        return Err(Error::later(ErrorCode::Unavailable, "The server is going down.", 1_000));
    }
    // This client accepts any certificate, because there is none yet: no chat over that.
    if app.certificates.status().is_none() {
        return Err(Error::later(ErrorCode::Unavailable, "There is no certificate yet.", 10_000));
    }
    // Well before the listener takes the connection for one that stands still.
    let heartbeat = HEARTBEAT.min(app.config.stall_timeout / 2);
    let options = Options { max_frame: FRAME_BYTES, heartbeat };
    let node = app.core.node().map_or(0, |node| node.get());
    app.streams
        .open(node, codec, Some(peer), &options)
        .ok_or_else(|| Error::later(ErrorCode::LimitReached, "There are too many streams.", 1_000))
}

/// Takes what a client sends on a stream, which may be on another node.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Extension(PeerAddr(peer)): Extension<PeerAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let client = address::client(peer.ip(), &parts.headers, &app.config.trusted_proxies);
    let taken = match allowed(&app, &parts, client) {
        Ok(()) => match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
            Ok(body) => take(&app, client, body).await,
            Err(rejection) => Err(unread(&rejection)),
        },
        Err(error) => Err(error),
    };
    let response = match taken {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refuse(&error),
    };
    readable(response, &parts)
}

async fn take(app: &App, client: IpAddr, body: Bytes) -> Result<(), Error> {
    let stray = Counted::Stray(group(client));
    app.rates.look(stray.clone(), STRAY_PER_SECOND)?;
    let taken = match post::destination(&body) {
        Ok(node) => app.core.pass_post(node, body).await,
        Err(malformed) => Err(explain(&malformed.into())),
    };
    if taken.as_ref().is_err_and(|error| error.retry_after_ms.is_none()) {
        // It is refused anyway.
        let _ = app.rates.take(stray, STRAY_PER_SECOND);
    }
    taken
}

fn unread(rejection: &BytesRejection) -> Error {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let sentence = format!("A POST has at most {MAX_POST} bytes.");
            Error::refused(ErrorCode::TooLarge, &sentence)
        }
        _ => Error::later(ErrorCode::Malformed, "The body did not come whole.", FULL_RETRY_MS),
    }
}

/// Whether a page of this origin may do that.
fn allowed(app: &App, parts: &Parts, client: IpAddr) -> Result<(), Error> {
    let origin = parts.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("?"));
    if app.origins.allow(origin, host(parts)) {
        return Ok(());
    }
    tracing::info!(%client, origin, "a page of this origin may not connect");
    Err(Error::refused(ErrorCode::Forbidden, "Pages of this origin may not connect."))
}

fn refuse(error: &Error) -> Response {
    let status = match (error.code, error.outcome) {
        // The body, not something in it.
        (ErrorCode::TooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE.as_u16(),
        (_, Outcome::Unknown) => UNKNOWN_STATUS,
        (code, Outcome::Refused) => code.status(error.retry_after_ms.is_some()),
    };
    reply::error(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), error)
}

/// Pages that may connect and live elsewhere have to be able to read the answer.
fn readable(mut response: Response, parts: &Parts) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = parts.headers.get(header::ORIGIN)
        && response.status() != StatusCode::FORBIDDEN
    {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

/// Why a POST was not taken, as clients are told.
fn explain(refused: &Refused) -> Error {
    match refused {
        Refused::Malformed(malformed) => Error::refused(ErrorCode::Malformed, malformed.0),
        Refused::Ended => {
            let sentence = "There is no such stream, or it has ended: open another.";
            Error::refused(ErrorCode::NotFound, sentence)
        }
        Refused::OutOfTurn(missing) => {
            let sentence = format!("POST {missing} of this stream has not come yet.");
            Error::later(ErrorCode::Conflict, &sentence, FULL_RETRY_MS)
        }
        Refused::Full => {
            let sentence = "Too much waits on this stream: send the same again later.";
            Error::later(ErrorCode::RateLimited, sentence, FULL_RETRY_MS)
        }
    }
}

/// The streams of this node, for POSTs that came to another one.
pub struct Taker(pub Streams);

impl Posts for Taker {
    fn take(&self, body: Bytes) -> Taking {
        let streams = self.0.clone();
        Box::pin(async move { streams.take(body).await.map_err(|refused| explain(&refused)) })
    }
}
