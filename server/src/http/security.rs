//! Headers that keep browsers from doing what the page does not need.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};

use super::app::App;

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");

/// Puts the headers on every answer.
pub(super) async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let port = match (app.udp_port.get(), &app.cluster) {
        (None, _) => None,
        // The page outlives the node that it came from, and each node has a port of its own.
        (Some(_), Some(_)) => Some("*".to_owned()),
        (Some(port), None) => Some(port.to_string()),
    };
    let policy = policy(host(&parts), port.as_deref());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (PERMISSIONS, "camera=(), geolocation=(self), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The name and port by which the client reached the server.
pub(super) fn host(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| parts.uri.authority().map(|authority| authority.as_str()))
}

/// Only what this server serves, and WebTransport to the same host's UDP port, or to any of its ports.
fn policy(host: Option<&str>, udp_port: Option<&str>) -> String {
    let mut connect = "'self'".to_owned();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if let (Some(host), Some(port)) = (host.filter(|host| host.chars().all(is_plain)), udp_port) {
        let end = host.rfind(']').map_or_else(|| host.find(':'), |end| Some(end + 1));
        connect.push_str(&format!(" https://{}:{port}", &host[..end.unwrap_or(host.len())]));
        // Browsers that do not count wss: as 'self'.
        connect.push_str(&format!(" ws://{host} wss://{host}"));
    }
    format!(
        "default-src 'self'; connect-src {connect}; img-src 'self' https: data:; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_may_connect_to_the_same_host_only() {
        let at = |host| policy(Some(host), Some("4433"));
        assert!(at("localhost:5002").contains("'self' https://localhost:4433 ws://localhost:5002"));
        assert!(at("[::1]:5002").contains("https://[::1]:4433 "));
        assert!(at("chat.example").contains("https://chat.example:4433 "));
        assert!(!at("evil; script-src *").contains("evil"));
        assert!(policy(Some("chat.example"), Some("*")).contains("https://chat.example:* "));
        assert!(policy(None, None).contains("connect-src 'self';"));
    }
}
