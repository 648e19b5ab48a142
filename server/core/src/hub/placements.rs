//! Where the people who are connected here have put rooms in their lists.
//!
//! In memory for as long as the person is connected, so a summary is completed by a look at a map, which is
//! empty for most.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_schema::{
    Reply, RoomId, UserId,
    placement::{Placed, Placement, RoomPlaced},
    room::RoomSummary,
};

use crate::sync::lock;

/// Where one person has put rooms; those that are not named are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomPlaces(BTreeMap<RoomId, Placed>);

impl RoomPlaces {
    /// Puts a room.
    pub fn insert(&mut self, room: RoomId, placed: Placed) {
        self.0.insert(room, placed);
    }

    /// Where a room is.
    #[must_use]
    pub fn of(&self, room: RoomId) -> Placed {
        self.0.get(&room).copied().unwrap_or_default()
    }

    /// Whether a room is pinned.
    #[must_use]
    pub fn is_pinned(&self, room: RoomId) -> bool {
        self.of(room).placement == Placement::Pinned
    }

    /// How many rooms are pinned.
    #[must_use]
    pub fn pinned(&self) -> usize {
        self.0.values().filter(|placed| placed.placement == Placement::Pinned).count()
    }

    /// Completes the summaries in an answer.
    pub fn complete(&self, reply: &mut Reply) {
        if self.0.is_empty() {
            return;
        }
        match reply {
            Reply::Room(summary) => self.complete_summary(summary),
            Reply::Opened(opened) => self.complete_summary(&mut opened.room),
            Reply::Rooms(page) => page.rooms.iter_mut().for_each(|it| self.complete_summary(it)),
            Reply::Welcome(welcome) => {
                welcome.rooms.iter_mut().for_each(|it| self.complete_summary(it));
            }
            _ => {}
        }
    }

    fn complete_summary(&self, summary: &mut RoomSummary) {
        summary.placed = self.of(summary.room);
    }
}

/// Where the people who are connected here have put rooms.
#[derive(Debug, Default)]
pub struct Placements {
    people: Mutex<BTreeMap<UserId, Arc<RoomPlaces>>>,
}

impl Placements {
    /// A person has come: what is told from now on is kept, and what the store has is still to be read.
    pub(crate) fn begin(&self, user: &UserId) {
        lock(&self.people).entry(user.clone()).or_default();
    }

    /// Adds what the store has of a person who is here. What was told in the meantime is newer.
    pub(crate) fn add(&self, user: &UserId, stored: &RoomPlaces) {
        let mut people = lock(&self.people);
        let Some(known) = people.get_mut(user).filter(|_| !stored.0.is_empty()) else { return };
        let known = Arc::make_mut(known);
        for (room, placed) in &stored.0 {
            known.0.entry(*room).or_insert(*placed);
        }
    }

    /// Puts a room of a person who is here; false when it was there already, or nobody knows of them. That it is
    /// listed is kept, too: what the store had before may still be on its way.
    pub(crate) fn set(&self, user: &UserId, told: &RoomPlaced) -> bool {
        let mut people = lock(&self.people);
        let Some(known) = people.get_mut(user) else { return false };
        let new = known.of(told.room) != told.placed;
        if new || !known.0.contains_key(&told.room) {
            Arc::make_mut(known).insert(told.room, told.placed);
        }
        new
    }

    /// A person who is here is no longer in a room.
    pub(crate) fn leave(&self, user: &UserId, room: RoomId) {
        if let Some(known) = lock(&self.people).get_mut(user)
            && known.0.contains_key(&room)
        {
            Arc::make_mut(known).0.remove(&room);
        }
    }

    /// All of a person; none for one who is not here.
    #[must_use]
    pub fn of(&self, user: &UserId) -> Option<Arc<RoomPlaces>> {
        lock(&self.people).get(user).cloned()
    }

    /// Completes a room's summary for a person who is here.
    pub(crate) fn complete(&self, user: &UserId, summary: &mut RoomSummary) {
        if let Some(known) = self.of(user) {
            known.complete_summary(summary);
        }
    }

    /// A person has gone.
    pub(crate) fn forget(&self, user: &UserId) {
        lock(&self.people).remove(user);
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::MessageNumber;

    use super::*;

    #[test]
    fn what_is_told_is_newer_than_what_is_read() {
        let (placements, user) = (Placements::default(), UserId::new("giulia").expect("an id"));
        let room = RoomId::from_random(1);
        let put = |placement| Placed { placement, number: MessageNumber(4) };
        let told = |placement| RoomPlaced { room, placed: put(placement) };
        assert!(!placements.set(&user, &told(Placement::Pinned)));
        assert!(placements.of(&user).is_none());
        placements.begin(&user);
        assert!(placements.set(&user, &told(Placement::Listed)));
        assert!(!placements.set(&user, &told(Placement::Listed)));
        let mut stored = RoomPlaces::default();
        stored.insert(room, put(Placement::Pinned));
        stored.insert(RoomId::from_random(2), put(Placement::Pinned));
        placements.add(&user, &stored);
        let known = placements.of(&user).expect("known");
        assert_eq!((known.is_pinned(room), known.pinned()), (false, 1));
        placements.leave(&user, RoomId::from_random(2));
        assert_eq!(placements.of(&user).expect("known").pinned(), 0);
        placements.forget(&user);
        assert!(placements.of(&user).is_none());
    }
}
