//! Parked rooms, shard by shard: found again when a shard is new here, and when they are due.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex},
};

use caffis_schema::{RoomId, Timestamp};

use crate::{
    cluster::Shard,
    ports::store::{SharedStore, StoreError},
    sync::lock,
    tables::{self, ColumnValue, ParkedRow},
};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// No room is due.
const NEVER: Timestamp = Timestamp::MAX;

/// A shard of this node, with its epoch.
type Owned = (Shard, u64);

/// What is known of the parked rooms of a shard.
#[derive(Clone, Copy, Debug)]
struct Shelf {
    epoch: u64,
    /// When the first one is due, or earlier.
    next: Timestamp,
    /// How many there are, as of the last look and what changed since.
    count: usize,
    /// Since when the first one waits, as of the last look.
    oldest: Timestamp,
}

/// The parked rooms of an endpoint in the shards of this node. Of each shard a few numbers are in memory.
#[derive(Default)]
pub(super) struct Shelves(Mutex<BTreeMap<Shard, Shelf>>);

impl Shelves {
    /// Keeps what is known of these shards, which this node owns in these epochs. Gives those that are new,
    /// and those in which something may be due.
    pub(super) fn sort(&self, own: &[Owned], now: Timestamp) -> (Vec<Owned>, Vec<Owned>) {
        let mut shelves = lock(&self.0);
        shelves.retain(|shard, shelf| own.contains(&(*shard, shelf.epoch)));
        let is_new = |(shard, _): &&Owned| !shelves.contains_key(shard);
        let new = own.iter().filter(is_new).copied().collect();
        let is_due = |(shard, _): &&Owned| shelves.get(shard).is_some_and(|s| s.next <= now);
        (new, own.iter().filter(is_due).copied().collect())
    }

    /// A room was parked until a time. A shard that is new is read whole soon.
    pub(super) fn parked(&self, room: RoomId, due: Timestamp, is_new: bool) {
        if let Some(shelf) = lock(&self.0).get_mut(&Shard::of(room)) {
            shelf.next = shelf.next.min(due);
            shelf.count += usize::from(is_new);
        }
    }

    /// A room is parked no longer.
    pub(super) fn unparked(&self, room: RoomId) {
        if let Some(shelf) = lock(&self.0).get_mut(&Shard::of(room)) {
            shelf.count = shelf.count.saturating_sub(1);
            if shelf.count == 0 {
                shelf.oldest = NEVER;
            }
        }
    }

    /// How many rooms are parked, and since when the first one is.
    pub(super) fn total(&self) -> (usize, Option<Timestamp>) {
        let shelves = lock(&self.0);
        let oldest = shelves.values().map(|shelf| shelf.oldest).min();
        let count = shelves.values().map(|shelf| shelf.count).sum();
        (count, oldest.filter(|oldest| *oldest < NEVER))
    }

    /// Goes through the parked rooms of a shard. `take` says whether a row is taken, none if no more can be
    /// for now.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn read(
        &self,
        store: &SharedStore,
        endpoint: &Arc<str>,
        (shard, epoch): Owned,
        now: Timestamp,
        mut take: impl FnMut(&ParkedRow) -> Option<bool>,
    ) -> Result<(), StoreError> {
        let whole = vec![endpoint.to_value()];
        let mut from = Bound::Included(whole.clone());
        let mut shelf = Shelf { epoch, next: NEVER, count: 0, oldest: NEVER };
        // What is parked meanwhile counts as due at once.
        lock(&self.0).insert(shard, Shelf { next: NEVER, ..shelf });
        loop {
            let partition = ParkedRow::partition(&shard.get());
            let to = Bound::Included(whole.clone());
            let rows: Vec<ParkedRow> = tables::scan(&**store, partition, from, to, PAGE).await?;
            for row in &rows {
                shelf.count += 1;
                shelf.oldest = shelf.oldest.min(row.since);
                match take(row) {
                    Some(true) => {}
                    Some(false) => shelf.next = shelf.next.min(row.due),
                    None => shelf.next = now,
                }
            }
            let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
            from = Bound::Excluded(vec![endpoint.to_value(), last.room.to_value()]);
        }
        let mut shelves = lock(&self.0);
        let meanwhile = shelves.get(&shard).map_or(NEVER, |shelf| shelf.next);
        shelves.insert(shard, Shelf { next: shelf.next.min(meanwhile), ..shelf });
        Ok(())
    }

    /// Has a shard read again at the next look.
    pub(super) fn again(&self, shard: Shard, now: Timestamp) {
        if let Some(shelf) = lock(&self.0).get_mut(&shard) {
            shelf.next = shelf.next.min(now);
        }
    }
}
