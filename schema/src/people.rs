//! What can be asked about people over REST, beside what the protocol's commands answer.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List, ids::UserId, limits::USERS_PER_COMMAND, numbers::Timestamp, room::Availability,
};

/// Whether a person may write to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MayWrite {
    /// Whether they may.
    pub may_write: bool,
}

/// Whether two people are members of the same room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SharesRoom {
    /// Whether they are.
    pub shares_room: bool,
}

/// What a person has not read, over all of their rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Unread {
    /// The messages that they have not read.
    pub messages: u64,
    /// Those of them that mention the person.
    pub mentions: u32,
    /// The rooms in which there are such messages.
    pub rooms: u32,
    /// The rooms that cannot be read right now, and are not counted.
    pub unreadable: u32,
}

/// Whether somebody is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Connection {
    /// Who.
    pub user: UserId,
    /// Whether they are connected and active.
    pub availability: Availability,
    /// When they were last connected; none while they are, or if they never were.
    pub last_seen: Option<Timestamp>,
}

/// Whether some people are connected, in the order in which they were named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Connections {
    /// One for each.
    pub people: List<Connection, USERS_PER_COMMAND>,
}
