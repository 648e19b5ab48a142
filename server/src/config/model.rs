//! The settings as the server uses them, with their defaults.

use std::{
    fmt, fs,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use caffis_relay::{Limits, Map};

use super::network::Network;

/// The secret of development tokens: everybody knows it.
pub const DEVELOPMENT_SECRET: &str = "caffis-chat development secret: everybody knows it";

/// The port on which the server listens unless told otherwise, on TCP and UDP.
pub const DEFAULT_PORT: u16 = 5002;

/// Where the system says what the machine is called.
const MACHINE_NAME: &str = "/proc/sys/kernel/hostname";

/// All settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Development: demo users, a built-in secret, loopback only.
    pub dev: bool,
    /// The folder of the store and the control socket.
    pub data: PathBuf,
    /// Where to listen on TCP; empty means the default of the mode.
    pub listen: Vec<SocketAddr>,
    /// Where to listen on UDP; empty means as on TCP.
    pub listen_quic: Vec<SocketAddr>,
    /// Where to serve metrics; empty means nowhere.
    pub metrics_listen: Vec<SocketAddr>,
    /// The certificate chain, PEM.
    pub tls_certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// A certificate authority to ask instead.
    pub acme: AcmeSettings,
    /// The names by which clients reach the server.
    pub hosts: Vec<String>,
    /// Those of them to which the UDP port serves HTTP/3 instead of WebTransport.
    pub http3_hosts: Vec<String>,
    /// The origins of pages that may connect, besides the server's own.
    pub origins: Vec<String>,
    /// Where proxies stand whose word about the client's address counts.
    pub trusted_proxies: Vec<Network>,
    /// Whether those begin each TCP connection with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Connections at once, all transports together.
    pub max_connections: u32,
    /// Of these, those that have not said hello yet.
    pub max_waiting: u32,
    /// How long each step of a new connection may take until it is a link.
    pub handshake_timeout: Duration,
    /// How long an HTTP connection may go without a byte in either direction.
    pub stall_timeout: Duration,
    /// What tokens must look like.
    pub tokens: TokenSettings,
    /// Who may send webhooks, and who is sent some.
    pub hooks: HookSettings,
    /// Requests that a service may make over REST on this node, per second.
    pub service_requests_per_second: u32,
    /// How logs are written.
    pub log_format: LogFormat,
    /// The filter of the logs.
    pub log_filter: String,
    /// Where traces are sent by OTLP; none: nowhere.
    pub traces_collector: Option<String>,
    /// One of so many commands is traced.
    pub traces_one_in: u32,
    /// When clients should come back after a drain.
    pub drain_delay: Duration,
    /// How long a drain may take.
    pub drain_within: Duration,
    /// How long handing over rooms to other nodes may take before it.
    pub handover_within: Duration,
    /// Free disk space below which writes are refused.
    pub store_reserve: u64,
    /// Memory for blocks read from disk.
    pub store_cache: u64,
    /// Where the store is that several nodes share; none: in the data folder.
    pub store: StoreSettings,
    /// How this node is one of several.
    pub cluster: ClusterSettings,
    /// How users are mirrored from PostgreSQL.
    pub relay: RelaySettings,
    /// The settings of core.
    pub core: caffis_core::settings::Settings,
}

/// Where a shared store is, and how to get in.
#[derive(Clone, Debug, Default)]
pub struct StoreSettings {
    /// Its address, which may hold a user and a password.
    pub address: Option<Secret>,
    /// The user, instead of the address's.
    pub user: Option<String>,
    /// The password, instead of the address's.
    pub password: Option<Secret>,
    /// How connections to it are encrypted.
    pub tls: StoreTls,
    /// The data centre of this node.
    pub data_centre: Option<String>,
    /// The copies of each row in a new keyspace: a number, or a number for each data centre.
    pub replication: Vec<String>,
    /// What the servers may lose of what they acknowledged, by [`caffis_scylla::Loss::name`].
    pub accept_loss: Vec<String>,
}

