//! HTTP/3 on the UDP port: the requests of a QUIC connection go to the same router as those of TCP.
//!
//! Browsers speak HTTP/3 and WebTransport with one ALPN, and which of them a connection is for shows only
//! in its first request. So the host name chooses: connections to one of [`Http3::hosts`] are HTTP/3.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Response, header},
};
use bytes::{Buf, Bytes};
use futures_util::{StreamExt, stream};
use h3::{
    error::{Code, ConnectionError, StreamError},
    server::{RequestResolver, RequestStream},
};
use quinn::VarInt;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::{error::Elapsed, timeout},
};
use tower_service::Service;

use crate::{lobby::Place, tcp::PeerAddr};

/// Concurrent requests on one connection.
const MAX_REQUESTS: u32 = 100;

/// Bytes of the header fields of one request, as HTTP/3 counts them.
const MAX_HEAD: u64 = 32 * 1024;

/// Bytes of an upload that are read although nobody wants them.
const MAX_DRAINED: usize = 4 * 1024 * 1024;

/// How long running requests may take to end when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is served over HTTP/3.
#[derive(Clone, Debug)]
pub struct Http3 {
    /// The host names that it is served for, in lower case. Connections to others are WebTransport.
    pub hosts: Vec<String>,
    /// What answers.
    pub router: Router,
    /// How long the first request may take. Default 10 s.
    pub header_timeout: Duration,
    /// How long a connection may go without a request, and a client without taking an answer.
    /// Default 60 s.
    pub stall_timeout: Duration,
}

impl Http3 {
    /// Serves this router for these hosts, with the default times.
    #[must_use]
    pub fn new(hosts: Vec<String>, router: Router) -> Self {
        let (header_timeout, stall_timeout) = (Duration::from_secs(10), Duration::from_secs(60));
        Self { hosts, router, header_timeout, stall_timeout }
    }

    /// Whether connections to this host are HTTP/3.
    pub(crate) fn serves(&self, host: Option<&str>) -> bool {
        host.is_some_and(|host| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)))
    }

    /// Serves a connection until it ends, or has to go.
    pub(crate) async fn serve(
        &self,
        connection: quinn::Connection,
        place: Place,
        mut stopping: watch::Receiver<bool>,
    ) {
        let peer = connection.remote_address();
        connection.set_max_concurrent_bi_streams(VarInt::from_u32(MAX_REQUESTS));
        let connection = h3_quinn::Connection::new(connection);
        let served = self.requests(connection, (peer, &place), &mut stopping).await;
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "an HTTP/3 connection failed");
        }
    }

    async fn requests(
        &self,
        connection: h3_quinn::Connection,
        (peer, place): (SocketAddr, &Place),
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<(), ConnectionError> {
        let mut builder = h3::server::builder();
        let mut connection = builder.max_field_section_size(MAX_HEAD).build(connection).await?;
        // Dropped with this connection, and all that still runs with it.
        let mut running = JoinSet::new();
        let mut patience = self.header_timeout;
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                Some(_) = running.join_next() => {}
                resolver = connection.accept() => {
                    let Some(resolver) = resolver? else { return Ok(()) };
                    patience = self.stall_timeout;
                    running.spawn(self.clone().answer(resolver, (peer, place.clone())));
                }
                () = tokio::time::sleep(patience), if running.is_empty() => break,
            }
        }
        connection.shutdown(0).await?;
        let ended = async { while running.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS, ended).await;
        Ok(())
    }

    async fn answer(self, resolver: Resolver, who: (SocketAddr, Place)) {
        let peer = who.0;
        if let Err(error) = self.exchange(resolver, who).await {
            tracing::debug!(%peer, %error, "an HTTP/3 request failed");
        }
    }

    /// One request and its answer.
    async fn exchange(
        mut self,
        resolver: Resolver,
        (peer, place): (SocketAddr, Place),
    ) -> Result<(), ExchangeError> {
        let (head, stream) = timeout(self.header_timeout, resolver.resolve_request()).await??;
        let (mut send, receive) = stream.split();
        let (body, mut unread) = body(receive);
        let mut request: Request<Body> = head.map(|()| body);
        request.extensions_mut().insert(PeerAddr(peer));
        request.extensions_mut().insert(place);
        let Ok(response) = self.router.call(request).await;
        let (mut head, body) = response.into_parts();
        if let Ok(now) = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())) {
            head.headers.entry(header::DATE).or_insert(now);
        }
        let within = self.stall_timeout;
        timeout(within, send.send_response(Response::from_parts(head, ()))).await??;
        let mut data = body.into_data_stream();
        while let Some(chunk) = data.next().await {
            match chunk {
                Ok(chunk) => timeout(within, send.send_data(chunk)).await??,
                Err(error) => {
                    send.stop_stream(Code::H3_INTERNAL_ERROR);
                    return Err(ExchangeError::Answer(error));
                }
            }
        }
        timeout(within, send.finish()).await??;
        match unread.try_recv() {
            // For so long as a whole: whoever sends a little now and then keeps nothing.
            Ok(receive) => timeout(within, drain(receive)).await?,
            Err(_) => Ok(()),
        }
    }
}

type Receive = RequestStream<h3_quinn::RecvStream, Bytes>;
type Resolver = RequestResolver<h3_quinn::Connection, Bytes>;

/// Why a request got no whole answer.
#[derive(Debug, thiserror::Error)]
enum ExchangeError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("the client stood still")]
    Stalled(#[from] Elapsed),
    #[error("the answer broke off: {0}")]
    Answer(axum::Error),
}

/// A request's body, read as the router asks for it: the window of its stream bounds what waits. What the router does not
/// read comes back.
fn body(receive: Receive) -> (Body, oneshot::Receiver<Receive>) {
    let (back, unread) = oneshot::channel();
    let upload = Upload { receive: Some(receive), back: Some(back) };
    let body = Body::from_stream(stream::unfold(Some(upload), |upload| async {
        let mut upload = upload?;
        // Taken, so that it does not come back while it is read.
        let mut receive = upload.receive.take()?;
        match receive.recv_data().await {
            Ok(Some(mut data)) => {
                upload.receive = Some(receive);
                Some((Ok(data.copy_to_bytes(data.remaining())), Some(upload)))
            }
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }));
    (body, unread)
}

/// What a client sends with a request.
struct Upload {
    receive: Option<Receive>,
    back: Option<oneshot::Sender<Receive>>,
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let (Some(receive), Some(back)) = (self.receive.take(), self.back.take()) {
            // The request may have ended.
            let _ = back.send(receive);
        }
    }
}

/// Reads on after the answer, and drops what comes: Chromium looks at an answer only when all of its upload is sent.
/// Whoever sends much more is told to stop, and that this is no error (RFC 9114, 4.1).
async fn drain(mut receive: Receive) -> Result<(), ExchangeError> {
    let mut left = MAX_DRAINED;
    while let Some(data) = receive.recv_data().await? {
        match left.checked_sub(data.remaining()) {
            Some(less) => left = less,
            None => {
                receive.stop_sending(Code::H3_NO_ERROR);
                break;
            }
        }
    }
    Ok(())
}
