//! Taking over a room that another owner wrote last, or whose last write had an unknown outcome.
//!
//! Writes that were sent may still land, on any part of the store, after the room was read. So what was
//! found at the end of the log is written again, in this owner's stamps, before anything is answered;
//! and the log goes on in a bucket that no former owner knows. The steps keep their order and the
//! numbers of the rules; a takeover that dies anywhere is repeated whole by the next.

use std::sync::Arc;

use caffis_schema::{EntryKind, MessageNumber, Timestamp};

use super::{
    append::bucket_row,
    ballots,
    buckets::Filled,
    cards,
    cell::Loaded,
    changes::Changes,
    command::client_id_kept,
    entries::{self, Origin},
    invites,
    load::write_owed,
    membership::{named, rows_of},
    pins,
    rooms::Rooms,
    writing,
};
use crate::{
    cluster::Shard,
    model::room::{Bucket, BucketName, RoomState},
    ports::store::{Batch, Stamp, StoreError},
    tables::{RoomRow, SentRow, TimelineRow},
};

/// Writes the end of the log again, opens a bucket, and finishes what the last owner left undone.
/// `last_append` are the rows of the last append, newest first, and `undone` what it changes.
///
/// # Errors
/// The store's; then the takeover has to be repeated.
pub(super) async fn take_over(
    rooms: &Rooms,
    loaded: &mut Loaded,
    (last_append, undone): (&[TimelineRow], &Changes),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut again = write_again(rooms, &loaded.state, last_append, loaded.epoch)?;
    undone.keep_words(&mut again, loaded.state.meta.id)?;
    if !again.operations.is_empty() {
        rooms.store.write(again).await?;
    }
    // Rule 16: only now.
    open_bucket(rooms, loaded, now).await?;
    // Rule 17.
    let mut repair = std::mem::replace(&mut loaded.owed, Batch::repairable(Stamp::NONE));
    for row in last_append.iter().rev() {
        let entry = entries::from_row(row.clone())?;
        named(&entry.kind).iter().for_each(|user| rows_of(&mut repair, &loaded.state, user));
        if let EntryKind::Context(_) = &entry.kind {
            cards::put(&mut repair, &loaded.state);
        }
        if matches!(&entry.kind, EntryKind::Pinned(_) | EntryKind::Deleted(_)) {
            pins::put(&mut repair, &loaded.state);
        }
        if let EntryKind::Settings(_) = &entry.kind {
            writing::put(&mut repair, &loaded.state);
        }
        if let EntryKind::Info(_) = &entry.kind {
            repair.put(&RoomRow::from(&*loaded.state.meta));
        }
        if entry.position == loaded.state.invites.position {
            invites::put(&mut repair, &loaded.state);
        }
    }
    repair.merge();
    write_owed(rooms, &repair).await
}

/// The rows of the last append and of the buckets that hold it, what became of its commands, and that
/// the room was active (rules 14 and 15).
fn write_again(
    rooms: &Rooms,
    state: &RoomState,
    last_append: &[TimelineRow],
    epoch: u64,
) -> Result<Batch, StoreError> {
    let room = state.meta.id;
    let mut batch = Batch::repairable(rooms.stamps.next()?);
    let holds = |bucket: &&Bucket| {
        let BucketName { epoch, number } = bucket.name;
        last_append.iter().any(|row| (row.epoch, row.bucket) == (epoch, number))
    };
    for bucket in state.buckets.iter().filter(holds) {
        batch.put(&bucket_row(room, bucket));
    }
    for row in last_append {
        match row.number {
            Some(_) => batch.put(row),
            None => batch.put_for(row, rooms.settings.entry_retention),
        }
        let key = row.client.zip(row.client_time);
        let mut origins: Vec<_> = ballots::of(row)?.into_iter().map(|it| it.origin).collect();
        if let (Some(by), Some((client, time)), Some(digest)) = (&row.by, key, row.digest) {
            origins.push(Origin { by: by.clone(), client, time, digest });
        }
        for Origin { by, client, time, digest } in origins {
            let sent = SentRow {
                room,
                sender: by,
                day: SentRow::day_of(time),
                client,
                position: row.position,
                number: row.number.unwrap_or(MessageNumber::ZERO),
                time: row.time,
                made: true,
                digest,
            };
            match SentRow::is_lasting(time) {
                true => batch.put(&sent),
                false => batch.put_for(&sent, client_id_kept(&rooms.settings)),
            }
        }
    }
    if !last_append.is_empty() {
        let minute = rooms.activity.minute(Shard::of(room), epoch)?;
        rooms.activity.note(&mut batch, room, minute);
    }
    Ok(batch)
}

/// Opens the bucket in which this owner goes on. A bucket that holds nothing is passed over, so that the
/// chain does not grow with each owner of a quiet room.
async fn open_bucket(rooms: &Rooms, loaded: &mut Loaded, now: Timestamp) -> Result<(), StoreError> {
    let mut state = (*loaded.state).clone();
    let first = state.head + 1;
    let buckets = Arc::make_mut(&mut state.buckets);
    while buckets.last().is_some_and(|last| last.first >= first) {
        buckets.pop();
    }
    loaded.last_bucket += 1;
    let name = BucketName { epoch: loaded.epoch, number: loaded.last_bucket };
    let before = buckets.last().map(|bucket| bucket.name);
    let bucket = Bucket { name, first, opened: now.max(state.time), before };
    buckets.push(bucket);
    let mut batch = Batch::partition(rooms.stamps.next()?);
    batch.put(&bucket_row(state.meta.id, &bucket));
    rooms.store.write(batch).await?;
    loaded.state = Arc::new(state);
    loaded.fresh_bucket = false;
    loaded.filled = Filled::default();
    Ok(())
}
