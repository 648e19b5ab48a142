//! The sockets: HTTP and WebSocket on TCP, WebTransport and QUIC on UDP; metrics on TCP addresses of their
//! own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use caffis_schema::limits::FRAME_BYTES;
use caffis_transport::{
    admit::{Admit, Permit},
    http3::Http3,
    lobby::Lobby,
    proxy::Proxies,
    quic::{OriginCheck, QuicServer, ServerOptions},
    tcp::{self, TcpServer},
};
use futures_util::future::join_all;
use rustls::ServerConfig;
use tokio::{sync::watch, task::JoinHandle};

use super::{crowd, keys};
use crate::{
    arrivals,
    config::{Config, DEFAULT_PORT},
    http::{self, App, WEBTRANSPORT_PATH},
};

/// Connections to the metrics at the same time; beyond it the oldest one makes way.
const SCRAPES: usize = 16;

/// The sockets and the tasks behind them.
pub(super) struct Listeners {
    tcp_servers: Vec<TcpServer>,
    metrics: Option<TcpServer>,
    tcp_addresses: Vec<SocketAddr>,
    udp_addresses: Vec<SocketAddr>,
    quic: Arc<QuicServer>,
    tasks: Vec<JoinHandle<()>>,
}

impl Listeners {
    /// Listens as the configuration says.
    pub(super) fn open(app: &Arc<App>) -> anyhow::Result<Self> {
        // Subscribed before the certificate is read, so that no change in between is missed.
        let certificates = app.certificates.udp();
        let metrics = open_metrics(app)?;
        let (tcp_servers, tcp_addresses) = open_tcp(app)?;
        let quic = Arc::new(open_quic(app, &tcp_addresses)?);
        let udp_addresses = quic.addresses().to_vec();
        if let Some(address) = udp_addresses.first() {
            // It is set once, here.
            let _ = app.udp_port.set(address.port());
        }
        let tasks = vec![
            tokio::spawn(accept(quic.clone(), app.clone())),
            tokio::spawn(follow_certificates(quic.clone(), certificates)),
        ];
        Ok(Self { tcp_servers, metrics, tcp_addresses, udp_addresses, quic, tasks })
    }

    /// Where TCP listens.
    pub(super) fn tcp(&self) -> &[SocketAddr] {
        &self.tcp_addresses
    }

    /// Where UDP listens.
    pub(super) fn udp(&self) -> &[SocketAddr] {
        &self.udp_addresses
    }

    /// Where metrics are served.
    pub(super) fn metrics(&self) -> &[SocketAddr] {
        self.metrics.as_ref().map_or(&[], TcpServer::addresses)
    }

    /// Takes no more QUIC connections. HTTP goes on: it says that the server is draining.
    pub(super) fn stop_accepting(&self) {
        self.quic.stop_accepting();
    }

    /// Ends all that is left within this time.
    pub(super) async fn shutdown(self, within: Duration) {
        self.tasks.iter().for_each(JoinHandle::abort);
        let tcp = self.tcp_servers.into_iter().chain(self.metrics);
        let tcp = join_all(tcp.map(|server| server.shutdown(within)));
        tokio::join!(tcp, self.quic.shutdown(within));
    }
}

/// Opens the listener for metrics, which takes no places of clients.
fn open_metrics(app: &Arc<App>) -> anyhow::Result<Option<TcpServer>> {
    let addresses = app.config.metrics_listen.clone();
    if addresses.is_empty() {
        return Ok(None);
    }
    let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let mut options = tcp::Options::new(addresses);
    options.lobby = Lobby::new(SCRAPES, SCRAPES);
    let server = tcp::serve(options, http::metrics::router(app));
    server.map(Some).with_context(|| format!("cannot serve metrics on {}", all.join(", ")))
}

fn open_tcp(app: &Arc<App>) -> anyhow::Result<(Vec<TcpServer>, Vec<SocketAddr>)> {
    let config = &app.config;
    let is_default = config.listen.is_empty();
    let wanted =
        if is_default { Config::default_listen(config.dev) } else { config.listen.clone() };
    let admit = crowd::admit(
        config.core.connections_per_address,
        config.trusted_proxies.clone(),
        app.meters.clone(),
    );
    let (mut servers, mut addresses) = (Vec::new(), Vec::<SocketAddr>::new());
    for address in wanted {
        match listen_on(address, app, &admit) {
            Ok(server) => {
                addresses.extend_from_slice(server.addresses());
                servers.push(server);
            }
            Err(error) if is_default && is_without_ipv6(&error) && address.is_ipv6() => {
                tracing::warn!(%address, "this machine has no IPv6");
                if !config.dev {
                    let all = SocketAddr::from((Ipv4Addr::UNSPECIFIED, DEFAULT_PORT));
                    let server =
                        listen_on(all, app, &admit).with_context(|| cannot_listen("TCP", all))?;
                    addresses.extend_from_slice(server.addresses());
                    servers.push(server);
                }
            }
            Err(error) => return Err(error).with_context(|| cannot_listen("TCP", address)),
        }
    }
    Ok((servers, addresses))
}

