//! Which web pages may connect. A request without an origin does not come from a page, and may.

use std::{net::IpAddr, sync::Arc};

use crate::config::Config;

/// The origins that may connect.
#[derive(Clone, Debug)]
pub struct Origins {
    listed: Arc<[String]>,
    hosts: Arc<[String]>,
    /// In development every name of this machine counts.
    loopback: bool,
}

impl Origins {
    /// The origins that a configuration allows.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            listed: config.origins.clone().into(),
            hosts: config.hosts.clone().into(),
            loopback: config.dev,
        }
    }

    /// Whether a page of this origin may connect to the server at this host (name and port, as the
    /// client wrote it, or none if the transport does not tell).
    #[must_use]
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        if self.is_listed(origin) {
            return true;
        }
        let without_scheme = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
        let Some(page) = without_scheme else { return false };
        let name = host_name(page);
        host.is_some_and(|host| host.eq_ignore_ascii_case(page))
            || self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(name))
            || (self.loopback && is_loopback(page))
    }

    /// Whether an origin is one of those that were listed, and so may read answers from elsewhere.
    #[must_use]
    pub fn is_listed(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| listed == "*" || listed.eq_ignore_ascii_case(origin))
    }
}

/// The name without the port; IPv6 addresses without their brackets.
pub(super) fn host_name(host: &str) -> &str {
    if let Some(address) = host.strip_prefix('[') {
        return address.split(']').next().unwrap_or_default();
    }
    host.split(':').next().unwrap_or_default()
}

/// Whether a host (with or without port) can only be this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host_name(host);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(config: &Config, origin: &str, host: &str) -> bool {
        Origins::new(config).allow(Some(origin), Some(host))
    }

    #[test]
    fn pages_of_the_same_host_may_connect_and_others_may_not() {
        let config = Config { hosts: vec!["chat.example".to_owned()], ..Config::default() };
        assert!(Origins::new(&config).allow(None, None));
        assert!(allow(&config, "https://chat.example", "chat.example"));
        assert!(allow(&config, "https://chat.example", "other.example"));
        assert!(allow(&config, "http://10.0.0.7:5002", "10.0.0.7:5002"));
        assert!(Origins::new(&config).allow(Some("https://chat.example"), None));
        for origin in [
            "https://evil.example",
            "https://chat.example.evil.example",
            "https://evil.example/chat.example",
            "http://localhost:5002",
            "null",
            "",
            "chat.example",
        ] {
            assert!(!allow(&config, origin, "chat.example"), "{origin}");
            assert!(!Origins::new(&config).allow(Some(origin), None), "{origin}");
        }
    }

    #[test]
    fn listed_origins_may_connect() {
        let listed = vec!["https://app.example".to_owned()];
        let config = Config { origins: listed, ..Config::default() };
        assert!(allow(&config, "https://app.example", "chat.example"));
        assert!(!allow(&config, "http://app.example", "chat.example"));
        let config = Config { origins: vec!["*".to_owned()], ..Config::default() };
        assert!(allow(&config, "https://anyone.example", "chat.example"));
    }

    #[test]
    fn in_development_every_name_of_this_machine_counts() {
        let config = Config { dev: true, ..Config::default() };
        for origin in ["http://localhost:5173", "http://127.0.0.1:5002", "http://[::1]:5002"] {
            assert!(allow(&config, origin, "localhost:5002"), "{origin}");
        }
        assert!(!allow(&config, "https://evil.example", "localhost:5002"));
        assert!(!allow(&config, "http://localhost.evil.example", "localhost:5002"));
    }
}