/// How connections to a shared store are encrypted.
#[derive(Clone, Debug, Default)]
pub struct StoreTls {
    /// Whether they are.
    pub on: bool,
    /// Whom to trust; none: the roots of the machine.
    pub ca: Option<PathBuf>,
    /// The name in every server's certificate; none: each holds its server's address.
    pub name: Option<String>,
    /// This node's certificate for servers that ask for one.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
}

/// How a node is one of several.
#[derive(Clone, Debug, Default)]
pub struct ClusterSettings {
    /// The address of the bus, which may hold a user and a password.
    pub bus: Option<Secret>,
    /// The password of the bus, instead of the address's.
    pub bus_password: Option<Secret>,
    /// The roots (PEM) for the certificate of the bus; none: the machine's.
    pub bus_ca: Option<PathBuf>,
    /// What people call this node; none: the machine's name.
    pub node_name: Option<String>,
    /// The times of leases.
    pub lease: caffis_core::cluster::LeaseSettings,
}

/// How users are mirrored from PostgreSQL.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// Where PostgreSQL is; may hold a password.
    pub database: Option<Secret>,
    /// The password, instead of the address's.
    pub database_password: Option<Secret>,
    /// Roots (PEM) for the certificate of PostgreSQL.
    pub database_ca: Option<PathBuf>,
    /// The schema of the outbox.
    pub schema: String,
    /// The role of relays.
    pub role: String,
    /// Its password.
    pub role_password: Option<Secret>,
    /// Where events go.
    pub endpoint: Option<String>,
    /// Roots (PEM) for the receiver's certificate.
    pub endpoint_ca: Option<PathBuf>,
    /// What signs events: all of them sign each.
    pub secrets: Vec<Secret>,
    /// What is mirrored.
    pub columns: Map,
    /// How fast, and how patient.
    pub limits: Limits,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            database: None,
            database_password: None,
            database_ca: None,
            schema: "caffis_relay".to_owned(),
            role: "caffis_relay".to_owned(),
            role_password: None,
            endpoint: None,
            endpoint_ca: None,
            secrets: Vec::new(),
            columns: Map {
                table: "users".to_owned(),
                key: "id".to_owned(),
                name: Some("name".to_owned()),
                picture: None,
                locale: None,
                time_zone: None,
                roles: None,
                quiet_start: None,
                quiet_end: None,
            },
            limits: Limits::default(),
        }
    }
}

/// Which certificate authority is asked for what; nothing is asked without domains.
#[derive(Clone, Debug)]
pub struct AcmeSettings {
    /// The names of the certificate.
    pub domains: Vec<String>,
    /// Whether the operator agrees to the authority's terms of service.
    pub agree_tos: bool,
    /// The mail address of the account.
    pub contact: Option<String>,
    /// The address of the authority's directory.
    pub directory: String,
    /// The root of the directory's own certificate, PEM.
    pub ca: Option<PathBuf>,
}

/// What tokens must look like and which keys check them.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// The shared secret of HS256.
    pub secret: Option<Secret>,
    /// The file or address of a key set, for RS256, ES256 and EdDSA.
    pub jwks: Option<String>,
    /// Issuers that are believed; empty: any.
    pub issuers: Vec<String>,
    /// Audiences that are ours; empty: tokens must name none.
    pub audiences: Vec<String>,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// The least time between two fetches of the key set.
    pub jwks_interval: Duration,
    /// The age at which a key set is fetched again.
    pub jwks_age: Duration,
}

/// Who may send webhooks, as lists: see `config/hooks.rs`.
#[derive(Clone, Debug, Default)]
pub struct HookSettings {
    /// Secrets of sources.
    pub secrets: Vec<Secret>,
    /// The kinds that they may send.
    pub kinds: Vec<String>,
    /// Their rates.
    pub rates: Vec<String>,
    /// Whom the chat tells what happens.
    pub out: HookOutSettings,
}

