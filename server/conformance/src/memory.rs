//! A store in memory: the model of the port's semantics, for tests and the simulation.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caffis_core::ports::{
    check,
    clock::SharedClock,
    store::{
        Batch, Key, Operation, Order, Row, Scan, Store, StoreError, StoreFuture, Swap, Table, Value,
    },
};

/// A clustering column's value, ordered as the table says. `Above` comes after every value, so that
/// a prefix with it comes after every row that starts with the prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Ascending(Value),
    Descending(std::cmp::Reverse<Value>),
    Above,
}

#[derive(Clone, Debug)]
struct Stored {
    key: Key,
    values: Vec<Value>,
    expires: Option<u64>,
}

type Bounds = (Bound<Vec<Cell>>, Bound<Vec<Cell>>);
type Partition = BTreeMap<Vec<Cell>, Stored>;
type Tables = BTreeMap<(&'static str, Vec<Value>), Partition>;

/// Everything that a [`MemoryStore`] held at one moment.
#[derive(Clone)]
pub struct Snapshot(Tables);

/// A store in memory. Rows with a time to live end by the clock that it is given.
pub struct MemoryStore {
    tables: Mutex<Tables>,
    clock: SharedClock,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { tables: Mutex::default(), clock }
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

    fn read_range(&self, scan: &Scan) -> Result<Vec<Row>, StoreError> {
        check::scan(scan)?;
        let tables = self.lock();
        let Some(partition) = tables.get(&(scan.table.name, scan.partition.clone())) else {
            return Ok(Vec::new());
        };
        let Some(bounds) = bounds(scan.table, &scan.from, &scan.to) else {
            return Ok(Vec::new());
        };
        let now = self.clock.now().get();
        let rows = partition.range(bounds).map(|(_, stored)| stored).filter(|s| s.lives(now));
        let rows = rows.map(Stored::row);
        Ok(if scan.reverse {
            rows.rev().take(scan.limit).collect()
        } else {
            rows.take(scan.limit).collect()
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        check::batch(batch)?;
        let now = self.clock.now().get();
        let mut tables = self.lock();
        for operation in &batch.operations {
            match operation {
                Operation::Put { table, row, ttl } => put(&mut tables, table, row, *ttl, now),
                Operation::Delete { table, key } => {
                    if let Some(rows) = tables.get_mut(&(table.name, key.partition.clone())) {
                        rows.remove(&cells(table, &key.clustering));
                    }
                }
                Operation::DeleteRange { table, partition, from, to } => {
                    if let (Some(rows), Some(bounds)) =
                        (tables.get_mut(&(table.name, partition.clone())), bounds(table, from, to))
                    {
                        let gone: Vec<_> =
                            rows.range(bounds).map(|(cells, _)| cells.clone()).collect();
                        for cells in gone {
                            rows.remove(&cells);
                        }
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
            put(&mut tables, table, row, None, now);
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
                put(&mut tables, table, &Row { key, values: new }, None, now);
                Ok(Swap::Done)
            }
            found => Ok(Swap::Found(found)),
        }
    }
}

impl Stored {
    fn lives(&self, now: u64) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn row(&self) -> Row {
        Row { key: self.key.clone(), values: self.values.clone() }
    }
}

fn live(tables: &Tables, table: &'static Table, key: &Key, now: u64) -> Option<Row> {
    tables
        .get(&(table.name, key.partition.clone()))?
        .get(&cells(table, &key.clustering))
        .filter(|stored| stored.lives(now))
        .map(Stored::row)
}

fn put(tables: &mut Tables, table: &'static Table, row: &Row, ttl: Option<Duration>, now: u64) {
    let expires = ttl.map(|ttl| now.saturating_add(ttl.as_secs().saturating_mul(1000)));
    let stored = Stored { key: row.key.clone(), values: row.values.clone(), expires };
    tables
        .entry((table.name, row.key.partition.clone()))
        .or_default()
        .insert(cells(table, &row.key.clustering), stored);
}

fn cells(table: &'static Table, clustering: &[Value]) -> Vec<Cell> {
    table
        .clustering
        .iter()
        .zip(clustering)
        .map(|((_, order), value)| match order {
            Order::Ascending => Cell::Ascending(value.clone()),
            Order::Descending => Cell::Descending(std::cmp::Reverse(value.clone())),
        })
        .collect()
}

/// The range of a scan; none when it holds nothing.
fn bounds(
    table: &'static Table,
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> Option<Bounds> {
    let above = |prefix: &[Value]| {
        let mut cells = cells(table, prefix);
        cells.push(Cell::Above);
        cells
    };
    let start = match from {
        Bound::Unbounded => Vec::new(),
        Bound::Included(prefix) => cells(table, prefix),
        Bound::Excluded(prefix) => above(prefix),
    };
    let end = match to {
        Bound::Unbounded => vec![Cell::Above],
        Bound::Included(prefix) => above(prefix),
        Bound::Excluded(prefix) => cells(table, prefix),
    };
    (start < end).then_some((Bound::Included(start), Bound::Excluded(end)))
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move { self.read(table, key) })
    }

    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move { self.read_range(&scan) })
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
