//! A store as one process sees it: every call passes the process's doors, on the way there and on the way
//! back. What was sent before they shut still reaches the store.

use std::sync::Arc;

use caffis_core::ports::store::{
    Batch, Key, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits, Swap, Table,
    Value,
};

use crate::{
    epochs::Epochs,
    gate::{Dead, Gate},
};

/// The store of one process.
pub(crate) struct Fence {
    pub(crate) inner: SharedStore,
    pub(crate) gate: Arc<Gate>,
    /// Who appended in which epoch, and which process this is; none for a process alone, whose every life
    /// has the same epoch.
    pub(crate) epochs: Option<(Arc<Epochs>, String)>,
}

impl From<Dead> for StoreError {
    fn from(_: Dead) -> Self {
        Self::Unavailable("the process is dead".to_owned())
    }
}

impl Fence {
    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.gate.pass().await?;
        let answer = call.await;
        self.gate.pass().await?;
        answer
    }
}

impl Store for Fence {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(self.through(self.inner.get(table, key)))
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(self.through(self.inner.get_many(table, keys)))
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(self.through(self.inner.scan(scan)))
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        if let Some((epochs, process)) = &self.epochs {
            epochs.appends(process, &batch);
        }
        Box::pin(self.through(self.inner.write(batch)))
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        Box::pin(self.through(self.inner.insert_if_absent(table, row)))
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        Box::pin(self.through(self.inner.compare_and_set(table, key, expected, new)))
    }
}
