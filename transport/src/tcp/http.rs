//! HTTP/1.1 and HTTP/2 on one connection, and what ends it.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, watch},
    time::timeout,
};
use tower_service::Service;

use super::{options::Options, stream::Progress};
use crate::lobby::Place;

/// Bytes of one HTTP/1.1 request head at most.
const MAX_HEAD: usize = 32 * 1024;

/// Concurrent HTTP/2 requests on one connection.
const MAX_HTTP2_STREAMS: u32 = 100;

/// How long a connection that is told to end may take to do so.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The address of the other end of the TCP connection, or of the client that a proxy connects for, in
/// the extensions of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

/// Serves one connection until it ends, becomes a link, or has to go.
pub(super) async fn serve<S>(
    stream: S,
    (peer, place, progress): (SocketAddr, Place, Progress),
    options: &Options,
    router: Router,
    stopped: &mut watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let requested = Arc::new(Notify::new());
    let first = requested.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        first.notify_one();
        request.extensions_mut().insert(PeerAddr(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().call(request)
    });
    let builder = builder(options);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let end = tokio::select! {
        biased;
        served = serving.as_mut() => End::Served(served),
        _ = stopped.wait_for(|stop| *stop) => End::Stopped,
        why = overdue(&requested, &progress, options) => End::Overdue(why),
    };
    let served = match end {
        End::Served(served) => served,
        End::Stopped => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
        End::Overdue(why) => {
            tracing::debug!(%peer, "{why}");
            serving.as_mut().graceful_shutdown();
            timeout(LAST_WORDS, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "an HTTP connection failed");
    }
}

/// Why serving ends.
enum End<T> {
    Served(T),
    Stopped,
    Overdue(&'static str),
}

fn builder(options: &Options) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(options.header_timeout)
        .max_buf_size(MAX_HEAD);
    // No HTTP/2 pings: their answers would look like progress on an unused connection.
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(MAX_HTTP2_STREAMS);
    builder
}

/// Resolves when the connection takes too long for its first request, whichever version of HTTP it
/// is going to speak, or stands still later.
async fn overdue(requested: &Notify, progress: &Progress, options: &Options) -> &'static str {
    if timeout(options.header_timeout, requested.notified()).await.is_err() {
        return "the first request took too long";
    }
    progress.stalled(options.stall_timeout).await;
    "an HTTP connection stood still"
}
