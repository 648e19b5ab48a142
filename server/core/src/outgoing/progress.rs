//! How far an endpoint has been told of each room: in memory, and in the store.
//!
//! Positions are written a moment after they moved, those of many rooms at once: after a crash an endpoint is
//! told what was delivered in that moment once more, with the same ids. That a room waits for a retry is written at
//! once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use caffis_schema::{Position, RoomId, Timestamp};
use futures_util::future::try_join;

use crate::{
    cluster::Shard,
    ports::{
        stamps::Stamps,
        store::{Batch, SharedStore, StoreError},
    },
    sync::lock,
    tables::{self, ProgressRow, RetryRow},
};

/// Rooms of which memory knows how far they are. Of others the store is asked.
const KNOWN: usize = 10_000;

/// Positions in one write.
pub(super) const GATHERED: usize = 1_000;

/// Why a room waits, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retry {
    /// Since when it does.
    pub(super) since: Timestamp,
    /// How often the event that is next was tried.
    pub(super) attempts: u64,
    /// When it is tried again.
    pub(super) due: Timestamp,
}

/// How far an endpoint has been told of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// Up to here; none if it was never told of the room.
    pub(super) position: Option<Position>,
    /// Whether the room waits.
    pub(super) retry: Option<Retry>,
}

/// The rooms of one endpoint.
pub(super) struct Progress {
    endpoint: Arc<str>,
    store: SharedStore,
    stamps: Arc<Stamps>,
    state: Mutex<State>,
    /// One write at a time.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// By room, in the epoch in which this node owns it.
    rooms: BTreeMap<RoomId, (u64, Known)>,
    /// Those whose position the store does not have yet.
    gathered: BTreeSet<RoomId>,
    /// Those that are worked on, and how often.
    pinned: BTreeMap<RoomId, usize>,
}

impl State {
    /// What memory has of a room in an epoch.
    fn known(&mut self, room: RoomId, epoch: u64) -> Option<&mut Known> {
        self.rooms.get_mut(&room).filter(|(of, _)| *of == epoch).map(|(_, known)| known)
    }

    /// Takes in what the store has of a room, unless memory has it by now.
    fn take_in(&mut self, room: RoomId, epoch: u64, known: Known) -> Known {
        if let Some(newer) = self.known(room, epoch) {
            return *newer;
        }
        if self.rooms.len() >= KNOWN {
            let (gathered, pinned) = (&self.gathered, &self.pinned);
            let is_kept = |room: &RoomId| gathered.contains(room) || pinned.contains_key(room);
            self.rooms.retain(|room, _| is_kept(room));
        }
        // What an earlier epoch has not written, its next owner tells again.
        self.gathered.remove(&room);
        self.rooms.insert(room, (epoch, known));
        known
    }
}

/// A room that is worked on, which memory does not forget meanwhile.
pub(super) struct Pin<'a> {
    progress: &'a Progress,
    room: RoomId,
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.progress.state);
        if let Some(count) = state.pinned.get_mut(&self.room) {
            *count -= 1;
            if *count == 0 {
                state.pinned.remove(&self.room);
            }
        }
    }
}

impl Progress {
    pub(super) fn new(endpoint: Arc<str>, store: SharedStore, stamps: Arc<Stamps>) -> Self {
        Self { endpoint, store, stamps, state: Mutex::default(), writing: Default::default() }
    }

