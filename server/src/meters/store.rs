//! The store port, measured.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use caffis_core::ports::store::{
    Batch, Key, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits, Swap, Table,
    Value,
};

use super::calls::Calls;

const OPERATIONS: [&str; 6] =
    ["get", "get_many", "scan", "write", "insert_if_absent", "compare_and_set"];
const FAILURES: [&str; 5] = ["full", "unavailable", "unknown", "corrupt", "invalid"];

/// One of [`OPERATIONS`].
#[derive(Clone, Copy)]
enum Operation {
    Get,
    GetMany,
    Scan,
    Write,
    InsertIfAbsent,
    CompareAndSet,
}

/// What is counted of the store.
#[derive(Debug)]
pub struct StoreMeters {
    /// Its calls.
    pub calls: Calls,
    rows: AtomicU64,
}

impl Default for StoreMeters {
    fn default() -> Self {
        Self { calls: Calls::new(&OPERATIONS, &FAILURES), rows: AtomicU64::default() }
    }
}

impl StoreMeters {
    /// The rows that were to be written or removed; a range of rows that is removed counts as one.
    #[must_use]
    pub fn rows_written(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    fn count(&self, rows: usize) {
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }
}

/// The place of an error in [`FAILURES`].
fn place(error: &StoreError) -> usize {
    match error {
        StoreError::Full => 0,
        StoreError::Unavailable(_) => 1,
        StoreError::Unknown(_) => 2,
        StoreError::Corrupt { .. } => 3,
        StoreError::Invalid { .. } => 4,
    }
}

/// A store whose calls are counted.
pub struct MeasuredStore {
    store: SharedStore,
    meters: Arc<StoreMeters>,
}

impl MeasuredStore {
    /// Measures a store.
    #[must_use]
    pub fn new(store: SharedStore, meters: Arc<StoreMeters>) -> Arc<Self> {
        Arc::new(Self { store, meters })
    }

    fn measure<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        call: StoreFuture<'a, T>,
    ) -> StoreFuture<'a, T> {
        Box::pin(self.meters.calls.measure(operation as usize, place, call))
    }
}

impl Store for MeasuredStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        self.measure(Operation::Get, self.store.get(table, key))
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        self.measure(Operation::GetMany, self.store.get_many(table, keys))
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        self.measure(Operation::Scan, self.store.scan(scan))
    }

    fn limits(&self) -> StoreLimits {
        self.store.limits()
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        self.meters.count(batch.operations.len());
        self.measure(Operation::Write, self.store.write(batch))
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        self.meters.count(1);
        self.measure(Operation::InsertIfAbsent, self.store.insert_if_absent(table, row))
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        self.meters.count(1);
        let call = self.store.compare_and_set(table, key, expected, new);
        self.measure(Operation::CompareAndSet, call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_name() {
        let text = String::new;
        for (error, name) in [
            (StoreError::Full, "full"),
            (StoreError::Unavailable(text()), "unavailable"),
            (StoreError::Unknown(text()), "unknown"),
            (StoreError::Corrupt { table: "a", reason: text() }, "corrupt"),
            (StoreError::Invalid { table: "a", reason: text() }, "invalid"),
        ] {
            assert_eq!(FAILURES[place(&error)], name);
        }
        assert_eq!(OPERATIONS[Operation::CompareAndSet as usize], "compare_and_set");
    }
}
