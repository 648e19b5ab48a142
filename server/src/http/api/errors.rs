//! The catalogue of errors as a page: what the `type` of each problem leads to.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use caffis_schema::catalogue::{Explained, all};

static PAGE: LazyLock<Bytes> = LazyLock::new(|| page().into());

/// Gives the page.
pub(super) async fn serve() -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, PAGE.clone()).into_response()
}

fn page() -> String {
    let mut page = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
                    <title>Errors of Caffis Chat</title>\n<h1>Errors of Caffis Chat</h1>\n"
        .to_owned();
    for explained in all() {
        let Explained { code, meaning, statuses, cause, cure, retry } = explained;
        let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
        let _ = write!(
            page,
            "<h2 id=\"{code}\">{code}</h2>\n<p>{}</p>\n<dl>\n<dt>Status</dt><dd>{}</dd>\n\
             <dt>Cause</dt><dd>{}</dd>\n<dt>Cure</dt><dd>{}</dd>\n<dt>The same again</dt><dd>{}</dd>\n</dl>\n",
            text(meaning.trim()),
            statuses.join(", "),
            text(cause),
            text(cure),
            text(retry.words()),
        );
    }
    page
}

/// What is written in Markdown, as HTML.
fn text(words: &str) -> String {
    let safe = words.replace('&', "&amp;").replace('<', "&lt;");
    let mut code = false;
    safe.split('`').enumerate().fold(String::new(), |mut html, (number, part)| {
        if number > 0 {
            code = !code;
            html.push_str(if code { "<code>" } else { "</code>" });
        }
        html.push_str(part);
        html
    })
}
