//! `chat.message.edited` and `chat.message.deleted`.

use postcard_schema::Schema;
use serde::Serialize;

use super::{messages::BodyKind, rooms::About};
use crate::{
    bounded::Text,
    ids::UserId,
    limits::PREVIEW_BYTES,
    numbers::{MessageNumber, Position},
};

/// The words of a message changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MessageEdited {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// The position of the message.
    pub message: Position,
    /// The message's number.
    pub number: MessageNumber,
    /// How often it was edited, with this one.
    pub revision: u32,
    /// What kind of message it is now; `deleted` if this edit was replaced by the time that it is told.
    pub body: BodyKind,
    /// Its first words, as in `chat.message.created`; empty if this edit was replaced.
    pub preview: Text<PREVIEW_BYTES>,
}

/// A message was deleted for everyone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MessageDeleted {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// The position of the message.
    pub message: Position,
    /// The message's number.
    pub number: MessageNumber,
    /// Who deleted it; null for a service.
    pub by: Option<UserId>,
}
