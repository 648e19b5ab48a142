//! The web app, built into the binary. Its build compresses what gains by it, and a browser gets the
//! smallest form that it takes.

use super::reply;
use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};

/// A file of the web app.
struct File {
    /// Its path.
    name: &'static str,
    /// Tells its versions apart.
    tag: &'static str,
    bytes: &'static [u8],
}

/// The files by their path, empty if the web app was not built before the server.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// How a file may be compressed, best first: the coding, and the ending of the compressed file's name.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

const PAGE: &str = "index.html";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<title>Caffis Chat</title><h1>Caffis Chat is running</h1>\
<p>This binary was built without the web app. <code>cargo xtask run</code> builds both; or build \
the web app in <code>clients/web</code> (<code>npm ci &amp;&amp; npm run build</code>) and then the \
server again.</p>\
<p>Clients can connect all the same: <a href=\"/api/chat/connect\">/api/chat/connect</a> says \
how.</p></html>";

/// Serves a file, or the page at `/`: the places within the app are in the fragment of its address.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" => PAGE,
        path => path,
    };
    let found = answer(FILES, path, &headers).or_else(|| (path == PAGE).then(not_built));
    match found {
        None => reply::not_found().await,
        Some(found) if method == Method::GET || method == Method::HEAD => found,
        Some(_) => {
            let mut response = reply::wrong_method().await;
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
            response
        }
    }
}

fn not_built() -> Response {
    ([(header::CACHE_CONTROL, "no-cache")], Html(NOT_BUILT)).into_response()
}

/// The file at a path, in the form that the request takes, or word that the browser has it already.
fn answer(files: &'static [File], path: &str, request: &HeaderMap) -> Option<Response> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    // A compressed file is only another form of a file, and has no path of its own.
    let plain = find(path).filter(|_| !CODINGS.iter().any(|(_, end)| path.ends_with(end)))?;
    let forms: Vec<_> = CODINGS
        .iter()
        .filter_map(|(coding, ending)| Some((*coding, find(&format!("{path}{ending}"))?)))
        .collect();
    let accepted = forms.iter().find(|(coding, _)| accepts(request, coding));
    let (coding, file) = accepted.map_or((None, plain), |(coding, file)| (Some(*coding), *file));
    let known = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut known = known.flat_map(|tags| tags.split(',')).map(|tag| tag.trim());
    // Names in assets/ contain a hash of the content.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = if known.any(|tag| tag.trim_start_matches("W/") == file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type(path))], file.bytes).into_response()
    };
    let headers = response.headers_mut();
    let mut say = |name, value| headers.insert(name, HeaderValue::from_static(value));
    say(header::CACHE_CONTROL, caching);
    say(header::ETAG, file.tag);
    if !forms.is_empty() {
        say(header::VARY, "accept-encoding");
    }
    if let Some(coding) = coding {
        say(header::CONTENT_ENCODING, coding);
    }
    Some(response)
}

/// Whether a request takes a coding: by name or `*`, and not with a weight of 0.
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let lines = request.get_all(header::ACCEPT_ENCODING).iter();
    let accepted: Vec<(&str, bool)> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|item| {
            let (name, weight) = item.split_once(';').unwrap_or((item, ""));
            let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok());
            (name.trim(), weight.unwrap_or(1.0_f32) > 0.0)
        })
        .collect();
    let word = |wanted: &str| accepted.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    word(coding).or_else(|| word("*")).is_some_and(|(_, taken)| *taken)
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

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    const SCRIPT: &str = "assets/index-abc.js";

    const fn file(name: &'static str, tag: &'static str, bytes: &'static [u8]) -> File {
        File { name, tag, bytes }
    }

    static BUILT: &[File] = &[
        file(SCRIPT, "\"1\"", b"the script"),
        file("assets/index-abc.js.br", "\"2\"", b"in brotli"),
        file("assets/index-abc.js.gz", "\"3\"", b"in gzip"),
        file("icon.png", "\"4\"", b"a picture"),
        file(PAGE, "\"5\"", b"the page"),
        file("index.html.gz", "\"6\"", b"the page in gzip"),
    ];

    fn request(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    async fn text(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_browser_gets_the_smallest_form_that_it_takes() {
        let cases = [
            ("br, gzip", Some("br"), "\"2\"", "in brotli"),
            ("gzip, deflate, br;q=0.5", Some("br"), "\"2\"", "in brotli"),
            ("GZIP", Some("gzip"), "\"3\"", "in gzip"),
            ("br;q=0, *", Some("gzip"), "\"3\"", "in gzip"),
            ("identity", None, "\"1\"", "the script"),
            ("*;q=0", None, "\"1\"", "the script"),
            ("", None, "\"1\"", "the script"),
        ];
        for (takes, coding, tag, body) in cases {
            let response = answer(BUILT, SCRIPT, &request(header::ACCEPT_ENCODING, takes)).unwrap();
            let headers = response.headers();
            let said = headers.get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap());
            assert_eq!(said, coding, "{takes:?}");
            assert_eq!(headers[header::ETAG], tag, "{takes:?}");
            assert_eq!(headers[header::VARY], "accept-encoding", "{takes:?}");
            assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            assert_eq!(text(response).await, body, "{takes:?}");
        }
    }

    #[tokio::test]
    async fn what_has_one_form_is_sent_in_it_and_forms_have_no_path_of_their_own() {
        let picture = answer(BUILT, "icon.png", &request(header::ACCEPT_ENCODING, "br")).unwrap();
        assert!(!picture.headers().contains_key(header::VARY));
        assert_eq!(text(picture).await, "a picture");
        assert!(answer(BUILT, "index.html.gz", &HeaderMap::new()).is_none());
    }

    #[tokio::test]
    async fn what_the_browser_has_is_not_sent_again() {
        for (tags, status) in [
            ("\"5\"", StatusCode::NOT_MODIFIED),
            ("\"9\", W/\"5\"", StatusCode::NOT_MODIFIED),
            ("\"6\"", StatusCode::OK),
        ] {
            let response = answer(BUILT, PAGE, &request(header::IF_NONE_MATCH, tags)).unwrap();
            assert_eq!(response.status(), status, "{tags}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
            assert_eq!(text(response).await.is_empty(), status == StatusCode::NOT_MODIFIED);
        }
    }
}
