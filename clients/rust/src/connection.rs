//! One link with a server: commands and their answers, events, heartbeats.

use std::{
    collections::{BTreeSet, VecDeque},
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use caffis_link::{Farewell, Incoming, Lane, Link, LinkInfo, SendError};
use caffis_schema::{
    ClientFrame, ClientSignal, CloseCode, Codec, Command, Error, Event, Reply, Request,
    ServerFrame, ServerSignal, codec,
    command::Hello,
    event::Answered,
    limits::{COMMAND_BYTES, DATAGRAM_BYTES, Limits},
    open::Empty,
    reply::Welcome,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// Identifies a command and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u32);

/// What comes from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "they are made and used at once, one by one")]
pub enum Received {
    /// The answer to a command.
    Answer {
        /// The command.
        id: RequestId,
        /// The reply, or why it was not done.
        result: Result<Reply, Error>,
    },
    /// Something happened.
    Event(Event),
    /// Something that may be lost.
    Signal(ServerSignal),
    /// The connection is over; nothing follows.
    Closed(Farewell),
}

/// Why a command was not sent, or has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The connection is over: whether the command happened is not known.
    #[error("the connection ended ({}): {}", .0.code, .0.reason)]
    Closed(Farewell),
    /// The server answered with an error.
    #[error(transparent)]
    Answered(#[from] Error),
    /// The server answered with a reply that this command does not have.
    #[error("unexpected reply: {0}")]
    Unexpected(&'static str),
    /// The command is larger than servers accept; it was not sent.
    #[error("a command of {size} bytes is over the limit of {COMMAND_BYTES}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Too many commands are waiting for answers; this one was not sent.
    #[error("{} commands are in flight", Connection::IN_FLIGHT)]
    TooMany,
}

/// How a client notices that its server is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// How often to ping.
    pub every: Duration,
    /// How long to wait for an answer.
    pub grace: Duration,
}

impl Heartbeat {
    /// While the person is active: a dead server is noticed within 3 s.
    pub const ACTIVE: Self = Self { every: Duration::from_secs(2), grace: Duration::from_secs(1) };
    /// While the person is not active: within 20 s.
    pub const IDLE: Self = Self { every: Duration::from_secs(15), grace: Duration::from_secs(5) };

    /// The intervals that the server asks for.
    #[must_use]
    pub fn of(limits: &Limits, active: bool) -> Self {
        let (milliseconds, usual) = if active {
            (limits.active_ping_ms, Self::ACTIVE)
        } else {
            (limits.idle_ping_ms, Self::IDLE)
        };
        Self { every: Duration::from_millis(u64::from(milliseconds.max(100))), ..usual }
    }
}

/// The protocol over one link.
///
/// All the work happens inside [`Connection::next`]: keep calling it, also to get commands sent. Every
/// method is cancel-safe.
pub struct Connection {
    link: Box<dyn Link>,
    codec: Codec,
    next_id: u32,
    in_flight: BTreeSet<RequestId>,
    outgoing: VecDeque<Bytes>,
    waiting: VecDeque<Received>,
    heartbeat: Heartbeat,
    asked: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    over: Option<Farewell>,
}

impl Connection {
    /// The most commands that wait for an answer at a time.
    pub const IN_FLIGHT: usize = 256;
    /// The most events that are kept while [`Connection::call`] waits for its answer.
    pub const WAITING: usize = 10_000;

    /// Runs the protocol over a link.
    #[must_use]
    pub fn new(link: Box<dyn Link>) -> Self {
        let codec = match link.info().codec {
            caffis_link::Codec::Binary => Codec::Binary,
            caffis_link::Codec::Json => Codec::Json,
        };
        let heartbeat = Heartbeat::ACTIVE;
        Self {
            link,
            codec,
            // 0 answers frames that could not be read.
            next_id: 1,
            in_flight: BTreeSet::new(),
            outgoing: VecDeque::new(),
            waiting: VecDeque::new(),
            heartbeat,
            asked: None,
            timer: Box::pin(sleep_until(Instant::now() + heartbeat.every)),
            over: None,
        }
    }

    /// Describes the link.
    #[must_use]
    pub fn info(&self) -> &LinkInfo {
        self.link.info()
    }

    /// How many commands have no answer yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Changes how a silent server is noticed.
    pub fn set_heartbeat(&mut self, heartbeat: Heartbeat) {
        if self.heartbeat != heartbeat {
            self.heartbeat = heartbeat;
            self.arm();
        }
    }

    /// Queues a command; [`Connection::next`] sends it and returns the answer.
    ///
    /// # Errors
    /// [`ConnectionError::TooLarge`], [`ConnectionError::TooMany`], [`ConnectionError::Closed`].
    pub fn request(&mut self, command: Command) -> Result<RequestId, ConnectionError> {
        if let Some(farewell) = &self.over {
            return Err(ConnectionError::Closed(farewell.clone()));
        }
        if self.in_flight.len() >= Self::IN_FLIGHT {
            return Err(ConnectionError::TooMany);
        }
        let id = self.fresh_id();
        let payload = self.encode(&ClientFrame::Request(Request { id: id.0, command }))?;
        self.outgoing.push_back(payload);
        self.in_flight.insert(id);
        Ok(id)
    }

    /// Sends a signal, which may be lost: as a datagram where the link has them.
    pub fn signal(&mut self, signal: ClientSignal) {
        let Ok(payload) = self.encode(&ClientFrame::Signal(signal)) else { return };
        if payload.len() <= DATAGRAM_BYTES && self.link.send_datagram(payload.clone()).is_ok() {
            return;
        }
        // A link without datagrams sends it in a frame, unless more important things wait.
        if self.outgoing.is_empty() {
            self.outgoing.push_back(payload);
        }
    }

    /// The next thing from the server.
    pub async fn next(&mut self) -> Received {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Sends a command and waits for its answer; whatever else arrives is kept
    /// for [`Connection::next`].
    ///
    /// # Errors
    /// Any [`ConnectionError`].
    pub async fn call(&mut self, command: Command) -> Result<Reply, ConnectionError> {
        let wanted = self.request(command)?;
        loop {
            match poll_fn(|cx| self.poll_fresh(cx)).await {
                Received::Answer { id, result } if id == wanted => return Ok(result?),
                Received::Closed(farewell) => return Err(ConnectionError::Closed(farewell)),
                other if self.waiting.len() < Self::WAITING => self.waiting.push_back(other),
                _ => return Err(self.end(Farewell::abrupt("too much waits to be taken"))),
            }
        }
    }

    /// Opens the session.
    ///
    /// # Errors
    /// Any [`ConnectionError`].
    pub async fn hello(&mut self, hello: Hello) -> Result<Welcome, ConnectionError> {
        match self.call(Command::Hello(hello)).await? {
            Reply::Welcome(welcome) => {
                self.set_heartbeat(Heartbeat::of(&welcome.limits, true));
                Ok(welcome)
            }
            other => Err(ConnectionError::Unexpected(other.name())),
        }
    }

    /// Sends a farewell and closes.
    pub async fn close(mut self, code: CloseCode, reason: &str) {
        if self.over.is_none() {
            let farewell = Farewell::new(code.number(), reason);
            poll_fn(|cx| self.link.poll_close(&farewell, cx)).await;
        }
    }

    fn fresh_id(&mut self) -> RequestId {
        let mut id = RequestId(self.next_id);
        while self.in_flight.contains(&id) {
            id.0 = id.0.wrapping_add(1);
        }
        self.next_id = id.0.wrapping_add(1);
        id
    }

    fn encode(&self, frame: &ClientFrame) -> Result<Bytes, ConnectionError> {
        let payload = codec::encode(frame, self.codec)
            .map_err(|_| ConnectionError::TooLarge { size: COMMAND_BYTES + 1 })?;
        if payload.len() > COMMAND_BYTES {
            return Err(ConnectionError::TooLarge { size: payload.len() });
        }
        Ok(payload.into())
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        match self.waiting.pop_front() {
            Some(received) => Poll::Ready(received),
            None => self.poll_fresh(cx),
        }
    }

    fn poll_fresh(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        loop {
            if let Some(farewell) = &self.over {
                return Poll::Ready(Received::Closed(farewell.clone()));
            }
            self.write(cx);
            if let Poll::Ready(incoming) = self.link.poll_recv(cx) {
                if self.asked.take().is_some() {
                    self.arm();
                }
                match self.take(incoming) {
                    Some(received) => return Poll::Ready(received),
                    None => continue,
                }
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.beat();
        }
    }

    /// Hands queued frames to the link. A link that fails here says why in `poll_recv`.
    fn write(&mut self, cx: &mut Context<'_>) {
        while let Some(payload) = self.outgoing.front() {
            match self.link.poll_ready(Lane::MAIN, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) | Poll::Pending => break,
            }
            let sent = self.link.start_send(Lane::MAIN, payload.clone());
            if sent == Err(SendError::Closed) {
                break;
            }
            self.outgoing.pop_front();
        }
        let _: Poll<Result<(), SendError>> = self.link.poll_flush(cx);
    }

    fn take(&mut self, incoming: Incoming) -> Option<Received> {
        let (payload, lossy) = match incoming {
            Incoming::Frame { payload, .. } => (payload, false),
            Incoming::Datagram(payload) => (payload, true),
            Incoming::Ping | Incoming::Pong => return None,
            Incoming::Closed(farewell) => {
                self.over = Some(farewell.clone());
                return Some(Received::Closed(farewell));
            }
        };
        match codec::decode::<ServerFrame>(&payload, self.codec) {
            Ok(ServerFrame::Signal(signal)) => Some(Received::Signal(signal)),
            // Anybody can send a datagram to a socket's address: a bad one is just dropped.
            _ if lossy => None,
            Ok(ServerFrame::Event(event)) => Some(Received::Event(event)),
            Ok(ServerFrame::Reply(answer)) => {
                let id = RequestId(answer.id);
                let result = match answer.result {
                    Answered::Ok(reply) => Ok(reply),
                    Answered::Error(error) => Err(error),
                };
                // Answers to heartbeats are not counted as in flight.
                self.in_flight.remove(&id).then_some(Received::Answer { id, result })
            }
            Err(error) => {
                let reason = format!("the server sent a malformed frame: {error}");
                let farewell = Farewell::new(CloseCode::Protocol.number(), reason);
                self.over = Some(farewell.clone());
                Some(Received::Closed(farewell))
            }
        }
    }

    /// The timer fired: pings the server, or gives up.
    fn beat(&mut self) {
        let now = Instant::now();
        match self.asked {
            Some(asked) if now >= asked + self.heartbeat.grace => {
                self.end(Farewell::abrupt("the server is silent"));
                return;
            }
            Some(_) => {}
            None => {
                // A command rather than the link's ping: it shows that the session is alive, too.
                let id = self.fresh_id();
                let ping = Request { id: id.0, command: Command::Ping(Empty {}) };
                if let Ok(payload) = self.encode(&ClientFrame::Request(ping)) {
                    self.outgoing.push_back(payload);
                }
                self.asked = Some(now);
            }
        }
        self.arm();
    }

    fn arm(&mut self) {
        let next = match self.asked {
            Some(asked) => asked + self.heartbeat.grace,
            None => Instant::now() + self.heartbeat.every,
        };
        self.timer.as_mut().reset(next);
    }

    fn end(&mut self, farewell: Farewell) -> ConnectionError {
        self.over = Some(farewell.clone());
        ConnectionError::Closed(farewell)
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
pub(crate) mod tests;
