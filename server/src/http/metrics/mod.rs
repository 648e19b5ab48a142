//! `/metrics`: the server in numbers, for Prometheus. It has a listener of its own (`metrics_listen`),
//! because whoever reads it learns how many people there are and what they do.
//!
//! `page` is the list of all metrics; docs/metrics.md describes them, and a test compares the two.

mod page;
mod process;
mod writer;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{encoding::prometheus_text, registry::Registry};

use self::page::Page;
use super::{app::App, reply, timeout::in_time};

/// The text format that every scraper reads.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the listener for metrics serves.
pub fn router(app: &Arc<App>) -> Router {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page::new(app)));
    Router::new()
        .route("/metrics", get(metrics))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::wrong_method)
        .layer(middleware::from_fn(in_time))
        .with_state(Arc::new(registry))
}

async fn metrics(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match prometheus_text::encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
