//! The web app, built into the binary.

use axum::{
    http::{Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use caffis_schema::{Error, ErrorCode};

use super::reply;

/// The files of the web app by their path; none when it was not built before the server.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

const PAGE: &str = "index.html";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Caffis Chat</title><h1>Caffis Chat is running</h1>\
<p>This binary was built without the web app. <code>cargo xtask run</code> builds both; or build \
the web app in <code>clients/web</code> (<code>npm ci &amp;&amp; npm run build</code>) and then the \
server again.</p>\
<p>Clients can connect all the same: <a href=\"/api/chat/connect\">/api/chat/connect</a> says \
how.</p></html>";

/// Serves a file, or the page for every path that is no file.
pub(super) async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        let error = Error::refused(ErrorCode::NotFound, "There is nothing at this address.");
        return reply::error(StatusCode::NOT_FOUND, &error);
    }
    if method != Method::GET && method != Method::HEAD {
        return super::wrong_method().await;
    }
    if let Some(found) = file(path) {
        return found;
    }
    // A missing file is missing; any other path is a place within the app.
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file {
        return (StatusCode::NOT_FOUND, "not found").into_response();
    }
    file(PAGE)
        .unwrap_or_else(|| ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response())
}

fn file(path: &str) -> Option<Response> {
    let (name, bytes) = FILES.iter().find(|(name, _)| *name == path)?;
    // Names in assets/ carry a hash of what is in them.
    let caching = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [(header::CONTENT_TYPE, media_type(name)), (header::CACHE_CONTROL, caching)];
    Some((headers, *bytes).into_response())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
