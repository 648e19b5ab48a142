//! Recaps of the rooms that people were told they are in now, for the nodes that missed it.
//!
//! The news goes to the nodes where the person is connected, once, and may be lost. So with each beat the
//! node tells all others the people and rooms of the beat before, as ids; a node that has the news does
//! nothing. Recaps are numbered, and the beat says the number of the last one, so a lost recap is noticed
//! and asked for. Nothing is told while nobody enters a room, however many people are connected.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex},
};

use caffis_schema::{RoomId, UserId};

use crate::sync::lock;

/// People and rooms that they are in now.
pub(crate) type Recap = Vec<(RoomId, UserId)>;

/// The most of them in one recap: some 75 kB.
const RECAP_PEOPLE: usize = 1_000;

/// The most that wait for their beats. Of more the other nodes are told only that they missed something.
pub(crate) const WAITING_PEOPLE: usize = 32_000;

/// Recaps that are kept for those who missed them.
pub(crate) const RECAPS_KEPT: u64 = 64;

/// The recaps of this node.
#[derive(Debug, Default)]
pub(crate) struct Recaps(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since the last beat: the news may still be on its way.
    fresh: Recap,
    /// From before the last beat.
    due: Recap,
    /// Some did not fit.
    overflown: bool,
    /// The number of the last recap.
    last: u64,
    /// The last recaps.
    kept: VecDeque<Arc<Recap>>,
}

impl Recaps {
    /// Notes that a person was told that they are in a room now.
    pub(crate) fn note(&self, user: &UserId, room: RoomId) {
        let mut state = lock(&self.0);
        if state.fresh.len() + state.due.len() < WAITING_PEOPLE {
            state.fresh.push((room, user.clone()));
        } else {
            state.overflown = true;
        }
    }

    /// The recaps that are due, with their numbers. Called once in each beat.
    pub(crate) fn take(&self) -> Vec<(u64, Arc<Recap>)> {
        let mut guard = lock(&self.0);
        let state = &mut *guard;
        let due = mem::replace(&mut state.due, mem::take(&mut state.fresh));
        let mut recaps = Vec::new();
        for part in due.chunks(RECAP_PEOPLE) {
            let part = Arc::new(part.to_vec());
            state.last += 1;
            state.kept.push_back(part.clone());
            recaps.push((state.last, part));
        }
        if mem::take(&mut state.overflown) {
            // One that nobody can be given.
            state.last += 1;
            state.kept.clear();
        }
        let excess = state.kept.len().saturating_sub(RECAPS_KEPT as usize);
        state.kept.drain(..excess);
        recaps
    }

    /// How many people and rooms wait for their beats.
    pub(crate) fn waiting(&self) -> usize {
        let state = lock(&self.0);
        state.fresh.len() + state.due.len()
    }

    /// The number of the last recap.
    pub(crate) fn last(&self) -> u64 {
        lock(&self.0).last
    }

    /// A recap, if it is kept.
    pub(crate) fn get(&self, number: u64) -> Option<Arc<Recap>> {
        let state = lock(&self.0);
        let back = usize::try_from(state.last.checked_sub(number)?).ok()?;
        state.kept.len().checked_sub(back + 1).map(|place| state.kept[place].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId::new("giulia").expect("an id")
    }

    fn room(number: u64) -> RoomId {
        RoomId::from_random(number)
    }

    #[test]
    fn what_was_told_is_due_after_a_whole_beat_and_kept() {
        let recaps = Recaps::default();
        recaps.note(&user(), room(1));
        assert!(recaps.take().is_empty(), "the news may still be on its way");
        recaps.note(&user(), room(2));
        assert_eq!(recaps.take(), [(1, Arc::new(vec![(room(1), user())]))]);
        assert_eq!(recaps.take(), [(2, Arc::new(vec![(room(2), user())]))]);
        assert!(recaps.take().is_empty());
        assert_eq!(recaps.last(), 2);
        assert_eq!(recaps.get(1), Some(Arc::new(vec![(room(1), user())])));
        assert_eq!((recaps.get(0), recaps.get(3)), (None, None));
    }

    #[test]
    fn the_last_ones_are_kept_and_each_is_small() {
        let recaps = Recaps::default();
        for number in 0..2_500 {
            recaps.note(&user(), room(number));
        }
        recaps.take();
        assert_eq!(
            recaps.take().iter().map(|(_, part)| part.len()).collect::<Vec<_>>(),
            [1_000, 1_000, 500]
        );
        for number in 0..RECAPS_KEPT {
            recaps.note(&user(), room(number));
            recaps.take();
        }
        recaps.take();
        assert_eq!(recaps.last(), RECAPS_KEPT + 3);
        assert!(recaps.get(3).is_none() && recaps.get(4).is_some());
    }

    #[test]
    fn of_too_many_it_is_known_that_some_are_missing() {
        let recaps = Recaps::default();
        for number in 0..=WAITING_PEOPLE as u64 {
            recaps.note(&user(), room(number));
        }
        let before = recaps.take().len() as u64;
        assert_eq!((before, recaps.last(), recaps.get(1)), (0, 1, None));
        assert_eq!(recaps.take().len(), WAITING_PEOPLE / RECAP_PEOPLE);
        assert!(recaps.get(2).is_some());
    }
}
