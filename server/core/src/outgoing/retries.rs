//! Rooms that wait for a retry, shard by shard: found again when a shard is new here, and when they are due.

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
    tables::{self, ColumnValue, RetryRow},
};

/// Rows that are read at a time.
const PAGE: usize = 500;

/// No room is due.
const NEVER: Timestamp = Timestamp::MAX;

/// A shard of this node, with its epoch.
type Owned = (Shard, u64);

/// What is known of the waiting rooms of a shard.
#[derive(Clone, Copy, Debug)]
struct ShardRetries {
    epoch: u64,
    /// When the first one is due, or earlier.
    next: Timestamp,
    /// How many there are, as of the last look and what changed since.
    count: usize,
    /// Since when the first one waits, as of the last look.
    oldest: Timestamp,
}

/// The retry queue of an endpoint: the rooms that wait for one in the shards of this node. Of each shard a few numbers are in memory.
#[derive(Default)]
pub(super) struct RetryQueue(Mutex<BTreeMap<Shard, ShardRetries>>);

impl RetryQueue {
    /// Keeps what is known of these shards, which this node owns in these epochs. Gives those that are new,
    /// and those in which something may be due.
    pub(super) fn sort(&self, own: &[Owned], now: Timestamp) -> (Vec<Owned>, Vec<Owned>) {
        let mut retries = lock(&self.0);
        retries.retain(|shard, shard_retries| own.contains(&(*shard, shard_retries.epoch)));
        let is_new = |(shard, _): &&Owned| !retries.contains_key(shard);
        let new = own.iter().filter(is_new).copied().collect();
        let is_due = |(shard, _): &&Owned| retries.get(shard).is_some_and(|s| s.next <= now);
        (new, own.iter().filter(is_due).copied().collect())
    }

    /// A retry of a room was scheduled. A shard that is new is read whole soon.
    pub(super) fn added(&self, room: RoomId, due: Timestamp, is_new: bool) {
        if let Some(shard_retries) = lock(&self.0).get_mut(&Shard::of(room)) {
            shard_retries.next = shard_retries.next.min(due);
            shard_retries.count += usize::from(is_new);
        }
    }

    /// A room waits for no retry any more.
    pub(super) fn removed(&self, room: RoomId) {
        if let Some(shard_retries) = lock(&self.0).get_mut(&Shard::of(room)) {
            shard_retries.count = shard_retries.count.saturating_sub(1);
            if shard_retries.count == 0 {
                shard_retries.oldest = NEVER;
            }
        }
    }

    /// How many rooms wait for a retry, and since when the first of them has.
    pub(super) fn total(&self) -> (usize, Option<Timestamp>) {
        let retries = lock(&self.0);
        let oldest = retries.values().map(|shard_retries| shard_retries.oldest).min();
        let count = retries.values().map(|shard_retries| shard_retries.count).sum();
        (count, oldest.filter(|oldest| *oldest < NEVER))
    }

    /// Goes through the waiting rooms of a shard. `take` says whether a row is taken, none if no more can be
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
        mut take: impl FnMut(&RetryRow) -> Option<bool>,
    ) -> Result<(), StoreError> {
        let whole = vec![endpoint.to_value()];
        let mut from = Bound::Included(whole.clone());
        let mut shard_retries = ShardRetries { epoch, next: NEVER, count: 0, oldest: NEVER };
        // What is scheduled meanwhile counts as due at once.
        lock(&self.0).insert(shard, ShardRetries { next: NEVER, ..shard_retries });
        loop {
            let partition = RetryRow::partition(&shard.get());
            let to = Bound::Included(whole.clone());
            let rows: Vec<RetryRow> = tables::scan(&**store, partition, from, to, PAGE).await?;
            for row in &rows {
                shard_retries.count += 1;
                shard_retries.oldest = shard_retries.oldest.min(row.since);
                match take(row) {
                    Some(true) => {}
                    Some(false) => shard_retries.next = shard_retries.next.min(row.due),
                    None => shard_retries.next = now,
                }
            }
            let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
            from = Bound::Excluded(vec![endpoint.to_value(), last.room.to_value()]);
        }
        let mut retries = lock(&self.0);
        let meanwhile = retries.get(&shard).map_or(NEVER, |shard_retries| shard_retries.next);
        retries.insert(
            shard,
            ShardRetries { next: shard_retries.next.min(meanwhile), ..shard_retries },
        );
        Ok(())
    }

    /// Has a shard read again at the next look.
    pub(super) fn again(&self, shard: Shard, now: Timestamp) {
        if let Some(shard_retries) = lock(&self.0).get_mut(&shard) {
            shard_retries.next = shard_retries.next.min(now);
        }
    }
}
