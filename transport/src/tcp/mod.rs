//! The TCP listener: HTTP/1.1 and HTTP/2 into one axum router, optionally over TLS.
//!
//! Every step of a connection has a limit of its own, named in [`Options`]: the header of a proxy,
//! the TLS handshake, the first request, the pause before the next one, an answer that is not read.
//! Until then the connection is in the [`Lobby`](crate::lobby::Lobby) and may be dropped for a newer one.

mod http;
mod options;
mod stream;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

pub use http::PeerAddr;
pub use options::Options;

use self::stream::Accepted;
use crate::{proxy, socket};

/// The protocol of tls-alpn-01 (RFC 8737): it ends with the handshake.
const ALPN_ACME: &[u8] = b"acme-tls/1";

/// How long to wait when the system has no descriptor left for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
    let options = Arc::new(options);
    for address in &options.addresses {
        let listener = TcpListener::from_std(socket::tcp(*address)?)?;
        server.addresses.push(listener.local_addr()?);
        let shared =
            Shared { options: options.clone(), router: router.clone(), stopped: stopped.clone() };
        server.listeners.push(tokio::spawn(listen(listener, shared)));
    }
    Ok(server)
}

#[derive(Clone)]
struct Shared {
    options: Arc<Options>,
    router: Router,
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
                    let Options { admit, lobby, .. } = &*shared.options;
                    if let Some(stream) = Accepted::new(stream, peer, admit, lobby) {
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

/// Done when the server is shutting down or gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// One connection, from its first byte until it ends or becomes a link.
async fn connection(stream: Accepted, peer: SocketAddr, shared: Shared) {
    let place = stream.place.clone();
    tokio::select! {
        biased;
        () = converse(stream, peer, shared) => {}
        () = place.evicted() => tracing::debug!(%peer, "a connection made way for another"),
    }
}

async fn converse(mut stream: Accepted, peer: SocketAddr, shared: Shared) {
    let Shared { options, router, mut stopped } = shared;
    let Some(peer) = client(&mut stream, peer, &options).await else { return };
    let about = (peer, stream.place.clone(), stream.progress.clone());
    let Some(tls) = &options.tls else {
        return http::serve(stream, about, &options, router, &mut stopped).await;
    };
    let acceptor = TlsAcceptor::from(tls.borrow().clone());
    match timeout(options.handshake_timeout, acceptor.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN_ACME) => {
            tracing::info!(%peer, "the certificate authority was shown a proof");
        }
        Ok(Ok(stream)) => http::serve(stream, about, &options, router, &mut stopped).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

/// Whose connection it is: the peer's, or of a proxy's the client's, if that one is admitted.
async fn client(stream: &mut Accepted, peer: SocketAddr, options: &Options) -> Option<SocketAddr> {
    if !options.proxies.has(peer.ip()) {
        return Some(peer);
    }
    match timeout(options.handshake_timeout, proxy::read(&mut stream.stream)).await {
        Ok(Ok(Some(client))) => {
            stream.admit_client(client, &options.admit)?;
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
