//! Taking rooms that nobody uses out of memory.
//!
//! Rooms wait in a queue from when they become idle. When more wait than may, the front of the queue
//! is looked at: a room that is in use again leaves the queue, one that was used meanwhile or has
//! something unsaved goes to its end, and any other one leaves memory. Each look is cheap, and their
//! number is bounded, however many rooms there are.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    cell::{Inner, Loaded, RoomCell},
    rooms::Rooms,
};
use crate::sync::lock;

/// Rooms that are looked at by housekeeping.
pub(super) const HOUSEKEEPING_LOOKS: usize = 1_024;

/// A change of what a room takes in memory is noted when it is at least as large as this.
const NOTED_BYTES: usize = 4 * 1024;

impl Inner {
    /// Whether nobody uses the room.
    fn is_idle(&self) -> bool {
        !self.driving && self.view.is_none()
    }

    /// Whether memory has something that the store does not.
    fn is_unsaved(&self) -> bool {
        self.loaded.as_ref().is_some_and(Loaded::is_unsaved) || self.distrust || self.digest_due
    }
}

impl Rooms {
    /// Queues a room that nobody uses any more. Call [`Rooms::evict`] once its lock is released.
    pub(super) fn note_idle(&self, cell: &Arc<RoomCell>, inner: &mut Inner) {
        if !inner.is_idle() || inner.evicted {
            return;
        }
        let bytes = inner.loaded.as_ref().map_or(0, Loaded::bytes);
        match inner.idle_bytes {
            Some(noted) if bytes.abs_diff(noted) < NOTED_BYTES => return,
            Some(noted) => {
                let mut idle = lock(&self.idle);
                idle.bytes = idle.bytes - noted + bytes;
            }
            None => {
                let mut idle = lock(&self.idle);
                idle.bytes += bytes;
                idle.queue.push_back((inner.used, cell.clone()));
            }
        }
        inner.idle_bytes = Some(bytes);
    }

    /// Takes rooms out of memory, the ones that were used longest ago first, while more are idle than
    /// may be, by their number or by what they take; looks at so many.
    pub(super) fn evict(&self, looks: usize) {
        for _ in 0..looks {
            let next = lock(&self.idle).pop_over(&self.settings);
            let Some((used, cell)) = next else { return };
            self.evict_one(used, &cell);
        }
    }

    fn evict_one(&self, used: Instant, cell: &Arc<RoomCell>) {
        let mut map = lock(&self.map);
        let mut inner = lock(&cell.inner);
        lock(&self.idle).bytes -= inner.idle_bytes.take().unwrap_or_default();
        if !inner.is_idle() || inner.evicted {
            return;
        }
        let unsaved = inner.is_unsaved() || self.keeps_names(cell.id, &inner);
        let unsaved = unsaved || cell.saving.try_lock().is_err();
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
