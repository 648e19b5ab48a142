//! Getting a room ready for commands: read, taken over, joined to what this process knew of it, and with
//! nothing owed.

use std::sync::Arc;

use caffis_schema::Error;
use tokio::time::timeout;

use super::{
    cell::{Before, Inner, Loaded, RoomCell},
    changes::Changes,
    creation::new_room,
    load::{self, Found},
    plan::RoomPlan,
    rooms::Rooms,
    takeover::take_over,
};
use crate::{
    cluster::Shard,
    errors::{no_owner, not_now},
    model::{
        authorise::no_such_room,
        room::{BucketName, RoomState},
    },
    ports::store::{Batch, Stamp, StoreError},
    sync::lock,
};

/// Brings a room into memory as its owner of the present epoch, or makes it.
pub(super) async fn ensure_loaded(
    rooms: &Rooms,
    cell: &Arc<RoomCell>,
    creation: Option<&RoomPlan>,
) -> Result<(), Error> {
    let epoch = rooms.epoch_of(cell.id)?;
    let distrust = {
        let mut inner = lock(&cell.inner);
        match &inner.loaded {
            Some(loaded) if loaded.epoch == epoch => return Ok(()),
            // Another node owned the room in between.
            Some(_) => inner.doubt(),
            None => {}
        }
        // An attempt to make the room may land at any time, and another one after it.
        inner.distrust || rooms.keeps_names(cell.id, &inner)
    };
    let reading = load::load(&*rooms.store, &rooms.settings, cell.id, epoch, distrust);
    let loaded = match timeout(rooms.settings.store_timeout, reading).await {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => return Err(not_now()),
    };
    if loaded.is_some() || creation.is_some() {
        // Before the first entry of this epoch, and only once.
        let adopting = rooms.activity.adopt(Shard::of(cell.id), epoch);
        match timeout(rooms.settings.store_timeout, adopting).await {
            Ok(Ok(())) => {}
            Ok(Err(StoreError::Unknown(_))) | Err(_) => return Err(not_now()),
            Ok(Err(error)) => return Err(error.into()),
        }
    }
    let loaded = match (loaded, creation) {
        (Some(found), _) => settle_ownership(rooms, cell, found, distrust).await?,
        (None, Some(plan)) => {
            // Rule 8: an earlier attempt may still land.
            let last_bucket = lock(&cell.inner).names_used.in_epoch(epoch);
            Loaded { epoch, last_bucket, ..new_room(cell.id, plan, rooms.clock.now()) }
        }
        (None, None) => {
            // The room's creation was in doubt, and it has not happened yet.
            lock(&cell.inner).distrust = false;
            return Err(no_such_room());
        }
    };
    let before = lock(&cell.inner).before.as_ref().map(|before| before.state.members.clone());
    if let Some(before) = before {
        rooms.know_peers(&before, &loaded.state).await;
    }
    let mut inner = lock(&cell.inner);
    if loaded.is_unsaved() {
        rooms.note_dirty(cell);
    }
    inner.loaded = Some(loaded);
    inner.distrust = false;
    if let Some(before) = inner.before.take() {
        catch_up(rooms, cell, &mut inner, before);
    }
    rooms.join_view(&mut inner);
    if !rooms.views.is_alone() {
        rooms.tell_unheard(&inner);
    }
    Ok(())
}

