//! Drafts: what a person has written and not sent, the same on all of their devices.
//!
//! The draft of a thread is a kind of its own, with commands and an event of its own, so that a client that knows no
//! threads never takes one for the draft of the room.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::RoomId,
    limits::{DRAFT_BYTES, DRAFTS, THREAD_DRAFTS},
    numbers::{Position, Timestamp},
};

/// What a person has written in a room and not sent. Of two, the one with the later time counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Draft {
    /// The room.
    pub room: RoomId,
    /// The words; empty when there is no draft any more.
    pub text: Text<DRAFT_BYTES>,
    /// When, on the device's clock corrected with the server's time.
    pub time: Timestamp,
}

/// What a person has written in a thread and not sent. Of two, the one with the later time counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ThreadDraft {
    /// The room.
    pub room: RoomId,
    /// The position of the root.
    pub root: Position,
    /// The words; empty when there is no draft any more.
    pub text: Text<DRAFT_BYTES>,
    /// When, on the device's clock corrected with the server's time.
    pub time: Timestamp,
}

/// The answer to drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct DraftList {
    /// The drafts, newest first, also of rooms that the person has left.
    pub drafts: List<Draft, DRAFTS>,
}

/// The answer to thread_drafts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ThreadDraftList {
    /// The drafts, newest first, also of rooms that the person has left; none of a thread whose root was deleted.
    pub drafts: List<ThreadDraft, THREAD_DRAFTS>,
}
