//! `chat.message.created`.

use postcard_schema::Schema;
use serde::Serialize;

use super::rooms::About;
use crate::{
    bounded::{List, Text},
    ids::UserId,
    limits::PREVIEW_BYTES,
    numbers::{MessageNumber, Position},
};

/// Recipients that are listed in one event.
pub const RECIPIENTS: usize = 100;

/// A message was sent. Push services decide by it whom to notify, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MessageCreated {
    /// The room.
    pub room: About,
    /// The position of its entry in the room's log.
    pub position: Position,
    /// Its number: messages of a room count 1, 2, 3, ….
    pub number: MessageNumber,
    /// Who wrote it; null for a service.
    pub sender: Option<UserId>,
    /// What kind of message it is.
    pub body: BodyKind,
    /// Its first words, cut to `hook_out_preview` bytes; empty where there are none.
    pub preview: Text<PREVIEW_BYTES>,
    /// How many people it is for: the members who see it, without the sender.
    pub recipient_count: u32,
    /// Those people. If there are more than 100, only those whom the message mentions.
    pub recipients: List<Recipient, RECIPIENTS>,
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// Text that a person wrote.
    Text,
    /// A notice of a service.
    Notice,
    /// What is left of a message that was deleted before this was told.
    Deleted,
    /// A kind that this server does not know.
    Other,
    /// A poll; the first words are its question.
    Poll,
    /// Where something is; the first words are its name, its address and its coordinates.
    Location,
    /// How to reach a place; the first words are its name and its address.
    Place,
}

/// Somebody for whom a message is, as they are when the event is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct Recipient {
    /// Who.
    pub user: UserId,
    /// Whether none of their devices is connected.
    pub offline: bool,
    /// Whether it is in the hours in which they do not want to be disturbed, on their own clock.
    pub quiet: bool,
    /// Whether they muted the room.
    pub muted: bool,
    /// Whether the message mentions them, by name or with everybody in the room.
    pub mentioned: bool,
}
