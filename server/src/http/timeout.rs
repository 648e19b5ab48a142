//! Requests that take too long.

use std::time::Duration;

use axum::{extract::Request, http::StatusCode, middleware::Next, response::Response};
use caffis_schema::{Error, ErrorCode};

use super::{api::IMPORT_PATH, reply};

/// How long a request may take, its body included. Links are requests only until they are upgraded.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long it may be tried again, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// Answers in time, or says that it took too long. An import bounds its own time.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().path() == IMPORT_PATH {
        return next.run(request).await;
    }
    let is_safe = request.method().is_safe();
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) if is_safe => late(Error::later),
        // It may have been done, or may still be.
        Err(_) => late(Error::unknown),
    }
}

fn late(outcome: impl FnOnce(ErrorCode, &str, u32) -> Error) -> Response {
    let error = outcome(ErrorCode::Unavailable, "The request took too long.", RETRY_MS);
    reply::error(StatusCode::SERVICE_UNAVAILABLE, &error)
}
