//! Where a room stands in a person's own list. Nobody else hears of it.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{ids::RoomId, numbers::MessageNumber};

/// Where a room stands in a person's own list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Among the others, by what happened last.
    #[default]
    Listed,
    /// Before all others.
    Pinned,
    /// Put aside until the next message; while the room is muted, also after that.
    Archived,
    /// Not shown until the next message.
    Hidden,
}

/// Where a person has put a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Placed {
    /// Where.
    pub placement: Placement,
    /// The number of the room's last message at that time; 0 where the room is listed. What is archived or hidden
    /// is so while no message is after it.
    pub number: MessageNumber,
}

/// See [`Command::SetPlacement`](crate::Command::SetPlacement).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetPlacement {
    /// The room.
    pub room: RoomId,
    /// Where it stands from now on.
    pub placement: Placement,
}

/// See [`Event::Placed`](crate::Event::Placed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomPlaced {
    /// The room.
    pub room: RoomId,
    /// Where it stands.
    pub placed: Placed,
}
