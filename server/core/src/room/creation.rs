//! Creating a room from a plan that is kept with the claim of its context.

use caffis_schema::{EntryKind, Position, RoomId, Timestamp, event::Created};

use super::{cell::Loaded, command::Change, plan::RoomPlan};
use crate::model::room::{RoomMeta, RoomState};

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
        description: None,
        changed: Position::ZERO,
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
