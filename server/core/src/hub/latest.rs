//! Events of which only the newest for each key is worth sending.

use std::{collections::BTreeMap, sync::Arc};

use caffis_schema::{RoomId, UserId};

use super::encoded::Encoded;

/// The most different keys of latest events that wait; one more is dropped, and snapshots repair it.
pub const LATEST_KEYS: usize = 2_048;

/// Of what only the newest is worth sending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatestKey {
    /// The head of a large room.
    Head(RoomId),
    /// A member's marker.
    Marker(RoomId, UserId),
    /// The person's own read marker.
    OwnRead(RoomId),
    /// The person's own presence and settings.
    OwnState,
    /// Somebody's presence.
    Presence(UserId),
    /// Who walked into or out of a room.
    Attendance(RoomId, UserId),
    /// Somebody's profile.
    Profile(UserId),
}

/// The newest event of each key, in the order in which they came: of what concerns several keys, a
/// count of people for one, the newest comes last.
#[derive(Debug, Default)]
pub(super) struct Latest {
    order: BTreeMap<u64, (LatestKey, Arc<Encoded>)>,
    keys: BTreeMap<LatestKey, u64>,
    next: u64,
}

impl Latest {
    pub(super) fn insert(&mut self, key: LatestKey, event: Arc<Encoded>) {
        match self.keys.get(&key) {
            Some(older) => drop(self.order.remove(older)),
            None if self.keys.len() >= LATEST_KEYS => return,
            None => {}
        }
        self.keys.insert(key.clone(), self.next);
        self.order.insert(self.next, (key, event));
        self.next += 1;
    }

    pub(super) fn pop_first(&mut self) -> Option<Arc<Encoded>> {
        let (_, (key, event)) = self.order.pop_first()?;
        self.keys.remove(&key);
        Some(event)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
