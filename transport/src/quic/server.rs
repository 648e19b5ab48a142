//! The endpoint: one UDP port, on which the ALPN chooses between native QUIC and WebTransport, and the host
//! name between WebTransport and HTTP/3.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use quinn::{
    Endpoint, EndpointConfig, Incoming, ServerConfig, TokioRuntime,
    crypto::rustls::{HandshakeData, QuicServerConfig},
};
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;
use tokio::{
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

use super::{
    config::transport,
    link::QuicLink,
    stream::{Connection, ReceiveHalf, SendHalf},
};
use crate::{
    admit::{Admit, Permit},
    http3::Http3,
    limits::{ALPN_HTTP3, ALPN_QUIC},
    lobby::{Arrival, Lobby, Place},
    socket,
};

/// Links that are ready and wait to be accepted; further ones wait in their handshake.
const READY_LINKS: usize = 256;

/// How long the last packets of connections that did not end by themselves may take.
const LAST_PACKETS: Duration = Duration::from_millis(200);

/// First packets that wait to be looked at.
const MAX_INCOMING: usize = 1_024;

/// Keys that stay the same over restarts, so that clients of the process before learn at once that
/// it is gone. Secret.
#[derive(Clone)]
pub struct EndpointKeys {
    /// Signs the stateless resets.
    pub reset: [u8; 64],
    /// Marks our connection ids.
    pub connection_ids: u64,
}

impl EndpointKeys {
    /// Fresh keys; clients then notice a restart only by their idle timeout.
    #[must_use]
    pub fn random() -> Self {
        let mut reset = [0; 64];
        rand::fill(&mut reset);
        Self { reset, connection_ids: rand::random() }
    }
}

impl fmt::Debug for EndpointKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointKeys")
    }
}

/// Decides whether a page of this origin may open a WebTransport session; none means that no origin
/// was named.
#[derive(Clone)]
pub struct OriginCheck(Arc<Check>);

type Check = dyn Fn(Option<&str>) -> bool + Send + Sync;

impl OriginCheck {
    /// A check from a function.
    pub fn new(check: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(check))
    }
}

impl fmt::Debug for OriginCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginCheck")
    }
}

/// Settings of the endpoint.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Where to listen; `[::]` serves IPv4 too.
    pub addresses: Vec<SocketAddr>,
    /// The certificate. Its ALPN must offer [`ALPN_QUIC`], [`ALPN_HTTP3`] or both.
    pub tls: Arc<rustls::ServerConfig>,
    /// The path of WebTransport sessions. Default `/api/chat/wt`.
    pub path: String,
    /// Which origins may open sessions. Default all.
    pub origin: OriginCheck,
    /// What is served over HTTP/3, and for which host names. Default nothing.
    pub http3: Option<Http3>,
    /// The largest payload of a frame in bytes. Default 256 KiB.
    pub max_frame: usize,
    /// What stays the same over restarts. Default random.
    pub keys: EndpointKeys,
    /// How long the handshake of a link may take, from the first packet to its first stream.
    /// Default 10 s.
    pub handshake_timeout: Duration,
    /// How long a silent connection lives. Default 30 s.
    pub idle_timeout: Duration,
    /// How often a silent connection is kept alive from this side. Default never: clients do it.
    pub keep_alive: Option<Duration>,
    /// Where connections take their places. Default 16,000, 10,000 of them waiting for hello.
    pub lobby: Lobby,
    /// Connections that wait for hello above which a new address must show first that packets reach
    /// it. Below the places in the lobby, so that forged addresses push out nobody. Default 512.
    pub prove_above: usize,
    /// Asked per address before any handshake.
    pub admit: Admit,
}

impl ServerOptions {
    /// The defaults, listening on these addresses with this certificate.
    #[must_use]
    pub fn new(addresses: Vec<SocketAddr>, tls: Arc<rustls::ServerConfig>) -> Self {
        Self {
            addresses,
            tls,
            path: "/api/chat/wt".to_owned(),
            origin: OriginCheck::new(|_| true),
            http3: None,
            max_frame: 256 * 1024,
            keys: EndpointKeys::random(),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            keep_alive: None,
            lobby: Lobby::default(),
            prove_above: 512,
            admit: Admit::default(),
        }
    }

