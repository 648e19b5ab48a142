//! The TCP listener: HTTP/1.1 and HTTP/2 into one axum router, optionally over TLS.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::{
    admit::{Admit, Permit},
    proxy::{self, Proxies},
    socket,
};

/// Bytes of one HTTP/1.1 request head at most.
const MAX_HEAD: usize = 32 * 1024;

/// Concurrent HTTP/2 requests on one connection.
const MAX_HTTP2_STREAMS: u32 = 100;

/// How often an idle HTTP/2 connection is asked whether it lives.
const HTTP2_KEEP_ALIVE: Duration = Duration::from_secs(20);

/// The protocol of tls-alpn-01 (RFC 8737): the handshake is all of it.
const ALPN_ACME: &[u8] = b"acme-tls/1";

/// How long to wait when the system has no descriptor left for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The address of the other end of the TCP connection, or of the client that a proxy connects for, in
/// the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Settings of the listener.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; `[::]` serves IPv4 too.
    pub addresses: Vec<SocketAddr>,
    /// TLS, with the configuration of each moment. Default none.
    pub tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    /// How long a TLS handshake may take, and a proxy's header before it. Default 10 s.
    pub handshake_timeout: Duration,
    /// How long the head of a request may take. Default 10 s.
    pub header_timeout: Duration,
    /// Connections at once, upgraded ones included. Default 16,000, below the usual limit of open
    /// files.
    pub max_connections: usize,
    /// Asked per address before any handshake.
    pub admit: Admit,
    /// Peers that say for whom they connect, before TLS. Default nobody.
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
            max_connections: 16_000,
            admit: Admit::default(),
            proxies: Proxies::default(),
        }
    }
}

/// A running listener. Dropping it ends every connection that did not become a link.
#[derive(Debug)]
pub struct TcpServer {
    addresses: Vec<SocketAddr>,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
}

impl TcpServer {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Accepts nothing more, lets running requests finish for at most `within`, then ends the rest.
    /// Links go on.
    pub async fn shutdown(mut self, within: Duration) {
        self.stop.send_replace(true);
        let listeners = std::mem::take(&mut self.listeners);
        let aborts: Vec<_> = listeners.iter().map(JoinHandle::abort_handle).collect();
        let all = async {
            for listener in listeners {
                let _ = listener.await;
            }
        };
        if timeout(within, all).await.is_err() {
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

impl Drop for TcpServer {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

/// Listens and serves `router` until the answer is dropped or shut down.
///
/// # Errors
/// When an address cannot be bound.
pub fn serve(options: Options, router: Router) -> io::Result<TcpServer> {
    let (stop, stopped) = watch::channel(false);
    let mut server = TcpServer { addresses: Vec::new(), stop, listeners: Vec::new() };
    let places = Arc::new(Semaphore::new(options.max_connections));
    for address in &options.addresses {
        let listener = TcpListener::from_std(socket::tcp(*address)?)?;
        server.addresses.push(listener.local_addr()?);
        let shared = Shared {
            options: options.clone(),
            router: router.clone(),
            places: places.clone(),
            stopped: stopped.clone(),
        };
        server.listeners.push(tokio::spawn(listen(listener, shared)));
    }
    Ok(server)
}

#[derive(Clone)]
struct Shared {
    options: Options,
    router: Router,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

async fn listen(listener: TcpListener, shared: Shared) {
    let mut stopped = shared.stopped.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = told_to_stop(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Some(stream) = admitted(stream, peer, &shared) {
                        connections.spawn(connection(stream, peer, shared.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a TCP connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The connection with its place, or none when there is no place for it.
fn admitted(stream: TcpStream, peer: SocketAddr, shared: &Shared) -> Option<Admitted> {
    let place = shared.places.clone().try_acquire_owned().ok()?;
    let permit = shared.options.admit.ask(peer.ip())?;
    stream.set_nodelay(true).ok()?;
    Some(Admitted { stream, _place: place, _permit: permit, _client: None })
}

/// Done when the server is shutting down or gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn connection(mut stream: Admitted, peer: SocketAddr, shared: Shared) {
    let Some(peer) = client(&mut stream, peer, &shared.options).await else { return };
    let Some(tls) = &shared.options.tls else { return serve_http(stream, peer, shared).await };
    let acceptor = TlsAcceptor::from(tls.borrow().clone());
    match timeout(shared.options.handshake_timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN_ACME) => {
            tracing::info!(%peer, "the certificate authority was shown a proof");
        }
        Ok(Ok(stream)) => serve_http(stream, peer, shared).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

/// Whose connection it is: the peer's, or of a proxy's the client's, if that one is admitted.
async fn client(stream: &mut Admitted, peer: SocketAddr, options: &Options) -> Option<SocketAddr> {
    if !options.proxies.has(peer.ip()) {
        return Some(peer);
    }
    match timeout(options.handshake_timeout, proxy::read(&mut stream.stream)).await {
        Ok(Ok(Some(client))) => {
            stream._client = Some(options.admit.ask(client.ip())?);
            Some(client)
        }
        Ok(Ok(None)) => Some(peer),
        Ok(Err(error)) => {
            tracing::warn!(%peer, %error, "a proxy did not say for whom it connects");
            None
        }
        Err(_) => {
            tracing::warn!(%peer, "a proxy said nothing");
            None
        }
    }
}

async fn serve_http<S>(stream: S, peer: SocketAddr, shared: Shared)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Shared { options, router, mut stopped, .. } = shared;
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddr(peer));
        router.clone().call(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_KEEP_ALIVE)
        .max_concurrent_streams(MAX_HTTP2_STREAMS);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let served = tokio::select! {
        biased;
        served = serving.as_mut() => served,
        () = told_to_stop(&mut stopped) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "an HTTP connection failed");
    }
}

/// A stream that holds its places for as long as it lives, also after it became a link.
struct Admitted {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    _permit: Permit,
    /// The client's, when the peer is a proxy.
    _client: Option<Permit>,
}

impl AsyncRead for Admitted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Admitted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