/// Takes a room over that another owner wrote last, or this one in doubt. A process alone leaves that to
/// the next append: nobody else writes, and its own writes have come to their end.
async fn settle_ownership(
    rooms: &Rooms,
    cell: &Arc<RoomCell>,
    found: Found,
    distrust: bool,
) -> Result<Loaded, Error> {
    let Found { mut loaded, last_append, undone } = found;
    let room = cell.id;
    let newest = loaded.state.buckets.last().map_or(0, |bucket| bucket.name.epoch);
    if newest > loaded.epoch {
        // A newer owner has taken the room over.
        return Err(no_owner());
    }
    let used = lock(&cell.inner).names_used.in_epoch(loaded.epoch);
    loaded.last_bucket = loaded.last_bucket.max(used);
    if rooms.views.is_alone() {
        if distrust {
            // The write in doubt may have landed after reactors had read its minute.
            let minute = rooms.activity.minute(Shard::of(room), loaded.epoch)?;
            rooms.activity.note(&mut loaded.owed, room, minute);
        }
    } else if distrust || newest < loaded.epoch {
        let number = loaded.last_bucket + 1;
        {
            // Until this has succeeded: what it writes may land late, and if the room were only read the next
            // time, it would go on in a bucket that a later one replaces.
            let mut inner = lock(&cell.inner);
            inner.names_used = BucketName { epoch: loaded.epoch, number };
            inner.distrust = true;
            rooms.note_dirty(cell);
        }
        let now = rooms.clock.now();
        let taking = take_over(rooms, &mut loaded, (&last_append, &undone), now);
        match timeout(rooms.settings.store_timeout, taking).await {
            Ok(Ok(())) => {}
            // What was written is void, or is written again by the next takeover.
            Ok(Err(StoreError::Unknown(_))) | Err(_) => return Err(not_now()),
            Ok(Err(error)) => return Err(error.into()),
        }
        // Rule 16: nothing is answered unless the room is still ours.
        if rooms.epoch_of(room)? != loaded.epoch {
            return Err(no_owner());
        }
        return Ok(loaded);
    }
    if undone.any() {
        // Before anybody reads the room: the store still says what a message says no longer.
        write_changes(rooms, &undone).await?;
    }
    Ok(loaded)
}

/// Writes what the last append changes and the store does not have yet. What messages said before is there
/// already: a process alone writes it with the entries, all or nothing.
async fn write_changes(rooms: &Rooms, undone: &Changes) -> Result<(), Error> {
    let mut batch = Batch::repairable(Stamp::NONE);
    undone.rewrite(&mut batch, rooms.settings.entry_retention)?;
    match timeout(rooms.settings.store_timeout, load::write_owed(rooms, &batch)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(StoreError::Unknown(_))) | Err(_) => Err(not_now()),
        Ok(Err(error)) => Err(error.into()),
    }
}

/// Writes the rows that the room owes; changes are refused until that succeeds.
pub(super) async fn settle(rooms: &Rooms, cell: &RoomCell) -> Result<(), Error> {
    let owed = match &lock(&cell.inner).loaded {
        Some(loaded) if loaded.owes() => loaded.owed.clone(),
        _ => return Ok(()),
    };
    let writing = load::write_owed(rooms, &owed);
    match timeout(rooms.settings.store_timeout, writing).await {
        Ok(Ok(())) => {
            let mut inner = lock(&cell.inner);
            if let Some(loaded) = &mut inner.loaded {
                loaded.owed = Batch::repairable(Stamp::NONE);
            }
            rooms.tell_unheard(&inner);
            Ok(())
        }
        Ok(Err(StoreError::Unknown(_))) | Err(_) => Err(not_now()),
        Ok(Err(error)) => Err(error.into()),
    }
}

/// Goes on where memory was before the room had to be read again: tells what was found in the log and
/// not told yet, and keeps the markers that the store did not have.
fn catch_up(rooms: &Rooms, cell: &Arc<RoomCell>, inner: &mut Inner, before: Before) {
    let Some(loaded) = &mut inner.loaded else { return };
    loaded.state = Arc::new(RoomState {
        // Checks again who may have the room open.
        members_version: before.state.members_version + 1,
        ..(*loaded.state).clone()
    });
    for (user, marker) in before.markers.iter() {
        if loaded.state.member(user).is_some() {
            loaded.markers.merge(user, *marker);
        }
    }
    let untold = loaded.ring.iter().filter(|entry| entry.position > before.state.head);
    let untold: Vec<_> = untold.cloned().collect();
    rooms.publish(cell, inner, &untold, &before.state.members);
}
