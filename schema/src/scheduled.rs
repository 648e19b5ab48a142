//! Messages that a person has written and that are sent later. Nobody else hears of them before.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    error::ErrorCode,
    event::Body,
    ids::{ClientId, RoomId},
    limits::{EXTRAS, PAGE_SCHEDULED},
    numbers::Timestamp,
    room::{ClientKey, Extra},
};

/// See [`Command::Schedule`](crate::Command::Schedule).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Schedule {
    /// The idempotency key. Its id is that of the scheduled message, and then of the message that is sent.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// What it says.
    pub body: Body,
    /// What belongs to it besides its words; at most one of each kind.
    #[serde(default)]
    pub extras: List<Extra, EXTRAS>,
    /// When it is sent, on the server's clock.
    pub due: Timestamp,
}

/// See [`Command::ChangeScheduled`](crate::Command::ChangeScheduled).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ChangeScheduled {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// Which scheduled message.
    pub id: ClientId,
    /// What it says from now on.
    pub body: Body,
    /// What belongs to it from now on.
    #[serde(default)]
    pub extras: List<Extra, EXTRAS>,
    /// When it is sent from now on.
    pub due: Timestamp,
}

/// See [`Command::CancelScheduled`](crate::Command::CancelScheduled).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct CancelScheduled {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// Which scheduled message.
    pub id: ClientId,
}

/// See [`Command::SendScheduled`](crate::Command::SendScheduled).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SendScheduled {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// Which scheduled message.
    pub id: ClientId,
}

/// See [`Command::Scheduled`](crate::Command::Scheduled).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Scheduled {
    /// The room, or none for all rooms.
    pub room: Option<RoomId>,
    /// Where the page before this one says to go on, or none for the first.
    pub after: Option<ScheduledPlace>,
}

/// A place among a person's scheduled messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ScheduledPlace {
    /// The room.
    pub room: RoomId,
    /// The scheduled message.
    pub id: ClientId,
}

/// A message that is sent later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ScheduledMessage {
    /// The room.
    pub room: RoomId,
    /// Which one: the id of the command that scheduled it.
    pub id: ClientId,
    /// What it says.
    pub body: Body,
    /// What belongs to it besides its words.
    pub extras: List<Extra, EXTRAS>,
    /// When it is sent.
    pub due: Timestamp,
    /// Why it was not sent when it was due; none while it waits.
    pub failed: Option<ErrorCode>,
}

/// See [`Event::Scheduled`](crate::Event::Scheduled).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ScheduledChange {
    /// The room.
    pub room: RoomId,
    /// Which scheduled message.
    pub id: ClientId,
    /// What it is now; none when it was sent or cancelled.
    pub message: Option<ScheduledMessage>,
}

/// The answer to scheduled: by room, and in a room by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ScheduledPage {
    /// The messages, also of rooms that the person has left.
    pub messages: List<ScheduledMessage, PAGE_SCHEDULED>,
    /// Where to go on; none if that was all.
    pub next: Option<ScheduledPlace>,
}
