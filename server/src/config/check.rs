//! Rules for settings that depend on each other.

use std::net::SocketAddr;

use super::{
    error::ConfigError,
    model::{Config, DEVELOPMENT_SECRET},
    relay,
    shared::Copies,
};

/// Refuses settings that are valid alone but not together.
pub(super) fn together(config: &Config) -> Result<(), ConfigError> {
    let conflict = |sentence: &str| Err(ConfigError::Conflict(sentence.to_owned()));
    if config.tls_certificate.is_some() != config.tls_key.is_some() {
        return conflict("tls_certificate and tls_key belong together: set both or none");
    }
    acme(config)?;
    cluster(config)?;
    relay::check(config)?;
    config.hooks.sources()?;
    config.hooks.endpoints()?;
    one_port("listen", &config.listen)?;
    one_port("listen_quic", &config.listen_quic)?;
    one_port("metrics_listen", &config.metrics_listen)?;
    if config.hosts.is_empty() {
        return conflict("hosts is empty: name at least one host");
    }
    http3(config)?;
    if config.proxy_protocol && config.trusted_proxies.is_empty() {
        return conflict("proxy_protocol is on and trusted_proxies is empty: name the proxies");
    }
    if config.core.active_ping > config.core.idle_ping {
        return conflict("active_ping is longer than idle_ping");
    }
    if config.core.idle_ping >= config.core.idle_timeout {
        return conflict(
            "idle_ping must be shorter than idle_timeout, or idle clients are disconnected",
        );
    }
    if config.core.ring_entries as u64 > config.core.resume_entries {
        return conflict("ring_entries is more than resume_entries: the rest would never be used");
    }
    if config.dev {
        let links = config.listen.iter().chain(&config.listen_quic);
        let mut addresses = links.chain(&config.metrics_listen);
        if let Some(address) = addresses.find(|address| !address.ip().is_loopback()) {
            return Err(ConfigError::Conflict(format!(
                "with dev the server gives tokens to everybody, so it listens on loopback only, not on \
                 {address}"
            )));
        }
    }
    Ok(())
}

/// Refuses several addresses if the system chooses the port of one: each would get a different port,
/// and clients are told only one.
fn one_port(key: &str, addresses: &[SocketAddr]) -> Result<(), ConfigError> {
    match addresses.iter().find(|address| address.port() == 0) {
        Some(chosen) if addresses.len() > 1 => Err(ConfigError::Conflict(format!(
            "{key} has `{chosen}` among {} addresses: allowed are several addresses with their \
             ports, or one whose port (0) the system chooses",
            addresses.len()
        ))),
        _ => Ok(()),
    }
}

/// Refuses HTTP/3 for a host that the certificate is not for, and for all hosts: none would be left for
/// WebTransport.
fn http3(config: &Config) -> Result<(), ConfigError> {
    let is_among =
        |hosts: &[String], host: &String| hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
    if let Some(host) = config.http3_hosts.iter().find(|host| !is_among(&config.hosts, host)) {
        return Err(ConfigError::Conflict(format!(
            "http3_hosts has `{host}`, which hosts does not have: allowed are those of hosts ({})",
            config.hosts.join(", ")
        )));
    }
    if !config.http3_hosts.is_empty()
        && config.hosts.iter().all(|host| is_among(&config.http3_hosts, host))
    {
        return Err(ConfigError::Conflict(format!(
            "http3_hosts has all of hosts ({}): leave one for WebTransport",
            config.hosts.join(", ")
        )));
    }
    Ok(())
}

/// Refuses settings that conflict with ACME, or that have no meaning without it.
fn acme(config: &Config) -> Result<(), ConfigError> {
    let refuse = |sentence: String| Err(ConfigError::Conflict(sentence));
    let Some(first) = config.acme.domains.first() else {
        return match &config.acme.contact {
            Some(contact) => refuse(format!(
                "acme_contact is `{contact}` without acme_domains: name the domains, or leave both out"
            )),
            None => Ok(()),
        };
    };
    if let Some(path) = &config.tls_certificate {
        return refuse(format!(
            "acme_domains has `{first}` and tls_certificate is `{}`: allowed is one of them",
            path.display()
        ));
    }
    if config.dev {
        return refuse(format!(
            "acme_domains has `{first}` and dev is on: a development server listens on loopback \
             only, where no certificate authority reaches it; allowed is one of them"
        ));
    }
    if !config.acme.agree_tos {
        return refuse(format!(
            "acme_domains has `{first}` and acme_agree_tos is `false`: read the terms of service of \
             the certificate authority ({}); allowed is `true`",
            config.acme.directory
        ));
    }
    let is_covered =
        |host: &&String| config.acme.domains.iter().any(|d| d.eq_ignore_ascii_case(host));
    match config.hosts.iter().find(|host| !is_covered(host)) {
        Some(host) => refuse(format!(
            "hosts has `{host}`, for which the certificate would not be valid: allowed are those of \
             acme_domains ({})",
            config.acme.domains.join(", ")
        )),
        None => Ok(()),
    }
}

