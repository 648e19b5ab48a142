//! The index port: which messages have which words.
//!
//! Core's own index ([`crate::search::Inverted`]) keeps its rows in the store. An engine of its own, such as Tantivy,
//! Quickwit or OpenSearch, takes its place by implementing [`Index`] and being given to core
//! ([`crate::Ports::index`]); docs/search.md says how. An index is never the truth: it follows the rooms a moment
//! later, may be told the same twice, and what it finds is read again, with the rights of who asks, before it is
//! shown. So an index may find too much, but has to find every message that it was told of and that matches.

use std::{future::Future, pin::Pin, sync::Arc};

use caffis_schema::{Position, RoomId, Timestamp};

/// What an index keeps of a message. It replaces what the index had of the same position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// When it was sent.
    pub time: Timestamp,
    /// Its terms, each once: words and stems, `@` with who wrote it, `#` with what it has. None of a message that
    /// was deleted.
    pub terms: Vec<Arc<str>>,
    /// Terms that it had before it was edited or deleted, and does not have now.
    pub former: Vec<Arc<str>>,
    /// What it says, for an engine with rules of its own; none of a message that was deleted.
    pub text: Option<Arc<str>>,
    /// Whether something has happened to the message since it was sent. One to which nothing has happened always comes
    /// with the same terms.
    pub changed: bool,
}

/// A message that an index found. The larger one is the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was sent.
    pub time: Timestamp,
    /// The room.
    pub room: RoomId,
    /// Its position.
    pub position: Position,
}

/// A room in which to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The room.
    pub room: RoomId,
    /// The last position that the index has of it, or a later one.
    pub last: Position,
    /// When something last happened in it, or later.
    pub active: Timestamp,
    /// Only messages after this position.
    pub after: Position,
}

/// Terms of which a message has at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The terms; a prefix stands alone.
    pub terms: Vec<Arc<str>>,
    /// Whether the term is the beginning of one.
    pub is_prefix: bool,
}

/// What to find: the newest messages in some rooms that have a term of each group.
#[derive(Clone, Copy, Debug)]
pub struct Find<'a> {
    /// Where, those with the latest activity first.
    pub scopes: &'a [Scope],
    /// The groups; at least one.
    pub groups: &'a [Wanted],
    /// Only messages before this one.
    pub before: Option<Place>,
    /// Only messages sent at this time or later.
    pub from: Timestamp,
    /// Only messages sent before this time.
    pub until: Timestamp,
    /// The most to give.
    pub limit: usize,
}

/// What was found, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The messages.
    pub places: Vec<Place>,
    /// Where the index stopped, if it did before it had looked everywhere or found as many as wanted: there may be
    /// more before this place.
    pub stopped: Option<Place>,
}

/// Why an index could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the search index is not available: {0}")]
pub struct IndexError(pub String);

/// An index's answer, to come.
pub type IndexFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, IndexError>> + Send + 'a>>;

/// An index of messages.
pub trait Index: Send + Sync + 'static {
    /// Takes in messages; no two of one position. They are found, and stay, when the future resolves.
    fn write(&self, documents: Vec<Document>) -> IndexFuture<'_, ()>;

    /// Forgets all messages of a room up to a position.
    fn forget(&self, room: RoomId, last: Position) -> IndexFuture<'_, ()>;

    /// Finds messages. The work is bounded: an index that would need more stops, and says where.
    fn find<'a>(&'a self, find: Find<'a>) -> IndexFuture<'a, Found>;
}

/// An index, shared.
pub type SharedIndex = Arc<dyn Index>;
