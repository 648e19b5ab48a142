//! The JSON Schemas of webhooks, in and out, for those who send and receive them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use caffis_schema::published::{EVENTS, HOOKS, Published};
use serde_json::json;

/// Where the list of them is, and each under its name.
pub(super) const PATH: &str = "/api/chat/schemas";
pub(super) const ONE: &str = "/api/chat/schemas/{*name}";

static LIST: LazyLock<Bytes> = LazyLock::new(|| list().to_string().into());

/// Gives the list: the kinds of both directions, each with the address of its schema.
pub(super) async fn list_all() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, LIST.clone()).into_response()
}

/// Gives one of them.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let Some(found) = HOOKS.iter().chain(EVENTS).find(|schema| schema.path == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers =
        [(header::CONTENT_TYPE, "application/schema+json"), (header::CACHE_CONTROL, "no-cache")];
    (headers, found.text).into_response()
}

fn list() -> serde_json::Value {
    let addresses = |schemas: &[Published]| {
        let each =
            |schema: &Published| (schema.kind.to_owned(), json!(format!("{PATH}/{}", schema.path)));
        schemas.iter().map(each).collect::<serde_json::Map<_, _>>()
    };
    json!({"hooks": addresses(HOOKS), "events": addresses(EVENTS)})
}
