//! The store as core uses it: a call that the store leaves hanging ends with an error, and a batch that
//! is too large for the store and may be split is.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    split::{Split, split},
    store::{
        Batch, Key, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits, Swap,
        Table, Value,
    },
};

/// Wraps a store. Reads end as [`StoreError::Unavailable`], conditional writes as
/// [`StoreError::Unknown`]. A batch is left to its caller: a room's owner answers in time, but may not
/// go on before its write has come to an end.
pub(crate) struct BoundedStore {
    inner: SharedStore,
    within: Duration,
}

impl BoundedStore {
    /// Bounds each call of a store.
    pub(crate) fn new(inner: SharedStore, within: Duration) -> Arc<Self> {
        Arc::new(Self { inner, within })
    }

    fn bounded<'a, T: Send + 'a>(
        &self,
        call: StoreFuture<'a, T>,
        late: fn(String) -> StoreError,
    ) -> StoreFuture<'a, T> {
        let within = self.within;
        Box::pin(async move {
            let answer = timeout(within, call).await;
            answer.unwrap_or_else(|_| Err(late("the store did not answer in time".to_owned())))
        })
    }
}

impl Store for BoundedStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        self.bounded(self.inner.get(table, key), StoreError::Unavailable)
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        self.bounded(self.inner.get_many(table, keys), StoreError::Unavailable)
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        self.bounded(self.inner.scan(scan), StoreError::Unavailable)
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        match split(batch, &self.inner.limits()) {
            Split::Whole(batch) => self.inner.write(batch),
            Split::Parts(parts) => Box::pin(async move {
                let mut written = false;
                for part in parts {
                    match self.inner.write(part).await {
                        Ok(()) => written = true,
                        // Of the whole it is not true that nothing was written.
                        Err(StoreError::Unavailable(reason)) if written => {
                            return Err(StoreError::Unknown(reason));
                        }
                        Err(StoreError::Full) if written => {
                            return Err(StoreError::Unknown("the store is full".to_owned()));
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            }),
        }
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        self.bounded(self.inner.insert_if_absent(table, row), StoreError::Unknown)
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        self.bounded(self.inner.compare_and_set(table, key, expected, new), StoreError::Unknown)
    }
}
