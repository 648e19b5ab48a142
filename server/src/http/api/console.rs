//! A page on which the API can be read and tried. It reads the OpenAPI document, and loads nothing from
//! elsewhere.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// Where the page is.
pub(super) const PATH: &str = "/api/chat/docs";

/// Where its program is.
pub(super) const SCRIPT: &str = "/api/chat/docs/console.js";

/// Where its style is.
pub(super) const STYLE: &str = "/api/chat/docs/console.css";

/// Gives the page.
pub(super) async fn page() -> Response {
    file("text/html; charset=utf-8", include_str!("console/console.html"))
}

/// Gives its program.
pub(super) async fn script() -> Response {
    file("text/javascript; charset=utf-8", include_str!("console/console.js"))
}

/// Gives its style.
pub(super) async fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("console/console.css"))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}
