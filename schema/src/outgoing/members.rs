//! `member.joined` and `member.left`.

use postcard_schema::Schema;
use serde::Serialize;

use super::rooms::About;
use crate::{bounded::List, ids::UserId, limits::USERS_PER_COMMAND, numbers::Position};

/// Members joined a room. Those with whom it was made are in `room.created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MembersJoined {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// Who joined.
    pub users: List<UserId, USERS_PER_COMMAND>,
    /// Who added them; null for a service.
    pub by: Option<UserId>,
}

/// A member left a room, or was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct MembersLeft {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// Who is not in it any more.
    pub user: UserId,
    /// Who removed them: they themselves if they left, null for a service.
    pub by: Option<UserId>,
}
