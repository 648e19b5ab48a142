//! What the handlers share.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use caffis_certs::Certificates;
use caffis_core::{Admission, Core, cluster::Cluster, ports::clock::SharedClock};
use caffis_schema::{Error, ErrorCode};
use caffis_transport::{lobby::Lobby, sse::Streams};
use tokio::sync::SetOnce;

use super::{origin::Origins, rates::Rates, requests::Requests, sources::Sources};
use crate::{
    config::Config,
    meters::{Admitted, Meters},
    service_keys::ServiceKeys,
    storage::Storage,
};

/// Where WebSockets are taken.
pub const SOCKET_PATH: &str = "/api/chat/ws";

/// Where streams of events are opened, and what clients send on them is taken.
pub const EVENTS_PATH: &str = "/api/chat/events";

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
    /// What is counted beside core.
    pub meters: Arc<Meters>,
    /// The places for connections.
    pub lobby: Lobby,
    /// The streams of events.
    pub streams: Streams,
    /// This process as one of several.
    pub cluster: Option<Cluster>,
    /// The current certificate.
    pub certificates: Certificates,
    /// The wall clock.
    pub clock: SharedClock,
    /// Who may send webhooks.
    pub hooks: Sources,
    /// The keys of services.
    pub keys: Arc<ServiceKeys>,
    /// What is counted of the REST API.
    pub requests: Requests,
    /// How often the REST API is used, and by whom.
    pub rates: Rates,
    /// Which pages may connect.
    pub origins: Origins,
    /// The UDP port, once it is bound.
    pub udp_port: SetOnce<u16>,
    /// Whether the server is going down.
    pub draining: AtomicBool,
}

impl App {
    /// Lets a connection in, if its address is within the limits, and counts it.
    ///
    /// # Errors
    /// As [`Core::admit`].
    pub fn admit(&self, address: IpAddr) -> Result<Admission, Error> {
        let admission = self.core.admit(address);
        self.meters.admitted(match &admission {
            Ok(_) => Admitted::Yes,
            Err(error) if error.code == ErrorCode::RateLimited => Admitted::RateLimited,
            Err(_) => Admitted::LimitReached,
        });
        admission
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
