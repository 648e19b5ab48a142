//! Letting rooms go that this node owns no longer.

use std::{sync::Arc, time::Duration};

use caffis_schema::RoomId;
use tokio::time::sleep;

use super::{cell::RoomCell, rooms::Rooms};
use crate::sync::lock;

/// How often a drain looks whether the rooms have finished.
const STEP: Duration = Duration::from_millis(5);

impl Rooms {
    /// Finishes what is under way in some rooms, for which no new command comes any more, and takes them
    /// out of memory (rule 6). What the store does not have by then the next owner rebuilds from the log.
    pub(crate) async fn drain(self: Arc<Self>, belongs: impl Fn(RoomId) -> bool) {
        while self.cells(&belongs).iter().any(|cell| cell.is_busy()) {
            sleep(STEP).await;
        }
        if let Err(error) = self.keep_house().await {
            tracing::warn!(%error, "markers could not be written before their rooms were handed over");
        }
        for cell in self.cells(&belongs) {
            // Until the last write of markers has answered.
            drop(cell.saving.lock().await);
            self.let_go(&cell);
        }
    }

    /// Takes rooms out of memory that this node does not own any more. Those with a command under way
    /// find out by themselves.
    pub(crate) fn let_lost_go(&self) {
        let all = self.cells(|_| true);
        let lost = all.iter().filter(|cell| {
            let epoch = self.epoch_of(cell.id);
            !cell.is_busy() && !epoch.is_ok_and(|epoch| cell.belongs_to(epoch))
        });
        lost.for_each(|cell| self.let_go(cell));
    }

    fn cells(&self, belongs: impl Fn(RoomId) -> bool) -> Vec<Arc<RoomCell>> {
        let map = lock(&self.map);
        map.values().filter(|cell| belongs(cell.id)).cloned().collect()
    }

    fn let_go(&self, cell: &RoomCell) {
        let mut map = lock(&self.map);
        let mut inner = lock(&cell.inner);
        if inner.driving || inner.evicted {
            return;
        }
        if let Some(loaded) = &inner.loaded {
            self.views.let_go(&loaded.state);
        }
        inner.evicted = true;
        inner.view = None;
        map.remove(&cell.id);
    }
}

impl RoomCell {
    /// Whether the room was read by its owner of an epoch, or has to be read again by it: its doubts are not
    /// to be forgotten as long as it may write.
    fn belongs_to(&self, epoch: u64) -> bool {
        let inner = lock(&self.inner);
        let loaded = inner.loaded.as_ref().is_some_and(|loaded| loaded.epoch == epoch);
        loaded || (inner.loaded.is_none() && inner.names_used.in_epoch(epoch) > 0)
    }

    /// Whether a command is under way, or waits.
    fn is_busy(&self) -> bool {
        let inner = lock(&self.inner);
        inner.driving || !inner.pending.is_empty()
    }
}
