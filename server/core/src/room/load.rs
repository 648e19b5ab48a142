//! Taking a room over: reading it from the store so that its log can go on.
//!
//! A start after a crash, and later the takeover from another node, are the same: the bucket list
//! says what counts, the tail of the log is the truth, and rows in other tables that an owner did not
//! write are redone from it.

use std::{collections::VecDeque, sync::Arc};

use caffis_schema::{Entry, EntryKind, Position, RoomId, Timestamp, room::Message};

use super::{
    append::membership_rows,
    buckets::Filled,
    cell::Loaded,
    markers::Markers,
    read::{read_range, tail},
    recent::Recent,
    ring::Ring,
    rooms::Rooms,
};
use crate::{
    model::room::{Bucket, Members, RoomState, preview},
    ports::store::{Batch, Stamp, Store, StoreError},
    settings::Settings,
    tables::{self, BucketRow, HeadRow, MarkerRow, MemberRow, RoomRow},
};

/// Entries at the end of the log that are applied again when a room is read. More than the number that
/// may wait for the rows of markers ([`super::append::UNSAVED_ENTRIES`]).
const TAIL_ENTRIES: usize = 100;

/// Entries that are read at a time, to find messages below the tail.
const BELOW_ENTRIES: u64 = 1_000;

/// Reads a room, or returns none if it does not exist.
pub(super) async fn load(
    store: &dyn Store,
    settings: &Settings,
    room: RoomId,
    distrust: bool,
) -> Result<Option<Loaded>, StoreError> {
    let Some(row) = tables::get::<RoomRow>(store, RoomRow::key(&room)).await? else {
        return Ok(None);
    };
    let mut state = RoomState::new(row.into());
    let rows = tables::from_the_end(store, BucketRow::partition(&room)).await?;
    state.buckets = Arc::new(valid_buckets(rows.into_iter()));
    state.members = members(store, room).await?;
    state.members_version = 1;

    let tail = tail(store, &state, settings.ring_entries.max(TAIL_ENTRIES)).await?;
    let mut ring = Ring::from(tail);
    before_tail(store, &mut state, &ring).await?;
    let owed = apply_tail(&mut state, &ring);
    let markers = markers(store, &state, &ring).await?;
    // Markers that the tail moved are written again before the tail grows much longer.
    let saved = ring.front().map_or(Position::ZERO, |entry| entry.position.back(1));
    let hint: Option<HeadRow> = tables::get(store, HeadRow::key(&room)).await?;
    let hinted = hint.as_ref().map_or(Position::ZERO, |hint| hint.position);
    if let Some(hint) = hint.filter(|hint| hint.position > state.head) {
        // The last entries have expired; their positions are not given out again.
        state.head = hint.position;
        state.number = state.number.max(hint.number);
        state.time = state.time.max(hint.time);
        ring.clear();
    }
    let filled = Filled::read(state.buckets.last(), state.head, ring.iter());
    ring.trim(settings);

    let head = state.head;
    let epoch = state.buckets.last().map_or(1, |bucket| bucket.epoch) + u64::from(distrust);
    Ok(Some(Loaded {
        state: Arc::new(state),
        ring,
        recent: Recent::default(),
        owed,
        markers,
        saved,
        epoch,
        fresh_bucket: distrust,
        filled,
        active_minute: 0,
        // The hint has to be right before the last entries expire.
        head_dirty: hinted < head,
        head_saving: false,
    }))
}

