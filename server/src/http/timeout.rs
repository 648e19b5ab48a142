//! Requests that take too long.

use std::time::Duration;

use axum::{extract::Request, http::StatusCode, middleware::Next, response::Response};
use caffis_schema::{Error, ErrorCode};

use super::{api::IMPORT_PATH, reply};

/// How long a request may take, its body included. Links are requests only until they are upgraded.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers in time, or says that it took too long. An import bounds its own time.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    if request.uri().path() == IMPORT_PATH {
        return next.run(request).await;
    }
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let error = Error::refused(ErrorCode::Invalid, "The request took too long.");
            reply::error(StatusCode::REQUEST_TIMEOUT, &error)
        }
    }
}
