//! The rooms of which an endpoint is to be told now.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Mutex,
};

use caffis_schema::RoomId;
use tokio::sync::Notify;

use crate::{hints::MOST_HINTS, sync::lock};

/// Rooms that wait, each once, and those that are being told: one at a time for each room.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    noted: Notify,
}

#[derive(Debug, Default)]
struct State {
    order: VecDeque<RoomId>,
    waiting: BTreeSet<RoomId>,
    /// Rooms that are being told, and whether they came again meanwhile.
    busy: BTreeMap<RoomId, bool>,
}

impl Queue {
    /// Adds a room. False if there is no place: it has to be found again.
    pub(super) fn push(&self, room: RoomId) -> bool {
        let mut state = lock(&self.state);
        if let Some(again) = state.busy.get_mut(&room) {
            *again = true;
            return true;
        }
        if state.waiting.contains(&room) {
            return true;
        }
        if state.order.len() >= MOST_HINTS {
            return false;
        }
        state.order.push_back(room);
        state.waiting.insert(room);
        drop(state);
        self.noted.notify_one();
        true
    }

    /// Takes the next room, which is busy until [`Queue::done`].
    pub(super) fn pop(&self) -> Option<RoomId> {
        let mut state = lock(&self.state);
        let room = state.order.pop_front()?;
        state.waiting.remove(&room);
        state.busy.insert(room, false);
        Some(room)
    }

    /// Takes a room out of turn, unless it is busy.
    pub(super) fn claim(&self, room: RoomId) -> bool {
        let mut state = lock(&self.state);
        if state.busy.contains_key(&room) {
            return false;
        }
        state.busy.insert(room, false);
        true
    }

    /// A room is not busy any more.
    pub(super) fn done(&self, room: RoomId) {
        let again = lock(&self.state).busy.remove(&room);
        if again == Some(true) {
            self.push(room);
        }
        self.noted.notify_one();
    }

    /// Whether a room of some is busy.
    pub(super) fn is_busy(&self, belongs: impl Fn(RoomId) -> bool) -> bool {
        lock(&self.state).busy.keys().any(|room| belongs(*room))
    }

    /// Until there may be something to do.
    pub(super) async fn noted(&self) {
        self.noted.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_taken_by_one_and_comes_again_if_something_happened() {
        let (queue, room) = (Queue::default(), RoomId::from_random(1));
        assert!(queue.push(room) && queue.push(room));
        assert_eq!((queue.pop(), queue.pop()), (Some(room), None));
        assert!(!queue.claim(room));
        assert!(queue.push(room));
        assert_eq!(queue.pop(), None, "it is busy");
        queue.done(room);
        assert_eq!(queue.pop(), Some(room));
        queue.done(room);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn more_than_fit_are_refused() {
        let queue = Queue::default();
        for number in 0..MOST_HINTS as u64 {
            assert!(queue.push(RoomId::from_random(number)));
        }
        assert!(!queue.push(RoomId::from_random(MOST_HINTS as u64)));
        assert!(queue.push(RoomId::from_random(0)), "it waits already");
    }
}
