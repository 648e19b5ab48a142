//! Reading entries from the store: the bucket list says where they are.

use std::{collections::VecDeque, ops::Bound, sync::Arc};

use caffis_schema::{Entry, Position, RoomId};

use super::entries;
use crate::{
    model::room::{Bucket, BucketName, RoomState},
    ports::store::{Key, MAX_SCAN_ROWS, Scan, Store, StoreError, Value},
    tables::{self, ColumnValue, TimelineRow},
};

/// The end of a log.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The last entries, oldest first, back to the first gap.
    pub(super) entries: VecDeque<Arc<Entry>>,
    /// The rows of the last append, newest first.
    pub(super) last_append: Vec<TimelineRow>,
}

/// The last entries, back to the first gap.
pub(super) async fn tail(
    store: &dyn Store,
    state: &RoomState,
    count: usize,
) -> Result<Tail, StoreError> {
    let Tail { entries: mut ring, mut last_append } = Tail::default();
    let mut append = None;
    let mut below: Option<Position> = None;
    for bucket in state.buckets.iter().rev() {
        let wanted = count.saturating_sub(ring.len());
        if wanted == 0 {
            break;
        }
        // Newest first: from below the next bucket down to the beginning of this one.
        let from = match below {
            None => Bound::Unbounded,
            Some(next) => Bound::Excluded(vec![next.to_value()]),
        };
        let rows: Vec<TimelineRow> =
            tables::scan(store, partition(state.meta.id, bucket), from, Bound::Unbounded, wanted)
                .await?;
        for row in rows {
            let first = *append.get_or_insert(row.append);
            if row.position >= first {
                last_append.push(row.clone());
            }
            let entry = entries::from_row(row)?;
            if ring.front().is_some_and(|newer| newer.position != entry.position + 1) {
                return Ok(Tail { entries: ring, last_append });
            }
            ring.push_front(Arc::new(entry));
        }
        below = Some(bucket.first);
    }
    Ok(Tail { entries: ring, last_append })
}

/// The row at a position, if the log has one there.
pub(super) async fn row_at(
    store: &dyn Store,
    state: &RoomState,
    position: Position,
) -> Result<Option<TimelineRow>, StoreError> {
    match key_at(state, position) {
        Some(key) => tables::get(store, key).await,
        None => Ok(None),
    }
}

/// The entries at some positions, as far as the log has them, in one read.
///
/// # Errors
/// What the store says.
pub async fn read_at(
    store: &dyn Store,
    state: &RoomState,
    positions: &[Position],
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let keys: Vec<_> = positions.iter().filter_map(|position| key_at(state, *position)).collect();
    let rows = tables::get_many::<TimelineRow>(store, &keys).await?;
    rows.into_iter().flatten().map(|row| Ok(Arc::new(entries::from_row(row)?))).collect()
}

/// The key of the row at a position; none where the log has none.
pub(super) fn key_at(state: &RoomState, position: Position) -> Option<Key> {
    let bucket = state.bucket_of(position).filter(|_| position <= state.head)?;
    let BucketName { epoch, number } = bucket.name;
    Some(TimelineRow::key(&state.meta.id, &epoch, &number, &position))
}

fn partition(room: RoomId, bucket: &Bucket) -> Vec<Value> {
    TimelineRow::partition(&room, &bucket.name.epoch, &bucket.name.number)
}

/// The entries from `first` to `last`, both included, in order. Entries that have expired are missing.
///
/// # Errors
/// What the store says.
pub(super) async fn read_range(
    store: &dyn Store,
    state: &RoomState,
    first: Position,
    last: Position,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let log = (state.meta.id, state.buckets.as_slice());
    read_forward(store, log, first, last, MAX_SCAN_ROWS).await
}

/// The entries at `last` and before it, but after `floor`: the newest `limit` of them, in order. Of the
/// room's buckets those in which they lie are enough, if `last` is not beyond them.
///
/// # Errors
/// What the store says.
pub async fn read_back(
    store: &dyn Store,
    (room, buckets): (RoomId, &[Bucket]),
    last: Position,
    floor: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let mut found = VecDeque::new();
    let mut below = last;
    for bucket in buckets.iter().rev().filter(|bucket| bucket.first <= last) {
        if found.len() >= limit || below <= floor {
            break;
        }
        let rows: Vec<TimelineRow> = tables::scan(
            store,
            partition(room, bucket),
            Bound::Included(vec![below.to_value()]),
            Bound::Excluded(vec![floor.to_value()]),
            limit - found.len(),
        )
        .await?;
        for row in rows {
            found.push_front(Arc::new(entries::from_row(row)?));
        }
        below = bucket.first.back(1);
    }
    Ok(found.into())
}

/// The entries from `first` to `last`: the oldest `limit` of them, in order. Buckets are as in
/// [`read_back`].
///
/// # Errors
/// What the store says.
pub async fn read_forward(
    store: &dyn Store,
    (room, buckets): (RoomId, &[Bucket]),
    first: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let mut found = Vec::new();
    let ends = buckets.iter().skip(1).map(|next| next.first.back(1)).chain([last]);
    for (bucket, end) in buckets.iter().zip(ends) {
        let (from, to) = (first.max(bucket.first), last.min(end));
        if from > to || found.len() >= limit {
            continue;
        }
        let scan = Scan {
            table: TimelineRow::TABLE,
            partition: partition(room, bucket),
            from: Bound::Included(vec![to.to_value()]),
            to: Bound::Included(vec![from.to_value()]),
            reverse: true,
            limit: limit - found.len(),
        };
        for row in tables::read::<TimelineRow>(store, scan).await? {
            found.push(Arc::new(entries::from_row(row)?));
        }
    }
    Ok(found)
}
