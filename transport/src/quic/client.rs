//! The client's side of both QUIC transports.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use caffis_link::{Link, LinkExt};
use quinn::{
    ClientConfig, Endpoint, EndpointConfig, TokioRuntime, crypto::rustls::QuicClientConfig,
};
use tokio::{net::lookup_host, time::timeout};

use super::{
    link::QuicLink,
    stream::{Connection, ReceiveHalf, SendHalf},
    transport,
};
use crate::{ALPN_HTTP3, ALPN_QUIC, ConnectError, socket, tls::Trust};

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

/// One UDP socket from which any number of native QUIC links are made.
#[derive(Clone, Debug)]
pub struct Connector {
    endpoint: Endpoint,
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
        let socket = bind(options.bind)?;
        let endpoint =
            Endpoint::new(EndpointConfig::default(), None, socket, Arc::new(TokioRuntime))?;
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
        let ipv4_only = self.endpoint.local_addr()?.is_ipv4();
        let mut last = ConnectError::NotFound(address.to_owned());
        for peer in lookup_host(address).await? {
            if ipv4_only && peer.is_ipv6() {
                continue;
            }
            let connecting = self.endpoint.connect_with(self.config.clone(), peer, host)?;
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

    /// Moves to a new local socket of the same address family, as when a phone changes networks.
    /// Links go on.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn rebind(&self, address: Option<SocketAddr>) -> io::Result<()> {
        let address = match self.endpoint.local_addr()? {
            SocketAddr::V4(_) => address.or(Some((Ipv4Addr::UNSPECIFIED, 0).into())),
            SocketAddr::V6(_) => address,
        };
        self.endpoint.rebind(bind(address)?)
    }

    /// The QUIC endpoint below.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
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