    fn server_config(&self, tls: Arc<rustls::ServerConfig>) -> io::Result<ServerConfig> {
        let crypto = QuicServerConfig::try_from(tls).map_err(io::Error::other)?;
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        config
            .transport_config(transport(self.idle_timeout, self.keep_alive))
            .migration(true)
            .max_incoming(MAX_INCOMING);
        Ok(config)
    }
}

/// A running endpoint. Dropping it ends every connection without a farewell.
#[derive(Debug)]
pub struct QuicServer {
    options: Arc<ServerOptions>,
    endpoints: Vec<Endpoint>,
    addresses: Vec<SocketAddr>,
    listeners: Vec<JoinHandle<()>>,
    stopping: watch::Sender<bool>,
    links: Mutex<mpsc::Receiver<Arrival>>,
}

impl QuicServer {
    /// Binds and listens. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When an address cannot be bound, or the certificate cannot be used with QUIC.
    pub fn bind(options: ServerOptions) -> io::Result<Self> {
        let options = Arc::new(options);
        let config = options.server_config(options.tls.clone())?;
        let reset = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &options.keys.reset));
        let mut endpoint_config = EndpointConfig::new(reset);
        let key = options.keys.connection_ids;
        endpoint_config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(key)));
        let (sender, links) = mpsc::channel(READY_LINKS);
        let stopping = watch::Sender::new(false);
        let mut endpoints = Vec::new();
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for address in &options.addresses {
            let socket = socket::udp(*address)?;
            addresses.push(socket.local_addr()?);
            let endpoint = Endpoint::new(
                endpoint_config.clone(),
                Some(config.clone()),
                socket,
                Arc::new(TokioRuntime),
            )?;
            let listener = Listener {
                endpoint: endpoint.clone(),
                options: options.clone(),
                links: sender.clone(),
                stopping: stopping.subscribe(),
            };
            listeners.push(tokio::spawn(listener.run()));
            endpoints.push(endpoint);
        }
        let links = Mutex::new(links);
        Ok(Self { options, endpoints, addresses, listeners, stopping, links })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Connections that are open, those in their handshake included.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.endpoints.iter().map(Endpoint::open_connections).sum()
    }

    /// The next link, or none after [`QuicServer::stop_accepting`]. Handshakes go on meanwhile and
    /// never wait for each other.
    pub async fn accept(&self) -> Option<Arrival> {
        let mut stopping = self.stopping.subscribe();
        let mut links = self.links.lock().await;
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => None,
            link = links.recv() => link,
        }
    }

    /// Uses another certificate for new connections; those that are open go on.
    ///
    /// # Errors
    /// When the certificate cannot be used with QUIC; the one before stays.
    pub fn set_tls(&self, tls: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let config = self.options.server_config(tls)?;
        for endpoint in &self.endpoints {
            endpoint.set_server_config(Some(config.clone()));
        }
        Ok(())
    }

    /// Refuses new connections; links go on.
    pub fn stop_accepting(&self) {
        self.stopping.send_replace(true);
    }

    /// Refuses new connections, waits until the links are closed, at most `within`, and ends the
    /// rest. Returns when the peers were told: a process that ends before would leave them waiting.
    pub async fn shutdown(&self, within: Duration) {
        self.stop_accepting();
        if timeout(within, self.idle()).await.is_err() {
            self.close();
            let _ = timeout(LAST_PACKETS, self.idle()).await;
        }
    }

    async fn idle(&self) {
        for endpoint in &self.endpoints {
            endpoint.wait_idle().await;
        }
    }

    fn close(&self) {
        for endpoint in &self.endpoints {
            endpoint.close(0_u32.into(), b"");
        }
    }
}

impl Drop for QuicServer {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
        self.close();
    }
}

struct Listener {
    endpoint: Endpoint,
    options: Arc<ServerOptions>,
    links: mpsc::Sender<Arrival>,
    stopping: watch::Receiver<bool>,
}

