//! Events of which only the newest for each key is worth sending.

use std::{collections::BTreeMap, sync::Arc};

use caffis_schema::{ClientId, Position, RoomId, UserId};

use super::encoded::Encoded;

/// The most different keys of latest events that wait; one more is dropped, and snapshots repair it.
pub const LATEST_KEYS: usize = 2_048;

/// Of what only the newest is worth sending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatestKey {
    /// The head of a large room.
    Head(RoomId),
    /// The markers of a room's members.
    Markers(RoomId),
    /// The person's own read marker.
    OwnRead(RoomId),
    /// What the person has written in a room and not sent.
    Draft(RoomId),
    /// What the person has written in a thread and not sent.
    ThreadDraft(RoomId, Position),
    /// A message that the person scheduled in a room.
    Scheduled(RoomId, ClientId),
    /// The person's own presence and settings.
    OwnState,
    /// Somebody's presence.
    Presence(UserId),
    /// Who walked into or out of a room; none where only the count is told.
    Attendance(RoomId, Option<UserId>),
    /// Somebody's profile.
    Profile(UserId),
}

impl LatestKey {
    /// The room that the event is about; none when it is about a person.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::Head(room)
            | Self::Markers(room)
            | Self::OwnRead(room)
            | Self::Draft(room)
            | Self::ThreadDraft(room, _)
            | Self::Scheduled(room, _)
            | Self::Attendance(room, _) => Some(*room),
            Self::OwnState | Self::Presence(_) | Self::Profile(_) => None,
        }
    }
}

/// The newest event of each key, in the order in which they came. Where several keys tell of one
/// thing, the number of people in a room for example, the newest comes last.
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

    /// Whether an event of this key waits.
    pub(super) fn contains(&self, key: &LatestKey) -> bool {
        self.keys.contains_key(key)
    }

    /// Drops what waits of a room.
    pub(super) fn forget_room(&mut self, room: RoomId) {
        self.order.retain(|_, (key, _)| key.room() != Some(room));
        self.keys.retain(|key, _| key.room() != Some(room));
    }

    pub(super) fn pop_first(&mut self) -> Option<Arc<Encoded>> {
        let (_, (key, event)) = self.order.pop_first()?;
        self.keys.remove(&key);
        Some(event)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}
