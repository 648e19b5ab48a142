//! Settings of the listener.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::ServerConfig;
use tokio::sync::watch;

use crate::{admit::Admit, lobby::Lobby, proxy::Proxies};

/// Settings of the listener.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; `[::]` serves IPv4 too.
    pub addresses: Vec<SocketAddr>,
    /// TLS, with the configuration of each moment. Default none.
    pub tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    /// How long each step before HTTP may take: a proxy's header, then the TLS handshake. Default
    /// 10 s.
    pub handshake_timeout: Duration,
    /// How long the first request may take until its head is whole, and on HTTP/1.1 each further
    /// one, the pause before it included. Default 10 s.
    pub header_timeout: Duration,
    /// How long a connection that has not become a link may go without a byte in either direction: a
    /// peer that does not read its answer, or HTTP/2 without requests. Noticed within twice this time.
    /// Must be longer than any handler takes to answer. Default 30 s.
    pub stall_timeout: Duration,
    /// Where connections take their places, upgraded ones included. Default 16,000, below the usual
    /// limit of open files, 10,000 of them waiting for hello.
    pub lobby: Lobby,
    /// Asked per address before any handshake.
    pub admit: Admit,
    /// Peers that send a PROXY header before TLS. Default none.
    pub proxies: Proxies,
}

impl Options {
    /// The defaults, listening on these addresses.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self {
            addresses,
            tls: None,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(30),
            lobby: Lobby::default(),
            admit: Admit::default(),
            proxies: Proxies::default(),
        }
    }
}