impl Listener {
    async fn run(self) {
        let ServerOptions { admit, lobby, prove_above, .. } = &*self.options;
        while let Some(incoming) = self.endpoint.accept().await {
            let peer = incoming.remote_address();
            if lobby.waiting() >= *prove_above && incoming.may_retry() {
                // An error would mean that the address is validated already, which `may_retry` rules out.
                let _ = incoming.retry();
                continue;
            }
            if *self.stopping.borrow() {
                incoming.refuse();
                continue;
            }
            // The address limit comes first: an address with too many connections pushes nobody out of the lobby.
            let permit = admit.ask(peer.ip());
            let Some(held) = permit.and_then(|permit| Some((permit, lobby.enter()?))) else {
                incoming.refuse();
                continue;
            };
            let to = (self.links.clone(), self.stopping.clone());
            tokio::spawn(arrive(incoming, self.options.clone(), held, to));
        }
    }
}

/// Makes a link of an incoming connection and hands it out, or serves it.
async fn arrive(
    incoming: Incoming,
    options: Arc<ServerOptions>,
    (permit, place): (Permit, Place),
    (links, stopping): (mpsc::Sender<Arrival>, watch::Receiver<bool>),
) {
    let peer = incoming.remote_address();
    let patience = options.handshake_timeout;
    let arriving = async {
        match timeout(patience, handshake(incoming, &options, (permit, place.clone()))).await {
            Ok(Ok(Greeted::Link(link))) => {
                let arrival = Arrival { link, place: place.clone() };
                // Nobody takes links while the server shuts down.
                let _ = links.send(arrival).await;
            }
            Ok(Ok(Greeted::Http3(http3, connection, _permit))) => {
                http3.serve(connection, place.clone(), stopping).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a QUIC handshake failed"),
            Err(_) => tracing::debug!(%peer, "a QUIC handshake took too long"),
        }
    };
    tokio::select! {
        biased;
        () = arriving => {}
        () = place.evicted() => tracing::debug!(%peer, "a connection made way for another"),
    }
}

/// What an incoming connection is for.
enum Greeted<'a> {
    Link(Box<QuicLink>),
    /// The address's permit is held as long as the connection.
    Http3(&'a Http3, quinn::Connection, Permit),
}

/// Why an incoming connection became no link.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    #[error(transparent)]
    Quic(#[from] quinn::ConnectionError),
    #[error(transparent)]
    Web(#[from] wtransport::error::ConnectionError),
    #[error("another protocol was agreed on")]
    Protocol,
    #[error("there is no session at this path")]
    Path,
    #[error("the origin is not allowed")]
    Origin,
}

async fn handshake(
    incoming: Incoming,
    options: &ServerOptions,
    held: (Permit, Place),
) -> Result<Greeted<'_>, HandshakeError> {
    let mut connecting = incoming.accept()?;
    let data = connecting.handshake_data().await?.downcast::<HandshakeData>().ok();
    let (protocol, host) = data
        .and_then(|data| Some((data.protocol?, data.server_name)))
        .ok_or(HandshakeError::Protocol)?;
    if protocol == ALPN_QUIC {
        let connection = Connection::Quic(connecting.await?);
        let (send, receive) = connection.quic().accept_bi().await?;
        let main = (SendHalf::Quic(send), ReceiveHalf::Quic(receive));
        let link = QuicLink::new(connection, main, options.max_frame, Some(held));
        return Ok(Greeted::Link(Box::new(link)));
    }
    if protocol != ALPN_HTTP3 {
        return Err(HandshakeError::Protocol);
    }
    if let Some(http3) = options.http3.as_ref().filter(|http3| http3.serves(host.as_deref())) {
        return Ok(Greeted::Http3(http3, connecting.await?, held.0));
    }
    let session = web_session(connecting, options).await?;
    let (send, receive) = session.accept_bi().await?;
    let main = (SendHalf::Web(send), ReceiveHalf::Web(receive));
    let link = QuicLink::new(Connection::Web(session), main, options.max_frame, Some(held));
    Ok(Greeted::Link(Box::new(link)))
}

/// The WebTransport session of a connection, if its path and origin are right.
async fn web_session(
    connecting: quinn::Connecting,
    options: &ServerOptions,
) -> Result<wtransport::Connection, HandshakeError> {
    let request =
        wtransport::endpoint::IncomingSessionFuture::with_quic_connecting(connecting).await?;
    let path = request.path().split('?').next().unwrap_or_default();
    if path != options.path {
        request.not_found().await;
        return Err(HandshakeError::Path);
    }
    if !(options.origin.0)(request.origin()) {
        request.forbidden().await;
        return Err(HandshakeError::Origin);
    }
    Ok(request.accept().await?)
}
