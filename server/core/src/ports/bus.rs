//! The bus port: how the nodes of a cluster talk while they run.
//!
//! The bus is a hint, never the truth: what it carries is in the store, or may be lost. The contract, on
//! every back end:
//!
//! - **Published messages** may be lost, doubled, late and out of order, to each subscriber in its own
//!   way. They are never changed, and nobody hears of a topic that it did not ask for.
//! - **Requests** may be lost or late, also later than whoever asked waits. They are delivered **at most
//!   once**, and so are their replies; a reply is never taken for that of another request.
//! - **Everything is bounded** by the limits below. What does not fit is dropped where it would have to
//!   wait, so a slow subscriber holds up nobody; the subscriber hears of it ([`Heard::Gap`]), whoever
//!   asked hears [`BusError::NoReply`].
//! - Nothing is kept for those who come later: a subscription hears what was published after
//!   [`Subscription::add`] has answered.
//!
//! A process on its own needs no bus.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

pub use crate::model::node::NodeId;

/// The most bytes of a topic.
pub const MAX_TOPIC_BYTES: usize = 128;

/// The most bytes of a message, a request or a reply.
pub const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;

/// The most messages that wait for one subscriber.
pub const SUBSCRIBER_MESSAGES: usize = 4_096;

/// The most bytes of the payloads that wait for one subscriber.
pub const SUBSCRIBER_BYTES: usize = 16 * 1024 * 1024;

/// The most topics of one subscription.
pub const SUBSCRIBER_TOPICS: usize = 100_000;

/// The most requests that wait to be taken by one node.
pub const WAITING_REQUESTS: usize = 4_096;

/// The longest time for which a reply may be waited.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// What a message is about. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic(Arc<str>);

impl Topic {
    /// A topic with this name.
    ///
    /// # Errors
    /// It has more than [`MAX_TOPIC_BYTES`], or none.
    pub fn new(name: &str) -> Result<Self, BusError> {
        if name.is_empty() || name.len() > MAX_TOPIC_BYTES {
            return Err(BusError::Invalid(format!("a topic of {} bytes", name.len())));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why the bus could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BusError {
    /// The bus cannot be reached; nothing was sent.
    #[error("the bus is not available: {0}")]
    Unavailable(String),
    /// Nobody takes requests under this id; nobody got it. A bus that cannot tell says `NoReply`.
    #[error("there is no node {0}")]
    NoNode(NodeId),
    /// No reply came in time. The request may have been done, or may still be.
    #[error("no reply came in time")]
    NoReply,
    /// It does not fit a limit; nothing was sent.
    #[error("the bus does not take that: {0}")]
    Invalid(String),
}

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message {
        /// Who published it.
        from: NodeId,
        /// What it is about.
        topic: Topic,
        /// What it says.
        payload: Bytes,
    },
    /// Here messages may be missing, of any of the topics: the queue was full, or the connection to the
    /// bus was lost for a while. That there was no gap is never said: other losses go unnoticed.
    Gap,
}

/// A request to this node.
#[derive(Debug)]
pub struct Request {
    /// Who asks.
    pub from: NodeId,
    /// What.
    pub payload: Bytes,
    /// How long the one who asks waits, counted from when it was sent.
    pub within: Duration,
    /// How to reply.
    pub reply: Reply,
}

/// Takes the reply to one request. Dropped without one, it leaves whoever asked waiting to the end.
pub struct Reply(Box<dyn FnOnce(Bytes) + Send>);

impl Reply {
    /// A reply that is sent by this function.
    #[must_use]
    pub fn new(send: impl FnOnce(Bytes) + Send + 'static) -> Self {
        Self(Box::new(send))
    }

    /// Replies. Whoever asked may have gone, and the reply may be lost. One of more than
    /// [`MAX_PAYLOAD_BYTES`] is dropped.
    pub fn send(self, payload: Bytes) {
        if payload.len() <= MAX_PAYLOAD_BYTES {
            (self.0)(payload);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// An answer of the bus, to come.
pub type BusFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BusError>> + Send + 'a>>;

/// Something that the bus brings, to come; none when the bus has ended for this node.
pub type NextFuture<'a, T> = Pin<Box<dyn Future<Output = Option<T>> + Send + 'a>>;

/// A subscriber's topics and queue. Dropping it ends it.
pub trait Subscription: Send {
    /// Adds topics: what is published on them after this has answered is heard, if it is not lost. One
    /// that it has already is left as it is.
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()>;

    /// Takes topics away: of what is published on them after this has answered nothing is heard. What
    /// waits already, or is on its way, may still be.
    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()>;

    /// What comes next. Dropping the future loses nothing.
    fn next(&mut self) -> NextFuture<'_, Heard>;
}

/// The requests to a node, in the order of their arrival.
pub trait Requests: Send {
    /// The next request. Dropping the future loses nothing.
    fn next(&mut self) -> NextFuture<'_, Request>;
}

/// A node's connection to the bus. See the module's documentation for what it promises.
pub trait Bus: Send + Sync + 'static {
    /// This node.
    fn node(&self) -> NodeId;

    /// Publishes a message to all nodes, this one included. `Ok` says that it was handed on; nobody may
    /// have been listening.
    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()>;

    /// A new subscription, without topics.
    fn subscribe(&self) -> Box<dyn Subscription>;

    /// Asks a node, which may be this one, and waits for its reply, at most so long. A request whose
    /// future is dropped may still be delivered.
    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes>;

    /// The requests to this node from now on. A node takes them in one place: of two, the later one gets
    /// them.
    fn requests(&self) -> Box<dyn Requests>;
}

/// A bus, shared.
pub type SharedBus = Arc<dyn Bus>;

/// Checks a payload.
///
/// # Errors
/// `Invalid`.
pub fn check_payload(payload: &Bytes) -> Result<(), BusError> {
    let bytes = payload.len();
    if bytes > MAX_PAYLOAD_BYTES {
        return Err(BusError::Invalid(format!("{bytes} bytes, at most {MAX_PAYLOAD_BYTES}")));
    }
    Ok(())
}

/// Checks a request.
///
/// # Errors
/// `Invalid`.
pub fn check_request(payload: &Bytes, within: Duration) -> Result<(), BusError> {
    if within.is_zero() || within > MAX_WAIT {
        return Err(BusError::Invalid(format!("{within:?} for a reply, at most {MAX_WAIT:?}")));
    }
    check_payload(payload)
}

/// Checks how many topics a subscription would have.
///
/// # Errors
/// `Invalid`.
pub fn check_topics(count: usize) -> Result<(), BusError> {
    if count > SUBSCRIBER_TOPICS {
        return Err(BusError::Invalid(format!("{count} topics, at most {SUBSCRIBER_TOPICS}")));
    }
    Ok(())
}
