//! Connectors over the real transports.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use caffis_transport::{quic, sse, tls::Trust, ws};

use crate::connector::{ConnectError, ConnectFuture, Connector};

/// Connects over WebSocket.
#[derive(Clone, Debug)]
pub struct WebSocket {
    /// The address: `ws://host:port/api/chat/ws` or `wss://…`.
    pub url: String,
    /// Trust, codec and limits.
    pub options: ws::ClientOptions,
}

impl WebSocket {
    /// An address with the usual options.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), options: ws::ClientOptions::default() }
    }

    /// With this trust in certificates.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.options.trust = trust;
        self
    }

    /// From this local address.
    #[must_use]
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.options.bind = Some(address);
        self
    }
}

impl Connector for WebSocket {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move { ws::connect(&self.url, &self.options).await.map_err(refused) })
    }
}

/// Connects over server-sent events and POST.
#[derive(Clone, Debug)]
pub struct ServerSentEvents {
    /// The address: `http://host:port/api/chat/events` or `https://…`.
    pub url: String,
    /// Trust, codec and limits.
    pub options: sse::ClientOptions,
}

impl ServerSentEvents {
    /// An address with the usual options.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), options: sse::ClientOptions::default() }
    }
}

impl Connector for ServerSentEvents {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move { sse::connect(&self.url, &self.options).await.map_err(refused) })
    }
}

/// Connects over native QUIC. Clones share one UDP socket.
#[derive(Clone, Debug)]
pub struct Quic {
    address: String,
    connector: quic::Connector,
}

impl Quic {
    /// Connects to `host:port`. Binds a socket; must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError::Setup`] when there is no socket, or no use in the trust given.
    pub fn new(
        address: impl Into<String>,
        options: quic::ClientOptions,
    ) -> Result<Self, ConnectError> {
        let connector = quic::Connector::new(options)
            .map_err(|error| ConnectError::Setup(error.to_string()))?;
        Ok(Self { address: address.into(), connector })
    }

    /// Connects to `host:port` with the usual options and this trust.
    ///
    /// # Errors
    /// As [`Quic::new`].
    pub fn trusting(address: impl Into<String>, trust: Trust) -> Result<Self, ConnectError> {
        Self::new(address, quic::ClientOptions { trust, ..quic::ClientOptions::default() })
    }

    /// Moves to a new local socket, as when a phone changes networks; the link goes on.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn rebind(&self, address: Option<SocketAddr>) -> io::Result<()> {
        self.connector.rebind(address)
    }
}

impl Connector for Quic {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move { self.connector.connect(&self.address).await.map_err(refused) })
    }
}

/// Which errors may go away by waiting.
fn refused(error: caffis_transport::ConnectError) -> ConnectError {
    use caffis_transport::ConnectError as E;
    match error {
        E::Address(_) | E::NativeRoots(_) => ConnectError::Setup(error.to_string()),
        error => ConnectError::Unreachable(error.to_string()),
    }
}
