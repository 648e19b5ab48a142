//! Whether a text is a good value of a setting.

use std::net::{IpAddr, Ipv4Addr};

use caffis_schema::limits::CONTEXT_TYPE_BYTES;
use reqwest::Url;
use tracing_subscriber::EnvFilter;

pub(super) fn is_word(text: &str) -> bool {
    text.len() <= 256 && !text.chars().any(char::is_control)
}

pub(super) fn is_context(text: &str) -> bool {
    text.len() <= CONTEXT_TYPE_BYTES
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

pub(super) fn is_host(text: &str) -> bool {
    text.len() <= 253
        && (text.parse::<IpAddr>().is_ok()
            || text.split('.').all(|label| {
                !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            }))
}

/// A name that an authority can find in the DNS.
pub(super) fn is_domain(text: &str) -> bool {
    is_host(text) && text.parse::<IpAddr>().is_err()
}

pub(super) fn is_mail(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != ',';
    text.len() <= 254
        && text.chars().all(plain)
        && text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && is_domain(host))
}

pub(super) fn is_directory(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

pub(super) fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text == "*"
        || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

/// Where OTLP is taken.
pub(super) fn is_collector(text: &str) -> bool {
    Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())
}

pub(super) fn is_filter(text: &str) -> bool {
    !text.is_empty() && EnvFilter::try_new(text).is_ok()
}

/// Whether a text names a key set: a file, an `https` address, or an `http` one of this machine.
pub(super) fn is_jwks_location(text: &str) -> bool {
    match text.contains("://") {
        true => Url::parse(text).is_ok_and(|url| may_be_asked_for_keys(&url)),
        false => !text.is_empty(),
    }
}

/// Whether keys from this address can be trusted: those that came in the clear from another machine
/// could be anybody's.
#[must_use]
pub fn may_be_asked_for_keys(url: &Url) -> bool {
    let is_here = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_or_local_addresses_are_asked_for_keys() {
        for good in
            ["keys.json", "https://id.example/keys", "http://127.0.0.1:1/keys", "http://[::1]/"]
        {
            assert!(is_jwks_location(good), "{good}");
        }
        for bad in
            ["", "http://id.example/keys", "ftp://id.example/keys", "http://127.0.0.1.example/"]
        {
            assert!(!is_jwks_location(bad), "{bad}");
        }
    }
}
