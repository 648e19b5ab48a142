//! What the handlers share.

use std::sync::atomic::{AtomicBool, Ordering};

use caffis_certs::Certificates;
use caffis_core::{Core, cluster::Cluster, ports::clock::SharedClock};
use tokio::sync::SetOnce;

use super::origin::Origins;
use crate::{config::Config, storage::Storage};

/// Where WebSockets are taken.
pub const SOCKET_PATH: &str = "/api/chat/ws";

/// Where WebTransport sessions are taken, on the UDP port.
pub const WEBTRANSPORT_PATH: &str = "/api/chat/wt";

/// What the handlers share.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The chat.
    pub core: Core,
    /// The store, for its health.
    pub store: Storage,
    /// This process as one of several.
    pub cluster: Option<Cluster>,
    /// The current certificate.
    pub certificates: Certificates,
    /// The wall clock.
    pub clock: SharedClock,
    /// Which pages may connect.
    pub origins: Origins,
    /// The UDP port, once it is bound.
    pub udp_port: SetOnce<u16>,
    /// Whether the server is going down.
    pub draining: AtomicBool,
}

impl App {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
