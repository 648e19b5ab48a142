//! What a room is called, what it is for, and what later members see, as its admins have set it.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::Text,
    ids::{RoomId, UserId},
    limits::{DESCRIPTION_BYTES, NAME_BYTES},
    room::{ClientKey, HistoryPolicy},
};

/// What a room is called, what it is for, and what later members see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomInfo {
    /// Its name, if it has one of its own.
    pub name: Option<Text<NAME_BYTES>>,
    /// What it is for.
    pub description: Option<Text<DESCRIPTION_BYTES>>,
    /// What those see of the time before who join from now on.
    pub history: HistoryPolicy,
}

/// See [`Command::SetRoomInfo`](crate::Command::SetRoomInfo).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetRoomInfo {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The name; none leaves it as it is.
    pub name: Option<Text<NAME_BYTES>>,
    /// What it is for; an empty text takes it away, none leaves it as it is.
    pub description: Option<Text<DESCRIPTION_BYTES>>,
    /// What those see of the time before who join from now on; none leaves it as it is.
    pub history: Option<HistoryPolicy>,
}

/// See [`EntryKind::Info`](crate::EntryKind::Info).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InfoChange {
    /// How it is now.
    pub info: RoomInfo,
    /// How it was before.
    pub before: RoomInfo,
    /// Who changed it, or none for a service.
    pub by: Option<UserId>,
}
