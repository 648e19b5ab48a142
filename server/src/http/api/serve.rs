//! One request, from its first byte to its answer.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::{
        FromRequest, RawPathParams, Request,
        rejection::{BytesRejection, RawPathParamsRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use caffis_schema::{Error, ErrorCode, limits::COMMAND_BYTES};
use ring::digest::{SHA256, digest};
use tokio::time::{Instant, error::Elapsed, timeout_at};

use super::{
    access::{caller, count},
    answer::Answer,
    input::{Given, is_one_of, path_of, query_of},
    operation::Operation,
    problem::Problem,
};
use crate::http::{address, app::App, rates::Left};

/// How long a request may take, its body included: less than any request may, so that the caller hears what
/// became of it.
const WITHIN: Duration = Duration::from_secs(9);

/// When to try again after that, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// The kind of a body.
const JSON: &str = "application/json";

/// The kinds of a body of lines; both names are in use.
pub(super) const NDJSON: [&str; 2] = ["application/x-ndjson", "application/jsonl"];

/// How much of the digest of an answer is in its tag.
const TAG_BYTES: usize = 15;

const RATE_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// Answers a request.
pub(super) async fn serve(
    (place, operation): (usize, &'static Operation),
    app: Arc<App>,
    peer: IpAddr,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    let (begun, known) = (Instant::now(), request.headers().get(header::IF_NONE_MATCH).cloned());
    let (mut left, asked) = (None, app.clone());
    let done = handle(operation, app, peer, path, request, &mut left).await;
    let mut response = match done {
        Ok(Answer(bytes)) => {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            let tag = (!operation.changes()).then(|| tag_of(&bytes));
            let mut response = match (&tag, known) {
                (Some(tag), Some(known)) if names(&known, tag) => {
                    StatusCode::NOT_MODIFIED.into_response()
                }
                _ => (StatusCode::OK, headers, bytes).into_response(),
            };
            if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
                response.headers_mut().insert(header::ETAG, tag);
            }
            response
        }
        Err(problem) => problem.answer(operation.keyed),
    };
    if let Some(Left { rate, left }) = left {
        let headers = response.headers_mut();
        for (name, value) in [
            (RATE_POLICY, format!("\"caller\";q={rate};w=1")),
            (RATE_LEFT, format!("\"caller\";r={left};t=1")),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
    asked.requests.count(place, operation.changes(), response.status(), begun.elapsed());
    response
}

/// What stands for the content of an answer (RFC 9110, 8.8.3): the same content has the same tag on every node.
fn tag_of(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    let part = digest.as_ref().get(..TAG_BYTES).unwrap_or_default();
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(part))
}

/// Whether an `If-None-Match` names a tag.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    let mut tags = known.split(',').map(|tag| tag.trim().trim_start_matches("W/"));
    tags.any(|known| known == tag || known == "*")
}

async fn handle(
    operation: &'static Operation,
    app: Arc<App>,
    peer: IpAddr,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    left: &mut Option<Left>,
) -> Result<Answer, Problem> {
    let end = Instant::now() + WITHIN;
    // This client accepts any certificate, because there is none yet: no secrets over that.
    if app.certificates.status().is_none() {
        let sentence = "There is no certificate yet.";
        return Err(Error::later(ErrorCode::Unavailable, sentence, 10_000).into());
    }
    let (parts, lines) = request.into_parts();
    let address = address::client(peer, &parts.headers, &app.config.trusted_proxies);
    let by = timeout_at(end, caller(&app, address, &parts.headers));
    let by = by.await.unwrap_or_else(|_| {
        Err(Error::later(ErrorCode::Unavailable, "This takes too long.", RETRY_MS).into())
    })?;
    match count(&app, &by, operation) {
        Ok(now) => *left = Some(now),
        Err(problem) => {
            *left = Some(Left { rate: rate_of(&app, by.service.is_some()), left: 0 });
            return Err(problem);
        }
    }
    let path = path.map_err(|_| Problem::bad(ErrorCode::Invalid, "The address is no text."))?;
    let query = query_of(operation.query, &parts.uri)?;
    check_kind(operation, &parts.headers)?;
    let (path, headers) = (path_of(&path), parts.headers.clone());
    if operation.lines.is_some() {
        // Its handler bounds how long it takes.
        let (body, lines) = (Bytes::new(), Mutex::new(lines));
        return (operation.handle)(Given { app, by, path, query, headers, body, lines }).await;
    }
    let body = Bytes::from_request(Request::from_parts(parts, lines), &());
    let body = read(operation, timeout_at(end, body).await)?;
    let given = Given { app, by, path, query, headers, body, lines: Mutex::default() };
    timeout_at(end, (operation.handle)(given)).await.unwrap_or_else(|_| {
        let sentence = "This takes too long.";
        Err(match operation.changes() {
            true => Error::unknown(ErrorCode::Unavailable, sentence, RETRY_MS).into(),
            false => Error::later(ErrorCode::Unavailable, sentence, RETRY_MS).into(),
        })
    })
}

/// Whether a body says that it is of the kind that the operation takes.
fn check_kind(operation: &Operation, headers: &HeaderMap) -> Result<(), Problem> {
    let kinds: &[&str] = match (operation.body, operation.lines) {
        (None, None) => return Ok(()),
        (Some(_), _) => &[JSON],
        (None, Some(_)) => &NDJSON,
    };
    if is_one_of(headers, kinds) {
        return Ok(());
    }
    let sentence = format!("The body has to be {}.", kinds[0]);
    let error = Error::refused(ErrorCode::Malformed, &sentence);
    Err(Problem::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
}

fn rate_of(app: &App, service: bool) -> u32 {
    match service {
        true => app.config.service_requests_per_second,
        false => app.core.settings().commands_per_second,
    }
}

fn read(
    operation: &Operation,
    body: Result<Result<Bytes, BytesRejection>, Elapsed>,
) -> Result<Bytes, Problem> {
    let refused =
        |status, code, sentence: &str| Err(Problem::with(status, Error::refused(code, sentence)));
    match body {
        Err(_) => {
            let sentence = "The body did not come in time.";
            refused(StatusCode::REQUEST_TIMEOUT, ErrorCode::Malformed, sentence)
        }
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let sentence = format!("The body is over {COMMAND_BYTES} bytes.");
            refused(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, &sentence)
        }
        Ok(Err(_)) => Err(Problem::bad(ErrorCode::Malformed, "The body did not come whole.")),
        Ok(Ok(body)) if operation.body.is_none() && !body.is_empty() => {
            Err(Problem::bad(ErrorCode::Malformed, "This takes no body."))
        }
        Ok(Ok(body)) => Ok(body),
    }
}
