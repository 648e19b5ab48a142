//! Creating a room from a plan that is kept with the claim of its context.

use caffis_schema::{
    EntryKind, List, Position, RoomId, Text, Timestamp, UserId,
    event::Created,
    limits::{NAME_BYTES, USERS_PER_COMMAND},
    room::{Context, HistoryPolicy, RoomClass},
};
use serde::{Deserialize, Serialize};

use super::{cell::Loaded, command::Change};
use crate::model::room::{RoomMeta, RoomState};

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

/// A room before its first entry.
pub(super) fn new_room(id: RoomId, plan: &RoomPlan, now: Timestamp) -> Loaded {
    Loaded::empty(RoomState::new(RoomMeta {
        id,
        class: plan.class,
        context: plan.context.clone(),
        name: plan.name.clone(),
        creator: plan.creator.clone(),
        created: now,
        history: plan.history,
    }))
}

/// The pure step: the first entry of a room, when there is none yet.
pub(super) fn step(room: &RoomState, plan: &RoomPlan) -> Change {
    if room.head > Position::ZERO {
        return Change::default();
    }
    Change::from(EntryKind::Created(Created {
        by: plan.creator.clone(),
        class: plan.class,
        context: plan.context.clone(),
        name: plan.name.clone(),
        members: plan.members.clone(),
    }))
}
