//! The trait, and what goes through it.

use std::{
    fmt,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;

/// A numbered, ordered sequence of frames. Order holds within a lane only.
///
/// Every link has lane 0, which carries control and most messages. A link with more lanes keeps a
/// large page or a busy room on one lane from holding up another; a link with one lane (WebSocket, server-sent
/// events) maps every lane to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(pub u8);

impl Lane {
    /// The lane that every link has.
    pub const MAIN: Self = Self(0);
}

/// What arrived on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A reliable frame, whole.
    Frame {
        /// The lane on which it came.
        lane: Lane,
        /// Its payload, without the transport's own framing.
        payload: Bytes,
    },
    /// An unreliable datagram.
    Datagram(Bytes),
    /// The other side asked whether this one is alive, or said unasked that it is itself. It has its
    /// answer already.
    Ping,
    /// The answer to [`Link::ping`]: the other side is alive.
    Pong,
    /// The other side said goodbye, or went away ([`Farewell::code`] is then
    /// [`Farewell::ABRUPT`]). Nothing follows.
    Closed(Farewell),
}

/// Why a connection ends: a code (its meanings are listed in `caffis-schema`) and a short sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// The code, as both sides know it.
    pub code: u16,
    /// A sentence for people, at most [`Farewell::MAX_REASON`] bytes.
    pub reason: String,
}

impl Farewell {
    /// The link broke without a farewell: reset, timeout, process gone.
    pub const ABRUPT: u16 = 0;
    /// The longest reason in bytes: what fits a WebSocket close frame with its code.
    pub const MAX_REASON: usize = 120;

    /// A farewell; a reason that is too long is cut at a character.
    #[must_use]
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > Self::MAX_REASON {
            let end = reason.floor_char_boundary(Self::MAX_REASON);
            reason.truncate(end);
        }
        Self { code, reason }
    }

    /// The farewell of a link that broke without one.
    #[must_use]
    pub fn abrupt(reason: impl Into<String>) -> Self {
        Self::new(Self::ABRUPT, reason)
    }
}

/// Which transport a link runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// WebTransport over HTTP/3.
    WebTransport,
    /// Native QUIC, ALPN `caffis/1`.
    Quic,
    /// WebSocket.
    WebSocket,
    /// Server-sent events and POST.
    Sse,
    /// Inside one process.
    Memory,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebTransport => "webtransport",
            Self::Quic => "quic",
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Memory => "memory",
        })
    }
}

/// How the payloads on a link are written. Chosen when the connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// postcard, the compact form.
    Binary,
    /// JSON text: the WebSocket subprotocol `caffis.v1.json`.
    Json,
}

/// What a link is, fixed for its life (but for `peer`, which moves when a QUIC client does).
#[derive(Clone, Debug)]
pub struct LinkInfo {
    /// The transport.
    pub kind: Kind,
    /// How payloads are written.
    pub codec: Codec,
    /// The other side's address as the socket sees it, or none inside one process.
    pub peer: Option<SocketAddr>,
    /// Lanes that are really apart: 1 where every lane maps to lane 0.
    pub lanes: u8,
    /// The largest payload of a frame in bytes, in either direction.
    pub max_frame: usize,
    /// The largest datagram in bytes; none where the transport has no datagrams, and lossy traffic
    /// has to ride in frames.
    pub max_datagram: Option<usize>,
}

/// How a link is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Smoothed round trip: the transport's own, or else that of pings, after the first.
    pub round_trip: Option<Duration>,
    /// Packets that the transport counts as lost so far.
    pub lost_packets: u64,
}

/// Why a link refused to send. The link itself may still be good (see each case).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The payload is larger than [`LinkInfo::max_frame`] or [`LinkInfo::max_datagram`]; nothing was
    /// sent and the link is as before.
    #[error("a payload of {size} bytes is over this link's limit of {limit}")]
    TooLarge {
        /// The payload's size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The link has no datagrams; nothing was sent and the link is as before.
    #[error("this link carries no datagrams")]
    NoDatagrams,
    /// The link is closed or broken; `recv` says why.
    #[error("the link is closed")]
    Closed,
}

/// One connection, as bytes.
///
/// One task owns a link and polls it. No method blocks. Buffers are bounded: the transport's windows
/// limit what arrives ahead of `poll_recv`, and `poll_ready` limits what waits to be written.
pub trait Link: Send + 'static {
    /// What this link is.
    fn info(&self) -> &LinkInfo;

    /// How it is doing now.
    fn health(&self) -> Health {
        Health::default()
    }

    /// The next thing from the peer. After [`Incoming::Closed`] it must not be polled again.
    ///
    /// Pings of the peer are answered inside, and come out as [`Incoming::Ping`]. A frame over the limit, a malformed or truncated one
    /// closes the link with the transport's protocol-error code and comes out as `Closed`.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming>;

    /// Ready when `lane` can take a frame without growing past the link's write buffer.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    /// Queues a frame on `lane`, to be written by `poll_flush`. Call after `poll_ready` said yes.
    ///
    /// # Errors
    /// [`SendError::TooLarge`] and [`SendError::Closed`].
    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError>;

    /// Writes what is queued on every lane; ready when all of it was handed to the system.
    ///
    /// A lane whose peer does not read stays pending without holding up the others.
    ///
    /// # Errors
    /// [`SendError::Closed`].
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>>;

    /// Sends a datagram now or drops it: never waits.
    ///
    /// # Errors
    /// [`SendError::TooLarge`], [`SendError::NoDatagrams`] and [`SendError::Closed`].
    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError>;

    /// Queues a ping; the answer comes as [`Incoming::Pong`].
    ///
    /// # Errors
    /// [`SendError::Closed`].
    fn ping(&mut self) -> Result<(), SendError>;

    /// Writes what is queued, sends the farewell and closes the connection. Ready when the peer has the
    /// farewell or a second has passed. The first farewell counts.
    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()>;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn info(&self) -> &LinkInfo {
        (**self).info()
    }

    fn health(&self) -> Health {
        (**self).health()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        (**self).poll_recv(cx)
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        (**self).poll_ready(lane, cx)
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        (**self).start_send(lane, payload)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        (**self).poll_flush(cx)
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        (**self).send_datagram(payload)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        (**self).ping()
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_close(farewell, cx)
    }
}
