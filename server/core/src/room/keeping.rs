//! What is written to the store beside the log: markers, and hints of heads.
//!
//! Invariant: of a room's markers at most one write is under way, and it takes what memory has when it
//! begins. So a row never goes back, whatever the store does to the order of writes.

use std::sync::Arc;

use caffis_schema::{Position, UserId};
use tokio::{
    sync::{OwnedMutexGuard, oneshot},
    time::timeout,
};

use super::{
    cell::{MarkerState, RoomCell, Work, head_row},
    rooms::Rooms,
};
use crate::{
    ports::store::{Batch, StoreError},
    sync::{lock, spawn},
};

/// Rows that one write of housekeeping takes.
const HOUSEKEEPING_ROWS: usize = 1_000;

/// Rows on their way to the store, and whose they are.
#[derive(Default)]
struct Hints {
    batch: Batch,
    rooms: Vec<Hinted>,
}

/// The rows of one room among them.
struct Hinted {
    cell: Arc<RoomCell>,
    markers: Vec<(UserId, MarkerState)>,
    /// The room's head; none when not all of its markers went along.
    head: Option<Position>,
    /// Nothing else writes the room's markers meanwhile.
    _saving: OwnedMutexGuard<()>,
}

fn late() -> StoreError {
    StoreError::Unknown("the store did not answer in time".to_owned())
}

impl Rooms {
    /// Has the room's hints written, and its heads told, within a second or so.
    pub fn note_dirty(&self, cell: &Arc<RoomCell>) {
        lock(&self.dirty).entry(cell.id).or_insert_with(|| cell.clone());
    }

    /// Writes a person's marker as memory has it; nothing, when the store has it already.
    ///
    /// # Errors
    /// What the store says. Memory has the marker all the same, and housekeeping tries again.
    pub async fn save_marker(
        self: &Arc<Self>,
        cell: &Arc<RoomCell>,
        user: &UserId,
    ) -> Result<(), StoreError> {
        self.note_dirty(cell);
        let within = self.settings.store_timeout;
        let saving = timeout(within, cell.saving.clone().lock_owned()).await;
        let saving = saving.map_err(|_| late())?;
        let marker = match lock(&cell.inner).loaded.as_ref().map(|loaded| loaded.markers.get(user))
        {
            Some(Some(marker)) if marker.dirty => *marker,
            Some(_) => return Ok(()),
            None => return Err(late()),
        };
        let mut hints = Hints::default();
        hints.batch.put(&marker.to_row(cell.id, user.clone()));
        let markers = vec![(user.clone(), marker)];
        hints.rooms.push(Hinted { cell: cell.clone(), markers, head: None, _saving: saving });
        self.write_hints(hints).await
    }

    /// What has to be done now and then: hints to the store, heads of large rooms to their members,
    /// rooms whose last write had an unknown outcome read again, and rooms that nobody uses out of
    /// memory.
    ///
    /// # Errors
    /// What the store says; the hints wait for the next time.
    pub async fn keep_house(self: &Arc<Self>) -> Result<(), StoreError> {
        let cells = std::mem::take(&mut *lock(&self.dirty));
        let mut hints = Hints::default();
        let mut result = Ok(());
        for cell in cells.values() {
            if self.tidy(cell, &mut hints) {
                let (answer, _) = oneshot::channel();
                // A full queue has work enough to make the driver read the room.
                let _ = self.enqueue(cell.id, Work::Load(answer));
            }
            if hints.batch.operations.len() >= HOUSEKEEPING_ROWS {
                result = result.and(self.write_hints(std::mem::take(&mut hints)).await);
            }
        }
        if !hints.batch.operations.is_empty() {
            result = result.and(self.write_hints(hints).await);
        }
        self.evict();
        result
    }

    /// Collects what a room has to say; true when it has to be read again.
    fn tidy(&self, cell: &Arc<RoomCell>, hints: &mut Hints) -> bool {
        let mut inner = lock(&cell.inner);
        if inner.distrust {
            // Until it could be read.
            self.note_dirty(cell);
            return true;
        }
        if std::mem::take(&mut inner.digest_due) {
            self.publish_digest(&inner);
        }
        let Some(loaded) = &mut inner.loaded else { return false };
        let Ok(saving) = cell.saving.clone().try_lock_owned() else {
            self.note_dirty(cell);
            return false;
        };
        let mut markers = Vec::new();
        let mut head = Some(loaded.state.head);
        for (user, marker) in loaded.markers.iter().filter(|(_, marker)| marker.dirty) {
            if hints.batch.operations.len() >= HOUSEKEEPING_ROWS {
                // The rest of a very large room goes next time.
                self.note_dirty(cell);
                head = None;
                break;
            }
            hints.batch.put(&marker.to_row(cell.id, user.clone()));
            markers.push((user.clone(), *marker));
        }
        if std::mem::take(&mut loaded.head_dirty) {
            hints.batch.put(&head_row(&loaded.state));
        }
        hints.rooms.push(Hinted { cell: cell.clone(), markers, head, _saving: saving });
        false
    }

    /// Writes hints. The write comes to its end although whoever waits for it goes away.
    async fn write_hints(self: &Arc<Self>, hints: Hints) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        let rooms = self.clone();
        spawn(async move {
            let Hints { batch, rooms: hinted } = hints;
            let result = rooms.store.write(batch).await;
            for hinted in &hinted {
                rooms.note_written(hinted, result.is_ok());
            }
            drop(hinted);
            // Whoever waited may be gone.
            let _ = done.send(result);
        });
        let within = self.settings.store_timeout;
        timeout(within, written).await.ok().and_then(Result::ok).unwrap_or_else(|| Err(late()))
    }

    fn note_written(&self, hinted: &Hinted, durable: bool) {
        let Hinted { cell, markers, head, .. } = hinted;
        let mut inner = lock(&cell.inner);
        let Some(loaded) = &mut inner.loaded else { return };
        if !durable {
            loaded.head_dirty = true;
            self.note_dirty(cell);
            return;
        }
        loaded.saved = loaded.saved.max(head.unwrap_or_default());
        for (user, written) in markers {
            if let Some(marker) = loaded.markers.get_mut(user)
                && marker == written
            {
                marker.dirty = false;
            }
        }
    }
}
