//! `message.reported`.

use postcard_schema::Schema;
use serde::Serialize;

use super::{messages::BodyKind, rooms::About};
use crate::{
    bounded::Text,
    command::ReportReason,
    ids::UserId,
    limits::{PREVIEW_BYTES, REPORT_BYTES},
    numbers::{MessageNumber, Position},
};

/// Somebody reported a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MessageReported {
    /// The room.
    pub room: About,
    /// The position of the message.
    pub message: Position,
    /// The message's number.
    pub number: MessageNumber,
    /// Who wrote it; null for a service.
    pub sender: Option<UserId>,
    /// Who reported it.
    pub reporter: UserId,
    /// Why.
    pub reason: ReportReason,
    /// What else they said; may be empty.
    pub text: Text<REPORT_BYTES>,
    /// What kind of message it is now; `deleted` if it was deleted meanwhile.
    pub body: BodyKind,
    /// Its first words, as in `chat.message.created`.
    pub preview: Text<PREVIEW_BYTES>,
}
