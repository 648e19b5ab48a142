//! Writing a whole room as its owner would have left it: for seeds, while no owner runs.

use caffis_schema::{EntryKind, MessageNumber, RoomId, Timestamp};

use super::{
    append::Append,
    cell::head_row,
    creation::{self, new_room},
    plan::RoomPlan,
};
use crate::{
    ports::{
        stamps::Stamps,
        store::{Batch, Store, StoreError},
    },
    settings::Settings,
};

/// Entries in one write.
const ENTRIES_PER_WRITE: usize = 500;

/// Writes a room with the entries that `next` returns for each message number, until it returns none.
///
/// # Errors
/// What the store says.
pub async fn write_room(
    store: &dyn Store,
    stamps: &Stamps,
    settings: &Settings,
    room: RoomId,
    plan: &RoomPlan,
    created: Timestamp,
    mut next: impl FnMut(MessageNumber) -> Option<(EntryKind, Timestamp)>,
) -> Result<(), StoreError> {
    let mut loaded = new_room(room, plan, created);
    let mut time = created;
    let mut pending = creation::step(&loaded.state, plan).entries;
    let most = ENTRIES_PER_WRITE.min(store.limits().batch_operations / 4);
    loop {
        let mut append = Append::new(&loaded, Default::default(), settings.bucket_bytes);
        for kind in pending.drain(..) {
            append.push(kind, time);
        }
        while append.entries.len() < most {
            let Some((kind, at)) = next(append.ahead.number + 1) else { break };
            time = at;
            append.push(kind, at);
        }
        if append.entries.is_empty() {
            break;
        }
        let minute = append.ahead.time.get() / 60_000;
        store.write(append.fill(Batch::logged(stamps.next()?), settings, minute)?).await?;
        if append.has_following() {
            store.write(append.following(Batch::logged(stamps.next()?), settings)?).await?;
        }
        append.commit(&mut loaded, settings);
    }
    let mut batch = Batch::partition(stamps.next()?);
    batch.put(&head_row(&loaded.state));
    store.write(batch).await
}
