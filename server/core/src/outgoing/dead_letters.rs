//! Dead letters: webhooks that were given up, kept so that somebody can look at them and send them again.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{Timestamp, endpoints::WEBHOOK_ID_BYTES, ids::MAX_EXACT};
use futures_util::{StreamExt, stream};

use crate::{
    cluster::Shard,
    model::webhooks::room_of_webhook,
    ports::{
        stamps::Stamps,
        store::{Batch, SharedStore, StoreError},
    },
    sync::lock,
    tables::{self, ColumnValue, DeadLetterRow},
};

/// How long a dead letter is kept.
pub const DEAD_KEPT: Duration = Duration::from_secs(30 * 86_400);

/// The most dead letters of an endpoint in one shard: about 100,000 in all. The oldest go first.
pub const DEAD_PER_SHARD: usize = 400;

/// How many of the oldest make room at a time.
const MADE_ROOM: usize = 40;

/// Shards that are read at the same time.
const SHARDS_AT_ONCE: usize = 16;

/// A place in a list of dead letters: they are in the order of their times and ids.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    died: Timestamp,
    id: Arc<str>,
}

impl Cursor {
    /// After a dead letter.
    pub(super) fn of(row: &DeadLetterRow) -> Self {
        Self { died: row.died, id: row.id.clone() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.died.get(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (died, id) = text.split_once('.').ok_or(())?;
        let died = died.parse().ok().filter(|died| *died <= MAX_EXACT).ok_or(())?;
        let is_id = id.len() <= WEBHOOK_ID_BYTES && room_of_webhook(id).is_some();
        is_id.then(|| Self { died: Timestamp(died), id: id.into() }).ok_or(())
    }
}

/// The dead letters of an endpoint.
pub(super) struct DeadLetters {
    endpoint: Arc<str>,
    store: SharedStore,
    stamps: Arc<Stamps>,
    /// Those from before are of another endpoint that had the same name.
    since: Timestamp,
    /// How many there are in a shard, by the epoch in which they were counted.
    counts: Mutex<BTreeMap<Shard, (u64, usize)>>,
}

impl DeadLetters {
    pub(super) fn new(
        endpoint: Arc<str>,
        store: SharedStore,
        stamps: Arc<Stamps>,
        since: Timestamp,
    ) -> Self {
        Self { endpoint, store, stamps, since, counts: Mutex::default() }
    }

    /// Keeps a dead letter.
    ///
    /// # Errors
    /// The store's; then it is not one yet.
    pub(super) async fn keep(&self, row: DeadLetterRow, epoch: u64) -> Result<(), StoreError> {
        let shard = Shard::of(row.room);
        let known = lock(&self.counts).get(&shard).copied();
        let count = match known.filter(|(counted, _)| *counted == epoch) {
            Some((_, count)) => count,
            None => self.list(shard).await?.len(),
        };
        let mut batch = Batch::partition(self.stamps.next()?);
        let mut left = count + 1;
        if count >= DEAD_PER_SHARD {
            for old in self.list(shard).await?.into_iter().take(MADE_ROOM) {
                let key = DeadLetterRow::key(&old.endpoint, &old.shard, &old.died, &old.id);
                batch.delete::<DeadLetterRow>(key);
                left -= 1;
            }
        }
        batch.put_for(&row, DEAD_KEPT);
        self.store.write(batch).await?;
        lock(&self.counts).insert(shard, (epoch, left));
        Ok(())
    }

    /// The dead letters of a shard, oldest first.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn list(&self, shard: Shard) -> Result<Vec<DeadLetterRow>, StoreError> {
        self.after(shard, None, DEAD_PER_SHARD).await
    }

    /// The oldest dead letters of some shards after a place in the list, in their order.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn oldest(
        &self,
        shards: &[Shard],
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let read = stream::iter(shards.to_vec()).map(|shard| self.after(shard, after, limit));
        let mut found = Vec::new();
        let mut read = read.buffer_unordered(SHARDS_AT_ONCE);
        while let Some(rows) = read.next().await {
            found.extend(rows?);
            // No more is in memory than is wanted.
            found.sort_by(|one: &DeadLetterRow, other| {
                (one.died, &one.id).cmp(&(other.died, &other.id))
            });
            found.truncate(limit);
        }
        Ok(found)
    }

    async fn after(
        &self,
        shard: Shard,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<DeadLetterRow>, StoreError> {
        let partition = DeadLetterRow::partition(&self.endpoint, &shard.get());
        let from = match after.filter(|after| after.died >= self.since) {
            Some(Cursor { died, id }) => Bound::Excluded(vec![died.to_value(), id.to_value()]),
            None => Bound::Included(vec![self.since.to_value()]),
        };
        tables::scan(&*self.store, partition, from, Bound::Unbounded, limit).await
    }

    /// Takes a dead letter away, which was delivered after all.
    ///
    /// # Errors
    /// The store's; it may be there still.
    pub(super) async fn remove(&self, row: &DeadLetterRow) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.stamps.next()?);
        let key = DeadLetterRow::key(&row.endpoint, &row.shard, &row.died, &row.id);
        batch.delete::<DeadLetterRow>(key);
        self.store.write(batch).await?;
        if let Some((_, count)) = lock(&self.counts).get_mut(&Shard::of(row.room)) {
            *count = count.saturating_sub(1);
        }
        Ok(())
    }
}
