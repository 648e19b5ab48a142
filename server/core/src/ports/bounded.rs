//! A store that answers in time: a call that the store leaves hanging ends with an error.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::store::{
    Batch, Key, Row, Scan, SharedStore, Store, StoreError, StoreFuture, Swap, Table, Value,
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

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        self.bounded(self.inner.scan(scan), StoreError::Unavailable)
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        self.inner.write(batch)
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
