//! Where else the same is served: HTTP/3, for the hosts that have it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{app::App, security::host};

/// How long clients may remember it, in seconds. Short: a port that is taken away costs them an attempt.
const REMEMBER: u32 = 3_600;

/// Tells clients of a host that is served over HTTP/3 so, by `Alt-Svc`.
pub(super) async fn services(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (parts, body) = request.into_parts();
    let is_served = is_one_of(&app.config.http3_hosts, host(&parts));
    let port = app.udp_port.get().filter(|_| is_served && !app.is_draining());
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(port) = port
        && let Ok(value) = HeaderValue::try_from(format!("h3=\":{port}\"; ma={REMEMBER}"))
    {
        response.headers_mut().insert(header::ALT_SVC, value);
    }
    response
}

/// Whether a host, with its port or without, is one of these.
fn is_one_of(hosts: &[String], host: Option<&str>) -> bool {
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    name.is_some_and(|name| hosts.iter().any(|own| own.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_without_their_port() {
        let hosts = ["api.example".to_owned()];
        for (host, expected) in [
            ("api.example", true),
            ("API.example:8443", true),
            ("chat.example", false),
            ("api.example.evil", false),
            ("[::1]:8443", false),
        ] {
            assert_eq!(is_one_of(&hosts, Some(host)), expected, "{host}");
        }
        assert!(!is_one_of(&hosts, None));
    }
}