/// How far each member has read. A person's own message moves their own marker; the marker's row may be
/// written after the message, but while the message is still in the tail. Rows that were still being
/// written when their members left are removed.
async fn markers(
    store: &dyn Store,
    state: &RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<Markers, StoreError> {
    let room = state.meta.id;
    let mut markers = Markers::default();
    for row in tables::whole::<MarkerRow>(store, MarkerRow::partition(&room)).await? {
        if state.member(&row.user).is_some() {
            markers.stored(row.user.clone(), row.into());
        } else {
            markers.left_over(row.user);
        }
    }
    for entry in ring {
        if let EntryKind::Message(message) = &entry.kind
            && let Some(sender) = &message.sender
            && state.member(sender).is_some()
        {
            markers.wrote(sender, message.number);
        }
    }
    Ok(markers)
}

/// The valid buckets, oldest first. A bucket that begins at or above one of a higher epoch was opened by
/// an owner that had already lost the room. `rows` come newest first.
fn valid_buckets(rows: impl DoubleEndedIterator<Item = BucketRow>) -> Vec<Bucket> {
    let mut valid: Vec<Bucket> = Vec::new();
    let mut highest = 0;
    for BucketRow { first, epoch, opened, .. } in rows.rev() {
        // Of buckets that begin at the same position, the higher epochs come later.
        while valid.last().is_some_and(|last| last.first == first && last.epoch < epoch) {
            valid.pop();
        }
        if epoch >= highest {
            highest = epoch;
            valid.push(Bucket { first, epoch, opened });
        }
    }
    valid
}

async fn members(store: &dyn Store, room: RoomId) -> Result<Members, StoreError> {
    let rows: Vec<MemberRow> = tables::whole(store, MemberRow::partition(&room)).await?;
    Ok(Arc::new(rows.into_iter().map(MemberRow::into_member).collect()))
}

/// Sets the state to what it was before the tail: the number and the preview of the last message below
/// it, and the positions of the messages that new members will see.
async fn before_tail(
    store: &dyn Store,
    state: &mut RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<(), StoreError> {
    let first = ring.front().map_or(Position::ZERO, |entry| entry.position);
    state.head = first.back(1);
    let mut messages = ring.iter().filter_map(message_of);
    let oldest = messages.next();
    if let Some((message, _)) = oldest {
        state.number = message.number.back(1);
    }
    let in_tail = messages.count() + usize::from(oldest.is_some());
    let wanted = state.messages_for_new().max(1).saturating_sub(in_tail);
    let mut last = state.head;
    let mut found = VecDeque::new();
    while found.len() < wanted && last > Position::ZERO {
        let first = last.back(BELOW_ENTRIES - 1).max(Position(1));
        for entry in read_range(store, state, first, last).await?.iter().rev() {
            if found.len() < wanted && message_of(entry).is_some() {
                found.push_front(entry.clone());
            }
        }
        last = first.back(1);
    }
    let newest = found.back().and_then(message_of);
    if let Some((message, time)) = newest {
        state.number = message.number;
        state.preview = Some(Arc::new(preview(message, time)));
    }
    if state.messages_for_new() > 0 {
        state.last_messages = Arc::new(found.iter().map(|entry| entry.position).collect());
    }
    Ok(())
}

/// Applies the tail, and gives the membership rows that it implies but the store lacks: the last owner
/// may have written an entry without finishing the rows that follow from it.
fn apply_tail(state: &mut RoomState, ring: &VecDeque<Arc<Entry>>) -> Batch {
    let before = state.members.clone();
    ring.iter().for_each(|entry| state.apply(entry));
    let mut batch = Batch::repairable(Stamp::NONE);
    if state.members != before {
        membership_rows(&mut batch, state, &before);
    }
    batch
}

/// Writes the rows that a room owes, in batches that fit.
pub(super) async fn write_owed(rooms: &Rooms, owed: &Batch) -> Result<(), StoreError> {
    let stamp = rooms.stamps.next()?;
    for operations in owed.operations.chunks(rooms.store.limits().batch_operations) {
        let operations = operations.to_vec();
        rooms.store.write(Batch { operations, ..Batch::repairable(stamp) }).await?;
    }
    Ok(())
}

fn message_of(entry: &Arc<Entry>) -> Option<(&Message, Timestamp)> {
    match &entry.kind {
        EntryKind::Message(message) => Some((message, entry.time)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::Timestamp;

    use super::*;

    fn valid(buckets: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let room = RoomId::from_random(1);
        let row = |(first, epoch): &(u64, u64)| BucketRow {
            room,
            first: Position(*first),
            epoch: *epoch,
            opened: Timestamp::ZERO,
        };
        let valid = valid_buckets(buckets.iter().rev().map(row));
        valid.iter().map(|bucket| (bucket.first.get(), bucket.epoch)).collect()
    }

    #[test]
    fn a_bucket_of_an_owner_that_had_lost_the_room_does_not_count() {
        assert_eq!(valid(&[]), []);
        assert_eq!(valid(&[(1, 1), (50, 1), (90, 1)]), [(1, 1), (50, 1), (90, 1)]);
        // The owner of epoch 2 went on at 40; what epoch 1 still opened above that is void.
        assert_eq!(valid(&[(1, 1), (40, 2), (50, 1)]), [(1, 1), (40, 2)]);
        assert_eq!(valid(&[(1, 1), (40, 1), (50, 2)]), [(1, 1), (40, 1), (50, 2)]);
        assert_eq!(valid(&[(1, 1), (40, 1), (40, 2), (45, 3)]), [(1, 1), (40, 2), (45, 3)]);
    }
}
