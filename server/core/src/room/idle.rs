//! Taking rooms that nobody uses out of memory.
//!
//! Rooms wait in a queue from when they become idle. When more wait than may, the front of the queue
//! is looked at: a room that is in use again leaves the queue, one that was used meanwhile or has
//! something unsaved goes to its end, and any other one leaves memory. Each look is cheap, and their
//! number is bounded, however many rooms there are.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    cell::{Inner, Loaded, RoomCell},
    rooms::Rooms,
};
use crate::sync::lock;

/// A room stays in memory for so long after it was last used: whoever had it loaded gets to use it.
const GRACE: Duration = Duration::from_secs(1);

/// Rooms that are looked at when one becomes idle: more than one, so that the queue gets shorter.
pub(super) const LOOKS: usize = 2;

/// Rooms that are looked at by housekeeping.
pub(super) const HOUSEKEEPING_LOOKS: usize = 1_024;

/// Rooms that became idle, each with when it had last been used.
pub(super) type IdleRooms = VecDeque<(Instant, Arc<RoomCell>)>;

impl Inner {
    /// Whether nobody uses the room.
    fn is_idle(&self) -> bool {
        !self.driving && self.feed.is_empty()
    }

    /// Whether memory has something that the store does not.
    fn is_unsaved(&self) -> bool {
        self.loaded.as_ref().is_some_and(Loaded::is_unsaved) || self.distrust || self.digest_due
    }
}

impl Rooms {
    /// Queues a room that nobody uses any more. Call [`Rooms::evict`] once its lock is released.
    pub(super) fn note_idle(&self, cell: &Arc<RoomCell>, inner: &mut Inner) {
        if inner.is_idle() && !inner.evicted && !inner.idle_queued {
            inner.idle_queued = true;
            lock(&self.idle).push_back((inner.used, cell.clone()));
        }
    }

    /// Takes rooms out of memory, the ones that were used longest ago first, while more are idle than
    /// may be; looks at so many.
    pub(super) fn evict(&self, looks: usize) {
        for _ in 0..looks {
            let next = {
                let mut idle = lock(&self.idle);
                let recent = |(used, _): &(Instant, _)| used.elapsed() < GRACE;
                if idle.len() <= self.settings.idle_rooms || idle.front().is_none_or(recent) {
                    return;
                }
                idle.pop_front()
            };
            if let Some((used, cell)) = next {
                self.evict_one(used, &cell);
            }
        }
    }

    fn evict_one(&self, used: Instant, cell: &Arc<RoomCell>) {
        let mut map = lock(&self.map);
        let mut inner = lock(&cell.inner);
        inner.idle_queued = false;
        if !inner.is_idle() || inner.evicted {
            return;
        }
        let unsaved = inner.is_unsaved() || cell.saving.try_lock().is_err();
        if unsaved {
            // Looked at again after those that were used until now.
            inner.used = Instant::now();
        }
        if unsaved || inner.used > used {
            self.note_idle(cell, &mut inner);
            return;
        }
        inner.evicted = true;
        map.remove(&cell.id);
    }
}