    /// Keeps a room in memory: whoever changes what is known of it holds this from before they find it.
    pub(super) fn pin(&self, room: RoomId) -> Pin<'_> {
        *lock(&self.state).pinned.entry(room).or_default() += 1;
        Pin { progress: self, room }
    }

    /// How far a room is that this node owns in an epoch.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn find(&self, room: RoomId, epoch: u64) -> Result<Known, StoreError> {
        if let Some(known) = lock(&self.state).known(room, epoch) {
            return Ok(*known);
        }
        let retry = RetryRow::key(&Shard::of(room).get(), &self.endpoint, &room);
        let told = ProgressRow::key(&room, &self.endpoint);
        let (told, retry) = try_join(
            tables::get::<ProgressRow>(&*self.store, told),
            tables::get::<RetryRow>(&*self.store, retry),
        )
        .await?;
        let known = Known {
            position: told.map(|row| row.position),
            retry: retry.map(|row| {
                let RetryRow { since, attempts, due, .. } = row;
                Retry { since, attempts, due }
            }),
        };
        Ok(lock(&self.state).take_in(room, epoch, known))
    }

    /// The endpoint was told of a room up to a position.
    pub(super) fn advance(&self, room: RoomId, epoch: u64, position: Position) {
        let mut state = lock(&self.state);
        if let Some(known) = state.known(room, epoch) {
            known.position = Some(position);
            state.gathered.insert(room);
        }
    }

    /// Changes what memory has of the retry of a room. The store has it when the next one is scheduled; after
    /// a crash the room is tried as if it had not changed.
    pub(super) fn change(&self, room: RoomId, epoch: u64, change: impl FnOnce(&mut Retry)) {
        let mut state = lock(&self.state);
        if let Some(retry) = state.known(room, epoch).and_then(|known| known.retry.as_mut()) {
            change(retry);
        }
    }

    /// How many positions the store does not have yet.
    pub(super) fn gathered(&self) -> usize {
        lock(&self.state).gathered.len()
    }

    /// Writes the positions that the store does not have yet.
    ///
    /// # Errors
    /// The store's; they are written next time.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let most = GATHERED.min(self.store.limits().batch_operations);
        loop {
            let taken: Vec<(RoomId, Option<Position>)> = {
                let state = lock(&self.state);
                let rooms = state.gathered.iter().take(most);
                let known = |room| state.rooms.get(room).and_then(|(_, known)| known.position);
                rooms.map(|room| (*room, known(room))).collect()
            };
            if taken.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::repairable(self.stamps.next()?);
            for (room, position) in &taken {
                if let Some(position) = *position {
                    batch.put(&ProgressRow {
                        room: *room,
                        endpoint: self.endpoint.clone(),
                        position,
                    });
                }
            }
            self.store.write(batch).await?;
            let mut state = lock(&self.state);
            for (room, position) in taken {
                let now = state.rooms.get(&room).and_then(|(_, known)| known.position);
                // Else it has moved meanwhile.
                if now == position {
                    state.gathered.remove(&room);
                }
            }
        }
    }

    /// Schedules the retry of a room, durably. Its position is written with it.
    ///
    /// # Errors
    /// The store's; none is scheduled then.
    pub(super) async fn schedule_retry(
        &self,
        room: RoomId,
        epoch: u64,
        retry: Retry,
    ) -> Result<(), StoreError> {
        let Retry { since, attempts, due } = retry;
        let (shard, endpoint) = (Shard::of(room).get(), self.endpoint.clone());
        let mut batch = Batch::repairable(self.stamps.next()?);
        let position = lock(&self.state).known(room, epoch).and_then(|known| known.position);
        if let Some(position) = position {
            batch.put(&ProgressRow { room, endpoint: endpoint.clone(), position });
        }
        batch.put(&RetryRow { shard, endpoint, room, since, attempts, due });
        self.store.write(batch).await?;
        self.set_retry(room, epoch, Some(retry));
        Ok(())
    }

    /// A room waits for no retry any more.
    ///
    /// # Errors
    /// The store's; it is still scheduled then.
    pub(super) async fn cancel_retry(&self, room: RoomId, epoch: u64) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.stamps.next()?);
        let key = RetryRow::key(&Shard::of(room).get(), &self.endpoint, &room);
        batch.delete::<RetryRow>(key);
        self.store.write(batch).await?;
        self.set_retry(room, epoch, None);
        Ok(())
    }

    fn set_retry(&self, room: RoomId, epoch: u64, retry: Option<Retry>) {
        if let Some(known) = lock(&self.state).known(room, epoch) {
            known.retry = retry;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> Known {
        Known { position: Some(Position(position)), retry: None }
    }

    #[test]
    fn memory_forgets_neither_what_is_worked_on_nor_what_the_store_lacks() {
        let room = RoomId::from_random;
        let mut state = State::default();
        for number in 0..KNOWN as u64 {
            state.take_in(room(number), 1, at(number));
        }
        state.pinned.insert(room(3), 1);
        state.gathered.insert(room(5));
        state.take_in(room(KNOWN as u64), 1, at(1));
        let left: Vec<_> = state.rooms.keys().copied().collect();
        assert_eq!(left, [room(3), room(5), room(KNOWN as u64)]);
    }

    #[test]
    fn what_was_read_before_it_moved_does_not_count() {
        let (mut state, room) = (State::default(), RoomId::from_random(1));
        assert_eq!(state.take_in(room, 1, at(7)), at(7));
        assert_eq!(state.take_in(room, 1, at(5)), at(7));
        assert_eq!(state.known(room, 2), None, "another epoch reads again");
        assert_eq!(state.take_in(room, 2, at(5)), at(5));
        assert_eq!(state.known(room, 1), None);
    }
}
