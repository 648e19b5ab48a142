//! How a room is to be made.

use caffis_schema::{
    List, Text, UserId,
    limits::{NAME_BYTES, USERS_PER_COMMAND},
    room::{Context, HistoryPolicy, RoomClass},
};
use serde::{Deserialize, Serialize};

/// How to make a room. It is kept with the claim of its context, so that anyone who finds a claim
/// without a room can finish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPlan {
    /// What the room is about.
    pub context: Context,
    /// Its class.
    pub class: RoomClass,
    /// Its name.
    pub name: Option<Text<NAME_BYTES>>,
    /// Who makes it, or none for a service.
    pub creator: Option<UserId>,
    /// Its members, the creator among them unless it is public.
    pub members: List<UserId, { USERS_PER_COMMAND + 1 }>,
    /// What later members see.
    pub history: HistoryPolicy,
}