/// Whom the chat tells what happens, as lists: see `config/endpoints.rs`.
#[derive(Clone, Debug)]
pub struct HookOutSettings {
    /// The addresses of endpoints.
    pub urls: Vec<String>,
    /// Their secrets.
    pub secrets: Vec<Secret>,
    /// The kinds that they are told.
    pub kinds: Vec<String>,
    /// The types of contexts of whose rooms they are told.
    pub contexts: Vec<String>,
    /// Networks in which endpoints may be although they are not on the internet.
    pub networks: Vec<Network>,
    /// A further authority for their certificates.
    pub ca: Option<PathBuf>,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// Attempts at one endpoint at the same time.
    pub in_flight: u32,
    /// The most bytes of a preview.
    pub preview: u32,
}

impl Default for HookOutSettings {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            secrets: Vec::new(),
            kinds: Vec::new(),
            contexts: Vec::new(),
            networks: Vec::new(),
            ca: None,
            timeout: Duration::from_secs(15),
            in_flight: 16,
            preview: caffis_schema::limits::PREVIEW_BYTES as u32,
        }
    }
}

/// A text that no log and no error shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            dev: false,
            data: PathBuf::from("caffis-data"),
            listen: Vec::new(),
            listen_quic: Vec::new(),
            metrics_listen: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            acme: AcmeSettings {
                domains: Vec::new(),
                agree_tos: false,
                contact: None,
                directory: caffis_certs::acme::LETS_ENCRYPT.to_owned(),
                ca: None,
            },
            hosts: vec!["localhost".to_owned()],
            http3_hosts: Vec::new(),
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            max_connections: 16_000,
            max_waiting: 10_000,
            handshake_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            tokens: TokenSettings {
                secret: None,
                jwks: None,
                issuers: Vec::new(),
                audiences: Vec::new(),
                leeway: Duration::from_secs(30),
                jwks_interval: Duration::from_secs(30),
                jwks_age: Duration::from_secs(3_600),
            },
            hooks: HookSettings::default(),
            service_requests_per_second: 1_000,
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
            traces_collector: None,
            traces_one_in: 100,
            drain_delay: Duration::from_secs(1),
            drain_within: Duration::from_secs(10),
            handover_within: Duration::from_secs(10),
            store_reserve: 64 * 1024 * 1024,
            store_cache: 64 * 1024 * 1024,
            store: StoreSettings { replication: vec!["3".to_owned()], ..StoreSettings::default() },
            cluster: ClusterSettings::default(),
            relay: RelaySettings::default(),
            core: caffis_core::settings::Settings::default(),
        }
    }
}

impl Config {
    /// Where to listen on TCP by default: loopback in development, all addresses otherwise.
    #[must_use]
    pub fn default_listen(dev: bool) -> Vec<SocketAddr> {
        if dev {
            vec![
                (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(),
                (Ipv6Addr::LOCALHOST, DEFAULT_PORT).into(),
            ]
        } else {
            vec![(Ipv6Addr::UNSPECIFIED, DEFAULT_PORT).into()]
        }
    }

    /// Whether TCP speaks TLS.
    #[must_use]
    pub fn serves_tls(&self) -> bool {
        self.tls_certificate.is_some() || !self.acme.domains.is_empty()
    }

    /// The folder of the embedded store.
    #[must_use]
    pub fn store_folder(&self) -> PathBuf {
        self.data.join("store")
    }

    /// What people call this node.
    #[must_use]
    pub fn node_name(&self) -> String {
        match &self.cluster.node_name {
            Some(name) => name.clone(),
            None => fs::read_to_string(MACHINE_NAME).unwrap_or_default().trim().to_owned(),
        }
    }

    /// The secret of HS256: the one that was set or, in development, the built-in one.
    #[must_use]
    pub fn token_secret(&self) -> Option<&str> {
        match &self.tokens.secret {
            Some(secret) => Some(&secret.0),
            None if self.dev => Some(DEVELOPMENT_SECRET),
            None => None,
        }
    }
}
