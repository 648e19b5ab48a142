//! A store as one server process sees it: once the process dies, it makes no more requests.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use caffis_core::ports::store::{
    Batch, Key, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits, Swap, Table,
    Value,
};

/// The store of one process. Requests that were made before the process died still complete in the
/// store; the process does not see the results.
pub(crate) struct Fence {
    inner: SharedStore,
    dead: AtomicBool,
}

impl Fence {
    pub(crate) fn new(inner: SharedStore) -> Arc<Self> {
        Arc::new(Self { inner, dead: AtomicBool::new(false) })
    }

    /// The process dies.
    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.dead.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the process is dead".to_owned()));
        }
        Ok(())
    }
}

impl Store for Fence {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move {
            self.alive()?;
            let found = self.inner.get(table, key).await;
            self.alive()?;
            found
        })
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            self.alive()?;
            let found = self.inner.get_many(table, keys).await;
            self.alive()?;
            found
        })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            self.alive()?;
            let found = self.inner.scan(scan).await;
            self.alive()?;
            found
        })
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.alive()?;
            let written = self.inner.write(batch).await;
            self.alive()?;
            written
        })
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        Box::pin(async move {
            self.alive()?;
            let inserted = self.inner.insert_if_absent(table, row).await;
            self.alive()?;
            inserted
        })
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        Box::pin(async move {
            self.alive()?;
            let swapped = self.inner.compare_and_set(table, key, expected, new).await;
            self.alive()?;
            swapped
        })
    }
}
