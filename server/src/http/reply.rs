//! Answers in JSON; errors as problem details (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use caffis_schema::{Error, ErrorCode, Outcome};
use serde::Serialize;

/// The media type of errors.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Where this server explains its errors: docs/errors.md as a page, with an anchor for each code.
pub(super) const CATALOGUE: &str = "/api/chat/errors";

/// An error as problem details, with a code beside them.
#[derive(Serialize)]
struct Problem<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    /// Whether it did not happen, or may have.
    outcome: Outcome,
    /// Whether the same, sent again later, may be done.
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

/// An answer that no cache keeps.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers =
                [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (status, headers, bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// An error, with the time to wait as a header too.
pub(super) fn error(status: StatusCode, error: &Error) -> Response {
    coded(status, error.code.name(), error)
}

/// An error with a code that is not the protocol's.
pub(super) fn coded(status: StatusCode, code: &str, error: &Error) -> Response {
    detailed(status, code, error.sentence.as_str(), error)
}

/// An error with a code and a sentence of their own.
pub(super) fn detailed(status: StatusCode, code: &str, detail: &str, error: &Error) -> Response {
    let problem = Problem {
        kind: &format!("{CATALOGUE}#{code}"),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail,
        code,
        outcome: error.outcome,
        retryable: error.retry_after_ms.is_some(),
        retry_after_ms: error.retry_after_ms,
    };
    let mut response = json(status, &problem);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM);
    if let Some(wait) = error.retry_after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.div_ceil(1000)));
    }
    response
}

/// Nothing is at this address.
pub(super) async fn not_found() -> Response {
    let missing = Error::refused(ErrorCode::NotFound, "There is nothing at this address.");
    error(StatusCode::NOT_FOUND, &missing)
}

/// Something is at this address, but not for this method.
pub(super) async fn wrong_method() -> Response {
    let wrong = Error::refused(ErrorCode::Invalid, "This address does not take this method.");
    error(StatusCode::METHOD_NOT_ALLOWED, &wrong)
}
