//! Dead letters: webhooks that were given up, kept so that somebody can look at them and send them again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::{
    cluster::Shard,
    ports::{
        stamps::Stamps,
        store::{Batch, SharedStore, StoreError},
    },
    sync::lock,
    tables::{self, DeadRow},
};

/// How long a dead letter is kept.
pub const DEAD_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// The most dead letters of an endpoint in one shard: about 100,000 in all. The oldest go first.
pub const DEAD_PER_SHARD: usize = 400;

/// How many of the oldest make room at a time.
const MADE_ROOM: usize = 40;

/// The dead letters of an endpoint.
pub(super) struct Dead {
    endpoint: Arc<str>,
    store: SharedStore,
    stamps: Arc<Stamps>,
    /// How many there are in a shard, by the epoch in which they were counted.
    counts: Mutex<BTreeMap<Shard, (u64, usize)>>,
}

impl Dead {
    pub(super) fn new(endpoint: Arc<str>, store: SharedStore, stamps: Arc<Stamps>) -> Self {
        Self { endpoint, store, stamps, counts: Mutex::default() }
    }

    /// Keeps a dead letter.
    ///
    /// # Errors
    /// The store's; then it is not one yet.
    pub(super) async fn keep(&self, row: DeadRow, epoch: u64) -> Result<(), StoreError> {
        let shard = Shard::of(row.room);
        let known = lock(&self.counts).get(&shard).copied();
        let count = match known.filter(|(counted, _)| *counted == epoch) {
            Some((_, count)) => count,
            None => self.list(shard, DEAD_PER_SHARD).await?.len(),
        };
        let mut batch = Batch::partition(self.stamps.next()?);
        let mut left = count + 1;
        if count >= DEAD_PER_SHARD {
            for old in self.list(shard, MADE_ROOM).await? {
                let key = DeadRow::key(&old.endpoint, &old.shard, &old.died, &old.id);
                batch.delete::<DeadRow>(key);
                left -= 1;
            }
        }
        batch.put_for(&row, DEAD_KEPT);
        self.store.write(batch).await?;
        lock(&self.counts).insert(shard, (epoch, left));
        Ok(())
    }

    /// The oldest dead letters of a shard.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn list(
        &self,
        shard: Shard,
        limit: usize,
    ) -> Result<Vec<DeadRow>, StoreError> {
        let partition = DeadRow::partition(&self.endpoint, &shard.get());
        tables::partition(&*self.store, partition, limit).await
    }

    /// Takes a dead letter away, which was delivered after all.
    ///
    /// # Errors
    /// The store's; it may be there still.
    pub(super) async fn remove(&self, row: &DeadRow) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.stamps.next()?);
        let key = DeadRow::key(&row.endpoint, &row.shard, &row.died, &row.id);
        batch.delete::<DeadRow>(key);
        self.store.write(batch).await?;
        if let Some((_, count)) = lock(&self.counts).get_mut(&Shard::of(row.room)) {
            *count = count.saturating_sub(1);
        }
        Ok(())
    }
}
