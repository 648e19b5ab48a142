//! The heads of rooms as far as the client knows them, for the keys of new commands.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use caffis_schema::{Position, RoomId};

/// The heads of the rooms that are held: the driver keeps them, the handles read them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heads(Arc<Mutex<BTreeMap<RoomId, Position>>>);

impl Heads {
    /// The head of a room; 0 when none is known.
    pub(crate) fn of(&self, room: RoomId) -> Position {
        self.lock().get(&room).copied().unwrap_or_default()
    }

    /// A room's log reaches this far.
    pub(crate) fn set(&self, room: RoomId, head: Position) {
        self.lock().insert(room, head);
    }

    /// A room is no longer held.
    pub(crate) fn forget(&self, room: RoomId) {
        self.lock().remove(&room);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RoomId, Position>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
