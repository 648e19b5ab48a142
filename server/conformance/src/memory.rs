//! A store in memory: the model of the port's semantics for several writers, for tests and the
//! simulation. What counts is decided by stamps, and tombstones are kept for ever.

mod partition;

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caffis_core::ports::{
    check,
    clock::SharedClock,
    store::{
        Batch, Key, Operation, Row, Scan, Store, StoreError, StoreFuture, StoreLimits, Swap, Table,
        Value,
    },
};

use self::partition::{Partition, Put, cells, range};

type Tables = BTreeMap<(&'static str, Vec<Value>), Partition>;

/// Everything that a [`MemoryStore`] held at one moment.
#[derive(Clone)]
pub struct Snapshot(Tables);

/// A store in memory. Rows with a time to live end by the clock that it is given.
pub struct MemoryStore {
    tables: Mutex<Tables>,
    clock: SharedClock,
    limits: StoreLimits,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self::with_limits(clock, StoreLimits::MAX)
    }

    /// An empty store that takes smaller batches.
    #[must_use]
    pub fn with_limits(clock: SharedClock, limits: StoreLimits) -> Self {
        Self { tables: Mutex::default(), clock, limits }
    }

    /// A copy of everything that is in the store now, as a backup takes it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.lock().clone())
    }

    /// Goes back to a copy: everything that was written since then is gone.
    pub fn restore(&self, snapshot: Snapshot) {
        *self.lock() = snapshot.0;
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, table: &'static Table, key: &Key) -> Result<Option<Row>, StoreError> {
        check::key(table, key)?;
        Ok(live(&self.lock(), table, key, self.clock.now().get()))
    }

    fn read_many(
        &self,
        table: &'static Table,
        keys: &[Key],
    ) -> Result<Vec<Option<Row>>, StoreError> {
        check::keys(table, keys)?;
        let (tables, now) = (self.lock(), self.clock.now().get());
        Ok(keys.iter().map(|key| live(&tables, table, key, now)).collect())
    }

    fn read_range(&self, scan: &Scan) -> Result<Vec<Row>, StoreError> {
        check::scan(scan)?;
        let tables = self.lock();
        let Some(partition) = tables.get(&(scan.table.name, scan.partition.clone())) else {
            return Ok(Vec::new());
        };
        let Some(range) = range(scan.table, &scan.from, &scan.to) else {
            return Ok(Vec::new());
        };
        let rows = partition.range(range, self.clock.now().get());
        Ok(if scan.reverse {
            rows.rev().take(scan.limit).collect()
        } else {
            rows.take(scan.limit).collect()
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        check::batch(batch, &self.limits)?;
        check::declaration(batch)?;
        let (now, stamp) = (self.clock.now().get(), batch.stamp);
        let mut tables = self.lock();
        for operation in &batch.operations {
            let place = (operation.table().name, operation.partition().to_vec());
            let partition = tables.entry(place).or_default();
            match operation {
                Operation::Put { table, row, ttl, fresh } => {
                    let put = Put { row, expires: end(now, *ttl), fresh: *fresh, stamp };
                    partition.put(cells(table, &row.key.clustering), &put, now);
                }
                Operation::Delete { table, key } => {
                    partition.delete(cells(table, &key.clustering), key, stamp);
                }
                Operation::DeleteRange { table, from, to, .. } => {
                    if let Some(range) = range(table, from, to) {
                        partition.delete_range(range, stamp);
                    }
                }
            }
        }
        Ok(())
    }

    fn insert(&self, table: &'static Table, row: &Row) -> Result<Option<Row>, StoreError> {
        check::row(table, row)?;
        let now = self.clock.now().get();
        let mut tables = self.lock();
        let found = live(&tables, table, &row.key, now);
        if found.is_none() {
            put_next(&mut tables, table, row, now);
        }
        Ok(found)
    }

    fn swap(
        &self,
        table: &'static Table,
        key: Key,
        expected: &[Value],
        new: Vec<Value>,
    ) -> Result<Swap, StoreError> {
        check::key(table, &key)?;
        check::values(table, expected)?;
        check::values(table, &new)?;
        let now = self.clock.now().get();
        let mut tables = self.lock();
        match live(&tables, table, &key, now) {
            Some(row) if row.values == expected => {
                put_next(&mut tables, table, &Row { key, values: new }, now);
                Ok(Swap::Done)
            }
            found => Ok(Swap::Found(found)),
        }
    }
}

/// When a row with a time to live ends.
fn end(now: u64, ttl: Option<Duration>) -> Option<u64> {
    ttl.map(|ttl| now.saturating_add(ttl.as_secs().saturating_mul(1000)))
}

fn live(tables: &Tables, table: &'static Table, key: &Key, now: u64) -> Option<Row> {
    let partition = tables.get(&(table.name, key.partition.clone()))?;
    partition.get(&cells(table, &key.clustering), now)
}

/// Writes a row over whatever is there: conditional writes are in an order of their own.
fn put_next(tables: &mut Tables, table: &'static Table, row: &Row, now: u64) {
    let partition = tables.entry((table.name, row.key.partition.clone())).or_default();
    let cells = cells(table, &row.key.clustering);
    let stamp = partition.next_stamp(&cells);
    partition.put(cells, &Put { row, expires: None, fresh: false, stamp }, now);
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move { self.read(table, key) })
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move { self.read_many(table, keys) })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move { self.read_range(&scan) })
    }

    fn limits(&self) -> StoreLimits {
        self.limits
    }

    fn write(&self, batch: Batch) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.apply(&batch) })
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        Box::pin(async move { self.insert(table, &row) })
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        Box::pin(async move { self.swap(table, key, &expected, new) })
    }
}
