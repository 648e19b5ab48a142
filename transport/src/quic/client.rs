//! The client's side of both QUIC transports.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caffis_link::{Link, LinkExt};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, TokioRuntime, crypto::rustls::QuicClientConfig,
};
use tokio::{net::lookup_host, time::timeout};

use super::{
    config::transport,
    link::QuicLink,
    stream::{Connection, ReceiveHalf, SendHalf},
};
use crate::{
    error::ConnectError,
    limits::{ALPN_HTTP3, ALPN_QUIC},
    socket,
    tls::Trust,
};

/// Settings of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// Which certificates are trusted. Default the machine's authorities.
    pub trust: Trust,
    /// The local address to connect from. Default any.
    pub bind: Option<SocketAddr>,
    /// The `origin` header of WebTransport. Default none.
    pub origin: Option<String>,
    /// How long connecting may take. Default 10 s.
    pub timeout: Duration,
    /// How long a silent connection lives. Default 30 s.
    pub idle_timeout: Duration,
    /// How often a silent connection is kept alive. Default 10 s.
    pub keep_alive: Option<Duration>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            max_frame: 256 * 1024,
            trust: Trust::Native,
            bind: None,
            origin: None,
            timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            keep_alive: Some(Duration::from_secs(10)),
        }
    }
}

/// Connects one link over native QUIC to `host:port`.
///
/// # Errors
/// Any [`ConnectError`] but those of WebSocket and WebTransport.
pub async fn connect(
    address: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Link>, ConnectError> {
    Connector::new(options.clone())?.connect(address).await
}

/// One UDP socket from which any number of native QUIC links are made. Clones share it.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Where the next link is made from. Links that are there hold the one of their own.
    endpoint: Arc<Mutex<Endpoint>>,
    config: ClientConfig,
    options: ClientOptions,
}

impl Connector {
    /// Binds a socket. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError::Io`], [`ConnectError::Tls`] and [`ConnectError::NativeRoots`].
    pub fn new(options: ClientOptions) -> Result<Self, ConnectError> {
        let tls = options.trust.client_config(&[ALPN_QUIC])?;
        let crypto = QuicClientConfig::try_from(tls).map_err(io::Error::other)?;
        let mut config = ClientConfig::new(Arc::new(crypto));
        config.transport_config(transport(options.idle_timeout, options.keep_alive));
        let endpoint = Arc::new(Mutex::new(endpoint(options.bind)?));
        Ok(Self { endpoint, config, options })
    }

    /// Connects to `host:port`, where an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// Any [`ConnectError`] but those of WebSocket and WebTransport.
    pub async fn connect(&self, address: &str) -> Result<Box<dyn Link>, ConnectError> {
        let patience = self.options.timeout;
        timeout(patience, self.connect_now(address))
            .await
            .map_err(|_| ConnectError::TimedOut(patience))?
    }

    async fn connect_now(&self, address: &str) -> Result<Box<dyn Link>, ConnectError> {
        let (host, _) =
            address.rsplit_once(':').ok_or_else(|| ConnectError::Address(address.to_owned()))?;
        let host = host.trim_matches(['[', ']']);
        let mut last = ConnectError::NotFound(address.to_owned());
        for peer in lookup_host(address).await? {
            let Some(endpoint) = self.endpoint_for(peer)? else { continue };
            let connecting = endpoint.connect_with(self.config.clone(), peer, host)?;
            match connecting.await {
                Ok(connection) => return self.link(connection).await,
                Err(error) => last = error.into(),
            }
        }
        Err(last)
    }

    async fn link(&self, connection: quinn::Connection) -> Result<Box<dyn Link>, ConnectError> {
        let (send, receive) = connection.open_bi().await?;
        let main = (SendHalf::Quic(send), ReceiveHalf::Quic(receive));
        announced(Connection::Quic(connection), main, self.options.max_frame).await
    }

