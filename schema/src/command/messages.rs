//! What is done with messages.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    event::Body,
    ids::RoomId,
    limits::{EMOJI_BYTES, EXTRAS, REPORT_BYTES},
    numbers::{Position, ReplyNumber},
    room::{ClientKey, Extra, Forwarded, Mentions, ReplyTo},
    threads::InThread,
};

/// See [`Command::Send`](crate::Command::Send).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Send {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// What it says.
    pub body: Body,
    /// What belongs to it besides its words; at most one of each kind.
    #[serde(default)]
    pub extras: List<Extra, EXTRAS>,
}

impl Send {
    /// A message of words alone.
    #[must_use]
    pub fn new(key: ClientKey, room: RoomId, body: Body) -> Self {
        Self { key, room, body, extras: List::default() }
    }

    /// An answer to the message at a position.
    #[must_use]
    pub fn reply(key: ClientKey, room: RoomId, body: Body, message: Position) -> Self {
        let extras = List::cut(vec![Extra::Reply(ReplyTo { message })]);
        Self { extras, ..Self::new(key, room, body) }
    }

    /// A reply in the thread of the message at a position, and not among the room's other messages.
    #[must_use]
    pub fn in_thread(key: ClientKey, room: RoomId, body: Body, root: Position) -> Self {
        let thread = InThread { root, number: ReplyNumber::ZERO, in_room: false };
        Self { extras: List::cut(vec![Extra::Thread(thread)]), ..Self::new(key, room, body) }
    }
}

/// See [`Command::Edit`](crate::Command::Edit).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Edit {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// What it says from now on.
    pub body: Body,
    /// Whom it mentions from now on; none: the same as before.
    #[serde(default)]
    pub mentions: Option<Mentions>,
}

impl Edit {
    /// Other words, and the same mentions.
    #[must_use]
    pub fn words(key: ClientKey, room: RoomId, position: Position, body: Body) -> Self {
        Self { key, room, position, body, mentions: None }
    }
}

/// See [`Command::Delete`](crate::Command::Delete).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Delete {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::React`](crate::Command::React).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct React {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// With what.
    pub emoji: Text<EMOJI_BYTES>,
    /// Whether the reaction is added; otherwise it is taken back.
    pub add: bool,
}

/// See [`Command::Pin`](crate::Command::Pin).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Pin {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Whether it is pinned; otherwise that is taken back.
    pub pin: bool,
}

/// See [`Command::Hide`](crate::Command::Hide).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hide {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
}

/// See [`Command::Forward`](crate::Command::Forward).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Forward {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room to which it goes.
    pub room: RoomId,
    /// The room in which the message is.
    pub source: RoomId,
    /// The message's position there.
    pub position: Position,
    /// What the server found there. Clients leave it out: what they give does not count.
    #[serde(default)]
    pub copied: Option<Copied>,
}

/// A message as one server tells it to another, to be forwarded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Copied {
    /// What it says.
    pub body: Body,
    /// Where it comes from.
    pub origin: Forwarded,
}

/// See [`Command::Star`](crate::Command::Star).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Star {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Whether it is starred; otherwise that is taken back.
    pub star: bool,
}

/// Why a message is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum ReportReason {
    /// Advertising, or the same again and again.
    Spam,
    /// Somebody is bothered, threatened or mobbed.
    Harassment,
    /// Hate against groups of people.
    Hate,
    /// Violence, or a call for it.
    Violence,
    /// Sexual content.
    Sexual,
    /// An attempt to cheat somebody out of something.
    Scam,
    /// Somebody pretends to be another person.
    Impersonation,
    /// Something else: the text says what.
    Other,
}

/// See [`Command::Report`](crate::Command::Report).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Report {
    /// The room.
    pub room: RoomId,
    /// The message's position.
    pub position: Position,
    /// Why.
    pub reason: ReportReason,
    /// What else there is to say; may be empty.
    pub text: Text<REPORT_BYTES>,
}
