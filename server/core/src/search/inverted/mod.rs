//! The index in the store: for each term of a message one small row, by room, bucket and term, newest first.
//!
//! A bucket has the messages of [`BUCKET`] positions. With ten terms a message and 30 bytes a row that is a
//! partition of 5 MB on a CQL server; if every message has [`caffis_words::MAX_TERMS`] terms it is 150 MB, which no room of
//! people comes to. A query reads the buckets from the newest. Within a bucket the lists of its terms are
//! walked side by side (`walk`), each list skipping to where the others are, so what is read follows from the
//! rarest term. One call reads at most [`ROWS`] rows in [`SCANS`] scans, then it says where it stopped.

mod budget;
mod find;
mod list;
mod walk;

use std::{ops::Bound, sync::Arc};

use caffis_schema::{Position, RoomId};

pub use self::budget::{ROWS, SCANS};
use crate::{
    ports::{
        index::{Document, Find, Found, Index, IndexError, IndexFuture},
        stamps::Stamps,
        store::{Batch, Operation, SharedStore, StoreError},
    },
    tables::SearchTermRow,
};

/// Positions in one bucket.
pub const BUCKET: u64 = 16_384;

/// Rows in one write.
const WRITTEN: usize = 2_000;

/// Core's own index.
pub struct Inverted {
    store: SharedStore,
    stamps: Arc<Stamps>,
}

impl Inverted {
    /// An index in a store.
    #[must_use]
    pub fn new(store: SharedStore, stamps: Arc<Stamps>) -> Self {
        Self { store, stamps }
    }

    async fn put(&self, documents: Vec<Document>) -> Result<(), StoreError> {
        let most = WRITTEN.min(self.store.limits().batch_operations);
        let mut batch = Batch::repairable(self.stamps.next()?);
        for Document { room, position, time, terms, former, .. } in documents {
            let bucket = bucket(position);
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
        for bucket in 0..=bucket(last) {
            let mut batch = Batch::partition(self.stamps.next()?);
            batch.operations.push(Operation::DeleteRange {
                table: SearchTermRow::TABLE,
                partition: SearchTermRow::partition(&room, &bucket),
                from: Bound::Unbounded,
                to: Bound::Unbounded,
            });
            self.store.write(batch).await?;
        }
        Ok(())
    }
}

impl Index for Inverted {
    fn write(&self, documents: Vec<Document>) -> IndexFuture<'_, ()> {
        Box::pin(async move { Ok(self.put(documents).await?) })
    }

    fn forget(&self, room: RoomId, last: Position) -> IndexFuture<'_, ()> {
        Box::pin(async move { Ok(self.drop_all(room, last).await?) })
    }

    fn find<'a>(&'a self, find: Find<'a>) -> IndexFuture<'a, Found> {
        Box::pin(async move { Ok(find::newest(&*self.store, find).await?) })
    }
}

impl From<StoreError> for IndexError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

/// The bucket of a position.
fn bucket(position: Position) -> u64 {
    position.0 / BUCKET
}
