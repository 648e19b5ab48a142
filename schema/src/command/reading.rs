//! What is read of rooms: pages, single messages, what was found or marked.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    event::Flag,
    ids::RoomId,
    limits::{MESSAGES_PER_COMMAND, QUERY_BYTES, TIME_ZONE_BYTES},
    numbers::{Position, Timestamp},
};

/// See [`Command::Revisions`](crate::Command::Revisions).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Revisions {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// The first revision wanted; 0 is what was sent.
    pub from: u32,
}

/// Where a page of history lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The last entries.
    Latest,
    /// The entries just before this position.
    Before(Position),
    /// The entries just after this position.
    After(Position),
    /// The entries on both sides of this position, and itself.
    Around(Position),
}

/// See [`Command::History`](crate::Command::History).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct History {
    /// The room.
    pub room: RoomId,
    /// Where.
    pub anchor: Anchor,
    /// The most entries wanted.
    pub limit: u8,
}

/// See [`Command::Message`](crate::Command::Message).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MessageAt {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::Previews`](crate::Command::Previews).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Previews {
    /// The room.
    pub room: RoomId,
    /// The positions of the messages.
    pub positions: List<Position, MESSAGES_PER_COMMAND>,
}

/// See [`Command::Pins`](crate::Command::Pins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Pins {
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Search`](crate::Command::Search).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Search {
    /// The room, or none for all rooms of the person.
    pub room: Option<RoomId>,
    /// Words, `"phrases"`, beginnings of words (`cappu*`), and filters: see `docs/search.md`.
    pub query: Text<QUERY_BYTES>,
    /// The time zone (IANA) of the days after `before:` and `after:`, or none for that of the person's profile, or else
    /// UTC.
    #[serde(default)]
    pub time_zone: Option<Text<TIME_ZONE_BYTES>>,
    /// Where the page before this one says to go on, or none for the newest.
    pub before: Option<SearchPlace>,
    /// The most messages wanted.
    pub limit: u8,
}

/// See [`Command::Marked`](crate::Command::Marked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Marked {
    /// How they are marked.
    pub flag: Flag,
    /// Where the page before this one says to go on, or none for the newest.
    pub before: Option<SearchPlace>,
    /// The most messages wanted.
    pub limit: u8,
}

/// See [`Command::Marks`](crate::Command::Marks).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Marks {
    /// How they are marked.
    pub flag: Flag,
}

/// A place among what is found, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SearchPlace {
    /// When the message there was sent.
    pub time: Timestamp,
    /// Its room.
    pub room: RoomId,
    /// Its position.
    pub position: Position,
}
