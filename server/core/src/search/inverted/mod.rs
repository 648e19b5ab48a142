//! The index in the store: for each term of a message one small row, by room, bucket and term, newest first.
//!
//! A bucket has the messages of [`BUCKET`] positions. With ten terms a message and 30 bytes a row that is a
//! partition of 5 MB on a CQL server; if every message has [`caffis_words::MAX_TERMS`] terms it is 150 MB, which no room of
//! people comes to. A bucket to which no more messages come is sealed (`seal`): each of its frequent terms gets one more
//! row with all its messages. A query reads the buckets from the newest. Within a bucket the lists of its terms are
//! walked side by side (`walk`), and a list is read only where those before it agree. So of a sealed bucket a query
//! reads a row or a few for each term, however frequent. One call reads at most [`ROWS`] rows in [`SCANS`] scans,
//! then it says where it stopped.

mod blocks;
mod budget;
mod find;
mod list;
mod seal;
mod shelf;
mod walk;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, Mutex},
};

use caffis_schema::{Position, RoomId};

pub use self::budget::{ROWS, SCANS};
use crate::{
    ports::{
        index::{Document, Find, Found, Index, IndexError, IndexFuture},
        stamps::Stamps,
        store::{Batch, Operation, SharedStore, StoreError},
    },
    sync::lock,
    tables::{SearchBlockRow, SearchTermRow},
};

/// Positions in one bucket.
pub const BUCKET: u64 = 16_384;

/// Rows in one write.
const WRITTEN: usize = 2_000;

/// Core's own index.
pub struct Inverted {
    store: SharedStore,
    stamps: Arc<Stamps>,
    buckets: Buckets,
    /// The rooms of which this node knows that all buckets below one are sealed.
    sealed: Mutex<BTreeMap<RoomId, u64>>,
}

/// How positions are put into buckets.
#[derive(Clone, Copy, Debug)]
struct Buckets {
    /// Positions in each.
    size: u64,
}

impl Buckets {
    fn of(self, position: Position) -> u64 {
        position.0 / self.size
    }

    /// The first position after a bucket.
    fn end(self, bucket: u64) -> Position {
        Position((bucket + 1) * self.size)
    }
}

impl Inverted {
    /// An index in a store.
    #[must_use]
    pub fn new(store: SharedStore, stamps: Arc<Stamps>) -> Self {
        Self::with_buckets(store, stamps, BUCKET)
    }

    /// An index with buckets of another size. A store has buckets of one size for ever.
    #[must_use]
    pub fn with_buckets(store: SharedStore, stamps: Arc<Stamps>, positions: u64) -> Self {
        let buckets = Buckets { size: positions.max(1) };
        Self { store, stamps, buckets, sealed: Mutex::default() }
    }

    async fn put(&self, documents: Vec<Document>) -> Result<(), StoreError> {
        let most = WRITTEN.min(self.store.limits().batch_operations);
        let mut batch = Batch::repairable(self.stamps.next()?);
        for Document { room, position, time, terms, former, .. } in documents {
            let bucket = self.buckets.of(position);
            for (term, kept) in terms
                .into_iter()
                .map(|term| (term, true))
                .chain(former.into_iter().map(|t| (t, false)))
            {
                if batch.operations.len() == most {
                    let next = Batch::repairable(self.stamps.next()?);
                    self.store.write(std::mem::replace(&mut batch, next)).await?;
                }
                match kept {
                    true => batch.put(&SearchTermRow { room, bucket, term, time, position }),
                    false => {
                        let key = SearchTermRow::key(&room, &bucket, &term, &time, &position);
                        batch.delete::<SearchTermRow>(key);
                    }
                }
            }
        }
        self.store.write(batch).await
    }

    async fn drop_all(&self, room: RoomId, last: Position) -> Result<(), StoreError> {
        lock(&self.sealed).remove(&room);
        for bucket in 0..=self.buckets.of(last) {
            // What is sealed no longer is unsealed first.
            for (table, partition) in [
                (SearchBlockRow::TABLE, SearchBlockRow::partition(&room, &bucket)),
                (SearchTermRow::TABLE, SearchTermRow::partition(&room, &bucket)),
            ] {
                let mut batch = Batch::partition(self.stamps.next()?);
                let (from, to) = (Bound::Unbounded, Bound::Unbounded);
                batch.operations.push(Operation::DeleteRange { table, partition, from, to });
                self.store.write(batch).await?;
            }
        }
        Ok(())
    }
}

impl Index for Inverted {
    fn write(&self, documents: Vec<Document>) -> IndexFuture<'_, ()> {
        Box::pin(async move {
            let changed: Vec<_> = documents.iter().filter(|it| it.changed).cloned().collect();
            let mut newest = BTreeMap::new();
            for Document { room, position, .. } in &documents {
                let newest = newest.entry(*room).or_default();
                *newest = self.buckets.of(*position).max(*newest);
            }
            self.put(documents).await?;
            self.change_sealed(&changed).await?;
            for (room, bucket) in newest {
                self.seal_before(room, bucket).await?;
            }
            Ok(())
        })
    }

    fn forget(&self, room: RoomId, last: Position) -> IndexFuture<'_, ()> {
        Box::pin(async move { Ok(self.drop_all(room, last).await?) })
    }

    fn find<'a>(&'a self, find: Find<'a>) -> IndexFuture<'a, Found> {
        Box::pin(async move { Ok(find::newest(&*self.store, self.buckets, find).await?) })
    }
}

impl From<StoreError> for IndexError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}