    /// The endpoint from which a peer can be reached: on a fresh socket, when the present one is of
    /// the other address family. None when the settings bind to an address of the other family.
    fn endpoint_for(&self, peer: SocketAddr) -> io::Result<Option<Endpoint>> {
        let mut present = self.present();
        if reaches(present.local_addr()?, peer) {
            return Ok(Some(present.clone()));
        }
        let any = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        if self.options.bind.is_some_and(|bound| !reaches(bound, peer)) {
            return Ok(None);
        }
        *present = endpoint(self.options.bind.or(Some(any)))?;
        Ok(Some(present.clone()))
    }

    /// Moves to a new local socket, as when a phone changes networks. Links go on; when the new
    /// address is of another family, they go on from the socket that they have.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn rebind(&self, address: Option<SocketAddr>) -> io::Result<()> {
        let mut present = self.present();
        let before = present.local_addr()?;
        let address = match before {
            SocketAddr::V4(_) => address.or(Some((Ipv4Addr::UNSPECIFIED, 0).into())),
            SocketAddr::V6(_) => address,
        };
        if address.is_none_or(|address| address.is_ipv4() == before.is_ipv4()) {
            return present.rebind(bind(address)?);
        }
        *present = endpoint(address)?;
        Ok(())
    }

    /// The address that the next link is made from.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.present().local_addr()
    }

    fn present(&self) -> MutexGuard<'_, Endpoint> {
        self.endpoint.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether packets from this local address come to the peer: `[::]` is of both families.
fn reaches(local: SocketAddr, peer: SocketAddr) -> bool {
    local.is_ipv4() == peer.is_ipv4() || (local.is_ipv6() && local.ip().is_unspecified())
}

fn endpoint(address: Option<SocketAddr>) -> io::Result<Endpoint> {
    Endpoint::new(EndpointConfig::default(), None, bind(address)?, Arc::new(TokioRuntime))
}

/// Connects one link over WebTransport to an `https://` address.
///
/// # Errors
/// Any [`ConnectError`] but those of WebSocket.
pub async fn connect_webtransport(
    url: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Link>, ConnectError> {
    let patience = options.timeout;
    timeout(patience, connect_webtransport_now(url, options))
        .await
        .map_err(|_| ConnectError::TimedOut(patience))?
}

async fn connect_webtransport_now(
    url: &str,
    options: &ClientOptions,
) -> Result<Box<dyn Link>, ConnectError> {
    let refused = |error: &dyn ToString| ConnectError::WebTransport(error.to_string());
    let tls = options.trust.client_config(&[ALPN_HTTP3])?;
    let crypto = QuicClientConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = wtransport::ClientConfig::builder()
        .with_bind_socket(bind(options.bind)?)
        .build_with_quic_config(ClientConfig::new(Arc::new(crypto)));
    config.quic_config_mut().transport_config(transport(options.idle_timeout, options.keep_alive));
    let endpoint = wtransport::Endpoint::client(config)?;
    let mut request = wtransport::endpoint::ConnectOptions::builder(url);
    if let Some(origin) = &options.origin {
        request = request.add_header("origin", origin);
    }
    let session = endpoint.connect(request.build()).await.map_err(|error| refused(&error))?;
    let opening = session.open_bi().await.map_err(|error| refused(&error))?;
    let (send, receive) = opening.await.map_err(|error| refused(&error))?;
    let main = (SendHalf::Web(send), ReceiveHalf::Web(receive));
    announced(Connection::Web(session), main, options.max_frame).await
}

async fn announced(
    connection: Connection,
    main: (SendHalf, ReceiveHalf),
    max_frame: usize,
) -> Result<Box<dyn Link>, ConnectError> {
    let mut link = QuicLink::new(connection, main, max_frame, None);
    link.announce();
    link.flush().await.map_err(|_| io::Error::from(io::ErrorKind::ConnectionReset))?;
    Ok(Box::new(link))
}

/// A socket at the address, or at any: of both families, or of IPv4 where there is no IPv6.
fn bind(address: Option<SocketAddr>) -> io::Result<std::net::UdpSocket> {
    match address {
        Some(address) => socket::udp(address),
        None => socket::udp((Ipv6Addr::UNSPECIFIED, 0).into())
            .or_else(|_| socket::udp((Ipv4Addr::UNSPECIFIED, 0).into())),
    }
}