fn listen_on(address: SocketAddr, app: &Arc<App>, admit: &Admit) -> io::Result<TcpServer> {
    let mut options = tcp::Options::new(vec![address]);
    options.handshake_timeout = app.config.handshake_timeout;
    options.header_timeout = app.config.handshake_timeout;
    options.stall_timeout = app.config.stall_timeout;
    options.lobby = app.lobby.clone();
    options.admit = admit.clone();
    if app.config.proxy_protocol {
        let trusted = app.config.trusted_proxies.clone();
        options.proxies =
            Proxies::new(move |peer| trusted.iter().any(|network| network.contains(peer)));
    }
    options.tls = app.config.serves_tls().then(|| app.certificates.tcp());
    tcp::serve(options, http::router(app.clone()))
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

fn cannot_listen(protocol: &str, address: SocketAddr) -> String {
    format!("cannot listen on {protocol} {address}")
}

fn open_quic(app: &Arc<App>, tcp: &[SocketAddr]) -> anyhow::Result<QuicServer> {
    let config = &app.config;
    let same_as_tcp = config.listen_quic.is_empty();
    let addresses = if same_as_tcp { tcp.to_vec() } else { config.listen_quic.clone() };
    let keys = keys::load_or_create(&config.data).context("the QUIC keys cannot be written")?;
    let options = |addresses| {
        let mut options = ServerOptions::new(addresses, app.certificates.udp().borrow().clone());
        options.keys = keys.clone();
        options.path = WEBTRANSPORT_PATH.to_owned();
        options.max_frame = FRAME_BYTES;
        options.idle_timeout = config.core.idle_timeout;
        options.handshake_timeout = config.handshake_timeout;
        options.lobby = app.lobby.clone();
        options.prove_above = options.prove_above.min(config.max_waiting as usize / 2);
        options.origin = origin_check(app);
        options.admit = admit(app);
        options.http3 = http3(app);
        options
    };
    match QuicServer::bind(options(addresses.clone())) {
        Ok(server) => Ok(server),
        // The system chose a port that is free on TCP only; clients ask for the port of UDP.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && same_as_tcp && chosen(config) => {
            let address = addresses.first().map(|address| SocketAddr::new(address.ip(), 0));
            QuicServer::bind(options(address.into_iter().collect())).context("no free UDP port")
        }
        Err(error) => {
            let all: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            Err(error).with_context(|| format!("cannot listen on UDP {}", all.join(", ")))
        }
    }
}

/// Whether the system chose the port.
fn chosen(config: &Config) -> bool {
    config.listen.first().is_some_and(|address| address.port() == 0)
}

fn origin_check(app: &Arc<App>) -> OriginCheck {
    let origins = app.origins.clone();
    OriginCheck::new(move |origin| {
        let allowed = origins.allow(origin, None);
        if !allowed {
            tracing::info!(origin, "a page of this origin may not connect");
        }
        allowed
    })
}

/// The router for the hosts that HTTP/3 is served to.
fn http3(app: &Arc<App>) -> Option<Http3> {
    let config = &app.config;
    let hosts = config.http3_hosts.clone();
    (!hosts.is_empty()).then(|| Http3 {
        header_timeout: config.handshake_timeout,
        stall_timeout: config.stall_timeout,
        ..Http3::new(hosts, http::router(app.clone()))
    })
}

fn admit(app: &Arc<App>) -> Admit {
    let app = app.clone();
    Admit::new(move |address| match app.admit(address) {
        Ok(admission) => Some(Box::new(admission) as Permit),
        Err(error) => {
            tracing::debug!(%address, %error, "a connection was refused");
            None
        }
    })
}

/// Serves every link of the endpoint in a task of its own; the lobby bounds how many there are.
async fn accept(quic: Arc<QuicServer>, app: Arc<App>) {
    while let Some(arrival) = quic.accept().await {
        let app = app.clone();
        let address = arrival.link.info().peer.map(|peer| peer.ip());
        tokio::spawn(
            async move { arrivals::serve(&app.core, &app.meters, arrival, address).await },
        );
    }
}

async fn follow_certificates(
    quic: Arc<QuicServer>,
    mut certificates: watch::Receiver<Arc<ServerConfig>>,
) {
    while certificates.changed().await.is_ok() {
        let latest = certificates.borrow_and_update().clone();
        if let Err(error) = quic.set_tls(latest) {
            tracing::error!(%error, "the UDP port keeps its certificate");
        }
    }
}
