//! What concerns a connection and the person behind it.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::{DeviceId, RoomId, UserId, exact},
    limits::{CLIENT_NAME_BYTES, RESUME_CURSORS, STATUS_BYTES, TOKEN_BYTES, USERS_PER_COMMAND},
    numbers::Position,
    room::Availability,
};

/// See [`Command::Hello`](crate::Command::Hello).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Hello {
    /// The newest protocol version that the client speaks.
    pub version: u16,
    /// The client's name and version, for logs.
    pub client: Text<CLIENT_NAME_BYTES>,
    /// This installation.
    pub device: DeviceId,
    /// Who the person is.
    pub token: Text<TOKEN_BYTES>,
    /// The rooms of which the client has a copy, with its position in each.
    #[serde(default)]
    pub cursors: List<Cursor, RESUME_CURSORS>,
    /// Which of the client's optional abilities the server may use; 0 for now.
    #[serde(default, deserialize_with = "exact")]
    pub capabilities: u64,
}

/// See [`Command::Refresh`](crate::Command::Refresh).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Refresh {
    /// The new token, of the same person.
    pub token: Text<TOKEN_BYTES>,
}

/// A client's position in a room: it has every entry up to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Cursor {
    /// The room.
    pub room: RoomId,
    /// The last position that the client has.
    pub position: Position,
    /// Whether to open the room (see [`Command::Open`](crate::Command::Open)).
    pub open: bool,
}

/// See [`Command::Resume`](crate::Command::Resume).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Resume {
    /// Where the client is.
    pub cursors: List<Cursor, RESUME_CURSORS>,
}

/// See [`Command::SetPresence`](crate::Command::SetPresence).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetPresence {
    /// Online or away; the server itself says offline when no device is connected.
    pub availability: Availability,
    /// The status text: an empty text removes it, none leaves it as it is.
    pub status: Option<Text<STATUS_BYTES>>,
}

/// See [`Command::SetPreferences`](crate::Command::SetPreferences).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetPreferences {
    /// Do not tell others what this person has read.
    pub private_receipts: bool,
}

/// See [`Command::Profiles`](crate::Command::Profiles).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Profiles {
    /// Who.
    pub users: List<UserId, USERS_PER_COMMAND>,
}

/// See [`ClientSignal::Typing`](super::ClientSignal::Typing).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Typing {
    /// The room.
    pub room: RoomId,
    /// Grows with each signal of this session; an older one that arrives late is dropped.
    pub counter: u32,
    /// Whether the person types or has stopped.
    pub active: bool,
}
