//! Sockets, certificates, names.

use crate::config::{
    field::{Field, Number},
    setting::{Group, Setting, setting},
    valid::{is_directory, is_domain, is_host, is_mail, is_origin},
};

const GROUP: Group = Group::Network;

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "listen",
        GROUP,
        "Where to listen on TCP (HTTP, WebSocket); empty: [::]:5002 or, with dev, 127.0.0.1:5002,[::1]:5002",
        Field::Addresses(|c| &mut c.listen),
    ),
    setting(
        "listen_quic",
        GROUP,
        "Where to listen on UDP (WebTransport, QUIC); empty: the addresses and ports of TCP",
        Field::Addresses(|c| &mut c.listen_quic),
    ),
    setting(
        "metrics_listen",
        GROUP,
        "Where to serve /metrics to Prometheus, by plain HTTP to whoever asks: use private addresses; empty: nowhere",
        Field::Addresses(|c| &mut c.metrics_listen),
    ),
    setting(
        "tls_certificate",
        GROUP,
        "Certificate chain (PEM), read again when it changes and on SIGHUP; empty: a short-lived self-signed certificate on UDP, no TLS on TCP",
        Field::File(|c| &mut c.tls_certificate),
    ),
    setting(
        "tls_key",
        GROUP,
        "Private key of the certificate (PEM)",
        Field::File(|c| &mut c.tls_key),
    ),
    setting(
        "acme_domains",
        GROUP,
        "Names of a certificate to obtain by ACME, instead of tls_certificate; port 443 of all of them must lead to TCP",
        Field::Words(
            |c| &mut c.acme.domains,
            is_domain,
            "domain names, no IP addresses and no wildcards",
        ),
    ),
    setting(
        "acme_agree_tos",
        GROUP,
        "Whether you agree to the terms of service of the ACME certificate authority",
        Field::Switch(|c| &mut c.acme.agree_tos),
    ),
    setting(
        "acme_contact",
        GROUP,
        "Email address for the ACME certificate authority; empty: none",
        Field::Maybe(|c| &mut c.acme.contact, is_mail, "a mail address"),
    ),
    setting(
        "acme_directory",
        GROUP,
        "Directory of the ACME certificate authority",
        Field::Text(|c| &mut c.acme.directory, is_directory, "an https:// address"),
    ),
    setting(
        "acme_ca",
        GROUP,
        "Root certificates (PEM) for the directory's own TLS certificate; empty: the machine's",
        Field::File(|c| &mut c.acme.ca),
    ),
    setting(
        "hosts",
        GROUP,
        "Names or addresses by which clients reach the server, by default acme_domains if set; the certificate must be valid for all of them",
        Field::Words(|c| &mut c.hosts, is_host, "host names or IP addresses"),
    ),
    setting(
        "http3_hosts",
        GROUP,
        "Names among hosts for which UDP serves HTTP/3 (the REST API) and no WebTransport; empty: none",
        Field::Words(|c| &mut c.http3_hosts, is_domain, "host names, no IP addresses"),
    ),
    setting(
        "origins",
        GROUP,
        "Origins of web pages that may connect; empty: only pages of this server and of its hosts",
        Field::Words(|c| &mut c.origins, is_origin, "origins such as https://example.org, or *"),
    ),
    setting(
        "trusted_proxies",
        GROUP,
        "Networks of reverse proxies whose X-Forwarded-For is trusted; empty: none",
        Field::Networks(|c| &mut c.trusted_proxies),
    ),
    setting(
        "proxy_protocol",
        GROUP,
        "Whether trusted_proxies begin each TCP connection with a PROXY protocol header (v1 or v2)",
        Field::Switch(|c| &mut c.proxy_protocol),
    ),
    setting(
        "max_connections",
        GROUP,
        "Connections at the same time, over all transports",
        Field::Count(|c| Number::U32(&mut c.max_connections), 1, 1_000_000),
    ),
    setting(
        "max_waiting",
        GROUP,
        "Of these, connections that have not said hello yet; beyond it the oldest of them is dropped",
        Field::Count(|c| Number::U32(&mut c.max_waiting), 1, 1_000_000),
    ),
];
