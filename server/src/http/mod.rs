//! The HTTP side: the web app, the WebSocket upgrade, streams of events, the REST API, discovery, webhooks, health, and in development tokens; on
//! addresses of their own, metrics.

mod address;
mod alternative;
mod api;
mod app;
mod connect;
mod dev;
mod events;
mod health;
mod hooks;
pub mod metrics;
mod origin;
mod rates;
mod reply;
mod requests;
mod security;
mod socket;
mod sources;
mod timeout;
mod web;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

use caffis_schema::hooks::limits::HOOK_BYTES;

pub use api::calls;
pub use app::{App, EVENTS_PATH, SOCKET_PATH, WEBTRANSPORT_PATH};
pub use events::Taker;
pub use origin::Origins;
pub use rates::Rates;
pub use requests::Requests;
pub use sources::Sources;

/// The largest body of a request in bytes, where an address does not say otherwise.
const MAX_BODY: usize = 16 * 1024;

/// Everything that is served over HTTP.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new()
        .route(SOCKET_PATH, get(socket::upgrade))
        .route(
            EVENTS_PATH,
            get(events::open).post(events::post).layer(DefaultBodyLimit::max(events::MAX_POST)),
        )
        .route("/api/chat/connect", get(connect::connect))
        .route(hooks::PATH, post(hooks::receive).layer(DefaultBodyLimit::max(HOOK_BYTES)))
        .merge(api::router())
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
        .layer(middleware::from_fn(timeout::in_time))
        .layer(middleware::from_fn_with_state(app.clone(), security::headers))
        .layer(middleware::from_fn_with_state(app.clone(), alternative::services))
        .with_state(app)
}
