//! Making the index again: of all rooms, when somebody orders it, and of those that were followed by other rules.
//!
//! An order is a number in the store. Every node goes through the rooms of its shards that have not seen it, one
//! after the other and no faster than [`PACE`]; a room is marked when it is done, so a node that ends, or the next
//! owner of a shard, goes on where it was left. Meanwhile what was not made again yet of a room is not found.

use std::{collections::BTreeMap, ops::Bound, sync::Arc, time::Duration};

use caffis_schema::{RoomId, Timestamp};
use caffis_words::VERSION;
use tokio::{sync::watch, time::sleep};

use super::follower::Follower;
use crate::{
    cluster::Shard,
    ports::{
        stamps::Stamps,
        store::{Batch, Store, StoreError},
    },
    sync::every,
    tables::{self, ColumnValue, SearchRebuildRow, SearchedRow},
};

/// How often an order is looked for.
const PERIOD: Duration = Duration::from_secs(5);

/// Messages that a rebuild indexes in a second on each node, about.
const PACE: u32 = 2_000;

/// Rows that are read at a time.
const PAGE: usize = 500;

/// How far a rebuild is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilding {
    /// Its number; 0 if none was ever ordered.
    pub rebuild: u64,
    /// When it was ordered.
    pub ordered: Timestamp,
    /// Rooms that were made again, or were first indexed since.
    pub done: u64,
    /// Rooms that are left.
    pub left: u64,
}

/// Orders a rebuild. Durable when it returns.
///
/// # Errors
/// The store's.
pub(crate) async fn order(
    store: &dyn Store,
    stamps: &Stamps,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let rebuild = last(store).await?.map_or(0, |row| row.rebuild) + 1;
    let mut batch = Batch::partition(stamps.next()?);
    batch.put(&SearchRebuildRow { list: 0, rebuild, ordered: now });
    store.write(batch).await?;
    Ok(rebuild)
}

/// How far the last rebuild is, over all nodes.
///
/// # Errors
/// The store's.
pub(crate) async fn standing(store: &dyn Store) -> Result<Rebuilding, StoreError> {
    let order = last(store).await?;
    let mut standing = Rebuilding::default();
    if let Some(row) = order {
        (standing.rebuild, standing.ordered) = (row.rebuild, row.ordered);
    }
    for shard in Shard::all() {
        let mut after = None;
        while let Some(rows) = page(store, shard, after).await? {
            after = rows.last().map(|row| row.room);
            let left = rows.iter().filter(|row| is_left(row, standing.rebuild)).count() as u64;
            standing.left += left;
            standing.done += rows.len() as u64 - left;
        }
    }
    Ok(standing)
}

async fn last(store: &dyn Store) -> Result<Option<SearchRebuildRow>, StoreError> {
    tables::get::<SearchRebuildRow>(store, SearchRebuildRow::key(&0)).await
}

fn is_left(row: &SearchedRow, rebuild: u64) -> bool {
    row.rebuild < rebuild || row.rules != VERSION
}

/// The rooms of a shard after one; none if there are no more.
async fn page(
    store: &dyn Store,
    shard: Shard,
    after: Option<RoomId>,
) -> Result<Option<Vec<SearchedRow>>, StoreError> {
    let from = after.map_or(Bound::Unbounded, |room| Bound::Excluded(vec![room.to_value()]));
    let partition = SearchedRow::partition(&shard.get());
    let rows = tables::scan::<SearchedRow>(store, partition, from, Bound::Unbounded, PAGE).await?;
    Ok((!rows.is_empty()).then_some(rows))
}

impl Follower {
    /// Makes the index again where it has to be, until core ends.
    pub(super) async fn keep_rebuilding(self: Arc<Self>, ended: watch::Receiver<()>) {
        let done: Arc<tokio::sync::Mutex<BTreeMap<(Shard, u64), u64>>> = Arc::default();
        let mut over = ended.clone();
        let working = every(PERIOD, ended, move || {
            let (follower, done) = (self.clone(), done.clone());
            async move {
                let mut done = done.lock().await;
                if let Err(error) = follower.rebuild(&mut done).await {
                    tracing::debug!(%error, "the rebuild of the search index goes on later");
                }
            }
        });
        // In the middle of a rebuild, too.
        tokio::select! {
            biased;
            _ = over.changed() => {}
            () = working => {}
        }
    }

    async fn rebuild(&self, done: &mut BTreeMap<(Shard, u64), u64>) -> Result<(), StoreError> {
        let store = &*self.services.store;
        let rebuild = last(store).await?.map_or(0, |row| row.rebuild);
        let own = self.own();
        done.retain(|shard, _| own.contains(shard));
        for shard in own {
            if done.get(&shard) == Some(&rebuild) {
                continue;
            }
            let (mut after, mut whole) = (None, true);
            while let Some(rows) = page(store, shard.0, after).await? {
                after = rows.last().map(|row| row.room);
                for row in rows.into_iter().filter(|row| is_left(row, rebuild)) {
                    match self.redo(row.room, rebuild).await {
                        Ok(messages) => {
                            let messages = u32::try_from(messages).unwrap_or(u32::MAX);
                            sleep(Duration::from_secs(1) * messages / PACE).await;
                        }
                        Err(error) => {
                            tracing::debug!(%error, room = ?row.room, "the room is indexed again later");
                            whole = false;
                        }
                    }
                }
            }
            if whole {
                done.insert(shard, rebuild);
            }
        }
        Ok(())
    }
}
