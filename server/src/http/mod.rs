//! The HTTP side: the web app, the WebSocket upgrade, discovery, health, and in development tokens; on
//! addresses of their own, metrics.

mod address;
mod app;
mod connect;
mod dev;
mod health;
pub mod metrics;
mod origin;
mod reply;
mod security;
mod socket;
mod web;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::StatusCode,
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use caffis_schema::{Error, ErrorCode};

pub use app::{App, SOCKET_PATH, WEBTRANSPORT_PATH};
pub use origin::Origins;

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// How long a request may take, its body included. Links are requests only until they are upgraded.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything that is served over HTTP.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route(SOCKET_PATH, get(socket::upgrade))
        .route("/api/chat/connect", get(connect::connect))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready));
    if app.config.dev {
        router = router
            .route("/api/chat/dev/users", get(dev::users))
            .route("/api/chat/dev/token", post(dev::token));
    }
    router
        .fallback(web::serve)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(app.clone(), security::headers))
        .with_state(app)
}

/// Answers in time, or says that it took too long.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let error = Error::refused(ErrorCode::Invalid, "The request took too long.");
            reply::error(StatusCode::REQUEST_TIMEOUT, &error)
        }
    }
}
