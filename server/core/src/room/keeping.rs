//! What is written to the store beside the log: markers, and hints of heads.
//!
//! Invariant: of a room's markers at most one write is under way, and it takes what memory has when it
//! begins. So a row never goes backwards, however the store orders writes. Each write takes along all
//! dirty markers, so those who waited for their turn find their marker already written.

use std::{sync::Arc, time::Duration};

use caffis_schema::{Position, RoomId, UserId};
use tokio::{
    sync::{OwnedMutexGuard, oneshot},
    time::{sleep, timeout},
};

use super::{
    cell::{Loaded, RoomCell, Work, head_row},
    evict::HOUSEKEEPING_LOOKS,
    markers::Picked,
    rooms::Rooms,
};
use crate::{
    ports::store::{Batch, Stamp, StoreError, StoreLimits},
    sync::{lock, spawn},
    tables::{self, HeadRow, MarkerRow},
};

/// Rows in one write of hints.
const HINT_ROWS: usize = 1_000;

/// Writes that housekeeping makes for one room before it goes on to the next: enough for the largest.
const WRITES_FOR_A_ROOM: usize = 128;

/// In large rooms, how long read markers are gathered for one write.
const MARKER_GATHER: Duration = Duration::from_millis(10);

/// Rows that are being written, and the rooms that they belong to. They get their stamp when the write
/// begins: it must be larger than the stamps of the writes before which they were collected.
struct Hints {
    batch: Batch,
    /// The most rows.
    most: usize,
    rooms: Vec<Hinted>,
}

/// The rows of one room among them.
struct Hinted {
    cell: Arc<RoomCell>,
    /// The markers, and the lock that keeps others from writing the room's markers meanwhile.
    markers: Option<(Picked, OwnedMutexGuard<()>)>,
    /// Once these markers are written, so are those that all messages up to here have moved.
    saved: Option<Position>,
    /// The hint of the head is among the rows.
    head: bool,
}

impl Hints {
    fn new(limits: &StoreLimits) -> Self {
        let most = HINT_ROWS.min(limits.batch_operations);
        Self { batch: Batch::repairable(Stamp::NONE), most, rooms: Vec::new() }
    }

    fn room(&self) -> usize {
        self.most.saturating_sub(self.batch.operations.len())
    }

    /// Adds the room's dirty markers, as many as fit. `first` goes before all others.
    fn add_markers(
        &mut self,
        cell: &Arc<RoomCell>,
        loaded: &mut Loaded,
        first: Option<&UserId>,
        saving: OwnedMutexGuard<()>,
    ) {
        let picked = loaded.markers.pick(first, self.room());
        let saved = picked.all.then_some(loaded.state.head);
        if picked.is_empty() {
            loaded.saved = loaded.saved.max(saved.unwrap_or_default());
            return;
        }
        for (user, marker) in &picked.moved {
            self.batch.put(&marker.to_row(cell.id, user.clone()));
        }
        for user in &picked.gone {
            self.batch.delete::<MarkerRow>(MarkerRow::key(&cell.id, user));
        }
        let markers = Some((picked, saving));
        self.rooms.push(Hinted { cell: cell.clone(), markers, saved, head: false });
    }

    fn add_head(&mut self, cell: &Arc<RoomCell>, loaded: &mut Loaded) {
        loaded.head_dirty = false;
        loaded.head_saving = true;
        self.batch.put(&head_row(&loaded.state));
        self.rooms.push(Hinted { cell: cell.clone(), markers: None, saved: None, head: true });
    }
}

fn late() -> StoreError {
    StoreError::Unknown("the store did not answer in time".to_owned())
}

impl Rooms {
    /// Has the room's hints written, and its heads told, within a second or so.
    pub fn note_dirty(&self, cell: &Arc<RoomCell>) {
        lock(&self.dirty).entry(cell.id).or_insert_with(|| cell.clone());
    }

    /// Writes a person's marker, together with all other dirty markers of the room. Does nothing if the
    /// store has it already.
    ///
    /// # Errors
    /// The store's. The marker stays in memory, and housekeeping tries again.
    pub async fn save_marker(
        self: &Arc<Self>,
        cell: &Arc<RoomCell>,
        user: &UserId,
    ) -> Result<(), StoreError> {
        self.note_dirty(cell);
        let (before, large) = {
            let inner = lock(&cell.inner);
            let loaded = inner.loaded.as_ref().ok_or_else(late)?;
            let large = !loaded.state.is_small(self.settings.small_room_members);
            (loaded.markers.writes(), large)
        };
        let saving = timeout(self.settings.store_timeout, cell.saving.clone().lock_owned()).await;
        let saving = saving.map_err(|_| late())?;
        if large && lock(&cell.inner).loaded.as_ref().is_some_and(|l| l.markers.is_dirty(user)) {
            sleep(MARKER_GATHER).await;
        }
        let mut hints = Hints::new(&self.store.limits());
        {
            let mut inner = lock(&cell.inner);
            let loaded = inner.loaded.as_mut().ok_or_else(late)?;
            if !loaded.markers.is_dirty(user) {
                return Ok(());
            }
            // The marker was part of a write that began after this call, and failed.
            loaded.markers.failed_since(before)?;
            hints.add_markers(cell, loaded, Some(user), saving);
        }
        self.write_hints(hints).await
    }