/// Refuses a bus without a shared store, a shared store without a bus, and leases that cannot work.
fn cluster(config: &Config) -> Result<(), ConfigError> {
    let conflict = |sentence: &str| Err(ConfigError::Conflict(sentence.to_owned()));
    match (&config.store.address, &config.cluster.bus) {
        (None, Some(_)) => {
            return conflict(
                "bus is set and store is not: only one process can use the store in the data folder; \
                 set store to scylla://…, which several nodes can share, or leave bus out",
            );
        }
        (Some(_), None) => {
            return conflict(
                "store is set and bus is not: nodes that share a store talk to each other through \
                 Redis; set bus to redis://…, also for the first of them, or leave store out",
            );
        }
        _ => {}
    }
    if config.store.address.is_some() && Copies::parse(&config.store.replication).is_none() {
        return conflict(
            "store_replication must be one number, or a number for each data centre such as milan:3",
        );
    }
    config.cluster.lease.check().map_err(|error| ConfigError::Conflict(error.to_string()))
}

impl Config {
    /// Refuses to serve with settings that are only for development.
    ///
    /// # Errors
    /// The setting that is missing or not allowed.
    pub fn check_serving(&self) -> Result<(), ConfigError> {
        if self.dev {
            return Ok(());
        }
        match &self.tokens.secret {
            Some(secret) if secret.0 == DEVELOPMENT_SECRET => Err(ConfigError::Conflict(
                "token_secret is the built-in development secret, which everybody knows: set your \
                 own, or start with --dev"
                    .to_owned(),
            )),
            None if self.tokens.jwks.is_none() => Err(ConfigError::Conflict(
                "no key to check tokens with: set token_secret or token_jwks, or start with --dev \
                 to try the server out"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        load::{Sources, load},
        model::Secret,
    };
    use super::*;

    fn flags(flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let flags = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        load(&Sources { flags: flags.collect(), ..Sources::default() })
    }

    #[test]
    fn development_is_for_loopback_only() {
        assert!(flags(&[("dev", "true"), ("listen", "127.0.0.1:0")]).is_ok());
        assert!(flags(&[("dev", "false"), ("listen", "0.0.0.0:0")]).is_ok());
        for key in ["listen", "listen_quic"] {
            let message = flags(&[("dev", "true"), (key, "0.0.0.0:0")]).unwrap_err().to_string();
            assert!(message.contains("0.0.0.0:0"), "{message}");
        }
    }

    #[test]
    fn the_system_chooses_the_port_of_one_address_only() {
        for key in ["listen", "listen_quic"] {
            assert!(flags(&[(key, "127.0.0.1:0")]).is_ok());
            assert!(flags(&[(key, "127.0.0.1:5002, [::1]:5002")]).is_ok());
            for several in ["127.0.0.1:0, [::1]:0", "127.0.0.1:5002, [::1]:0"] {
                let message = flags(&[(key, several)]).unwrap_err().to_string();
                assert!(message.contains(key) && message.contains(":0` among 2"), "{message}");
            }
        }
    }

    #[test]
    fn serving_needs_a_key_that_is_not_the_built_in_one() {
        let mut config = Config::default();
        assert!(config.check_serving().is_err());
        config.tokens.secret = Some(Secret(DEVELOPMENT_SECRET.to_owned()));
        assert!(config.check_serving().is_err());
        config.tokens.secret = Some(Secret("another secret of more than 32 bytes".to_owned()));
        assert!(config.check_serving().is_ok());
        config = Config { dev: true, ..Config::default() };
        assert!(config.check_serving().is_ok());
    }

    #[test]
    fn acme_goes_with_nothing_else_and_needs_consent() {
        let domains = ("acme_domains", "chat.example, www.chat.example");
        let agreed = ("acme_agree_tos", "true");
        let config = flags(&[domains, agreed]).unwrap();
        assert_eq!(config.hosts, ["chat.example", "www.chat.example"]);
        assert!(config.serves_tls());
        assert!(flags(&[domains, agreed, ("hosts", "WWW.chat.example")]).is_ok());
        let files = [("tls_certificate", "chain.pem"), ("tls_key", "key.pem")];
        for (more, parts) in [
            (&[agreed, files[0], files[1]][..], ["tls_certificate", "`chain.pem`", "allowed"]),
            (&[agreed, ("dev", "true")], ["dev", "`chat.example`", "allowed"]),
            (&[], ["acme_agree_tos", "`false`", "allowed is `true`"]),
            (
                &[agreed, ("hosts", "other.example")],
                ["hosts", "`other.example`", "www.chat.example"],
            ),
        ] {
            let message = flags(&[&[domains], more].concat()).unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
        let alone = flags(&[("acme_contact", "me@chat.example")]).unwrap_err().to_string();
        assert!(alone.contains("`me@chat.example` without acme_domains"), "{alone}");
    }

    #[test]
    fn http3_is_for_some_of_the_hosts() {
        let hosts = ("hosts", "chat.example, api.example");
        assert!(flags(&[hosts, ("http3_hosts", "API.example")]).is_ok());
        for (http3_hosts, parts) in [
            ("other.example", ["`other.example`", "chat.example, api.example"]),
            ("chat.example, api.example", ["all of hosts", "leave one for WebTransport"]),
        ] {
            let message = flags(&[hosts, ("http3_hosts", http3_hosts)]).unwrap_err().to_string();
            for part in parts {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
        let address = flags(&[("hosts", "::1, localhost"), ("http3_hosts", "::1")]);
        assert!(matches!(address, Err(ConfigError::Value { .. })));
    }

    #[test]
    fn acme_values_are_checked_one_by_one() {
        for (key, value) in [
            ("acme_domains", "*.chat.example"),
            ("acme_domains", "192.0.2.1"),
            ("acme_domains", "https://chat.example"),
            ("acme_contact", "chat.example"),
            ("acme_contact", "me@chat example"),
            ("acme_directory", "http://ca.example/directory"),
            ("acme_directory", ""),
        ] {
            assert!(
                matches!(flags(&[(key, value)]), Err(ConfigError::Value { .. })),
                "{key}={value}"
            );
        }
    }

    #[test]
    fn several_nodes_need_a_store_and_a_bus() {
        let store = ("store", "scylla://one,two/chat");
        let bus = ("bus", "redis://user:hunter2@one/chat");
        assert!(flags(&[store, bus]).is_ok());
        let alone = flags(&[bus]).unwrap_err().to_string();
        assert!(alone.contains("set store to scylla://"), "{alone}");
        let alone = flags(&[store]).unwrap_err().to_string();
        assert!(alone.contains("set bus to redis://"), "{alone}");
        let mixed = [store, bus, ("store_replication", "3,rome:2")];
        assert!(flags(&mixed).unwrap_err().to_string().contains("store_replication"));
        for (key, value) in [
            ("store", "mysql://one/chat"),
            ("bus", "redis://:hunter2@"),
            ("store_replication", "0"),
        ] {
            let error = flags(&[(key, value)]).unwrap_err();
            assert!(matches!(error, ConfigError::Value { .. }), "{key}={value}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        for lease in [("lease_time", "2s"), ("lease_drift", "1ms")] {
            let error = flags(&[lease]).unwrap_err().to_string();
            assert!(error.contains(lease.0), "{error}");
        }
    }

    #[test]
    fn times_and_files_must_go_together() {
        assert!(flags(&[("tls_key", "key.pem")]).is_err());
        assert!(flags(&[("idle_ping", "30s"), ("idle_timeout", "30s")]).is_err());
        assert!(flags(&[("active_ping", "20s")]).is_err());
        assert!(flags(&[("hosts", "")]).is_err());
        assert!(flags(&[("proxy_protocol", "true")]).is_err());
        assert!(flags(&[("proxy_protocol", "true"), ("trusted_proxies", "10.0.0.1")]).is_ok());
    }
}
