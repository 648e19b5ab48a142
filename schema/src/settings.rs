//! How people write in a room, as its admins have set it.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{RoomId, UserId},
    room::ClientKey,
};

/// How people write in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomSettings {
    /// The seconds between two messages of one person; 0 for no such time. Those who moderate need not wait.
    pub slow_mode_seconds: u32,
    /// Only those who moderate write, edit and react.
    pub frozen: bool,
    /// Only those who moderate write; the others react.
    pub announcements: bool,
}

/// See [`Command::SetRoomSettings`](crate::Command::SetRoomSettings).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetRoomSettings {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The seconds between two messages of one person; none leaves them as they are.
    pub slow_mode_seconds: Option<u32>,
    /// Whether only those who moderate write, edit and react.
    pub frozen: Option<bool>,
    /// Whether only those who moderate write.
    pub announcements: Option<bool>,
}

/// See [`EntryKind::Settings`](crate::EntryKind::Settings).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SettingsChange {
    /// How it is now.
    pub settings: RoomSettings,
    /// How it was before.
    pub before: RoomSettings,
    /// Who changed it, or none for a service.
    pub by: Option<UserId>,
}