    /// Writes the hint of a room's head, unless the store has it.
    ///
    /// # Errors
    /// The store's; housekeeping tries again.
    pub(crate) async fn save_head(
        self: &Arc<Self>,
        cell: &Arc<RoomCell>,
    ) -> Result<(), StoreError> {
        let mut hints = Hints::new(&self.store.limits());
        {
            let mut inner = lock(&cell.inner);
            let loaded = inner.loaded.as_mut().ok_or_else(late)?;
            // What is on its way already may still be lost.
            if !loaded.head_dirty && !loaded.head_saving {
                return Ok(());
            }
            hints.add_head(cell, loaded);
        }
        self.write_hints(hints).await
    }

    /// The head of a room as the store's hint says, or zero for one that is in memory here: whoever follows
    /// it was told.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn hinted_head(&self, room: RoomId) -> Result<Position, StoreError> {
        let cell = self.in_memory(room);
        if cell.is_some_and(|cell| lock(&cell.inner).loaded.is_some()) {
            return Ok(Position::ZERO);
        }
        let hint = tables::get::<HeadRow>(&*self.store, HeadRow::key(&room)).await?;
        Ok(hint.map_or(Position::ZERO, |hint| hint.position))
    }

    /// Housekeeping: writes hints to the store, tells members the heads of large rooms, reads rooms again
    /// whose last write had an unknown outcome, and takes unused rooms out of memory.
    ///
    /// # Errors
    /// The store's; the hints are written next time.
    pub async fn keep_house(self: &Arc<Self>) -> Result<(), StoreError> {
        let cells = std::mem::take(&mut *lock(&self.dirty));
        let limits = self.store.limits();
        let mut hints = Hints::new(&limits);
        let mut result = Ok(());
        for cell in cells.values() {
            if self.tidy(cell) {
                let (answer, _) = oneshot::channel();
                // If the queue is full, the work in it makes the driver do the same.
                let _ = self.enqueue(cell.id, Work::Load(answer));
                continue;
            }
            // The markers of a very large room take several writes.
            for _ in 0..WRITES_FOR_A_ROOM {
                if !self.collect(cell, &mut hints) {
                    break;
                }
                result = result.and(
                    self.write_hints(std::mem::replace(&mut hints, Hints::new(&limits))).await,
                );
                if result.is_err() {
                    break;
                }
            }
        }
        if !hints.batch.operations.is_empty() {
            result = result.and(self.write_hints(hints).await);
        }
        self.evict(HOUSEKEEPING_LOOKS);
        result
    }

    /// Tells the heads that are due; true when the room needs its driver, to be read again or to write
    /// what it owes.
    fn tidy(&self, cell: &Arc<RoomCell>) -> bool {
        let mut inner = lock(&cell.inner);
        if inner.distrust || inner.loaded.as_ref().is_some_and(Loaded::owes) {
            // Until that is done.
            self.note_dirty(cell);
            return true;
        }
        if std::mem::take(&mut inner.digest_due)
            && let Some(loaded) = &inner.loaded
        {
            self.views.tell_head(&loaded.state);
            self.views.publish_head(&loaded.state);
        }
        false
    }

    /// Collects what a room has to write; true if not all of it fits.
    fn collect(&self, cell: &Arc<RoomCell>, hints: &mut Hints) -> bool {
        let mut inner = lock(&cell.inner);
        let Some(loaded) = &mut inner.loaded else { return false };
        if hints.room() == 0 {
            self.note_dirty(cell);
            return true;
        }
        if loaded.head_dirty && !loaded.head_saving {
            hints.add_head(cell, loaded);
        }
        // If someone else is writing markers, the next write takes along what is dirty.
        if let Ok(saving) = cell.saving.clone().try_lock_owned() {
            hints.add_markers(cell, loaded, None, saving);
        }
        let written =
            hints.rooms.iter().rev().map_while(|hinted| {
                Arc::ptr_eq(&hinted.cell, cell).then_some(hinted.markers.as_ref())
            });
        let all = written.flatten().all(|(picked, _)| picked.all);
        if loaded.is_unsaved() {
            // Checked once more after these are written.
            self.note_dirty(cell);
        }
        !all
    }

    /// Writes hints. The write finishes even if the caller goes away.
    async fn write_hints(self: &Arc<Self>, hints: Hints) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        let rooms = self.clone();
        spawn(async move {
            let Hints { mut batch, rooms: hinted, .. } = hints;
            let result = match rooms.stamps.next() {
                Ok(stamp) => {
                    batch.stamp = stamp;
                    rooms.store.write(batch).await
                }
                Err(error) => Err(error.into()),
            };
            for hinted in &hinted {
                rooms.note_written(hinted, &result);
            }
            drop(hinted);
            // The caller may be gone.
            let _ = done.send(result);
        });
        let within = self.settings.store_timeout;
        timeout(within, written).await.ok().and_then(Result::ok).unwrap_or_else(|| Err(late()))
    }

    fn note_written(&self, hinted: &Hinted, result: &Result<(), StoreError>) {
        let Hinted { cell, markers, saved, head } = hinted;
        let mut inner = lock(&cell.inner);
        let Some(loaded) = &mut inner.loaded else { return };
        if *head {
            loaded.head_saving = false;
        }
        match result {
            Ok(()) => {
                loaded.saved = loaded.saved.max(saved.unwrap_or_default());
                if let Some((picked, _)) = markers {
                    loaded.markers.written(picked);
                }
            }
            Err(error) => {
                loaded.head_dirty |= head;
                if let Some((picked, _)) = markers {
                    loaded.markers.failed(picked, error);
                }
                self.note_dirty(cell);
            }
        }
    }
}
