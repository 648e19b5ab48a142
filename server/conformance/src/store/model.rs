//! The plain map that a store is compared with. It knows nothing of encodings: a scan looks at every
//! row and sorts what fits.

use std::{cmp::Ordering, collections::BTreeMap, ops::Bound};

use caffis_core::ports::store::{Batch, Key, Operation, Order, Row, Scan, Table, Value};

/// Values, and the second in which they end.
type Stored = (Vec<Value>, Option<u64>);

/// The rows that a store should hold.
#[derive(Default)]
pub struct Model {
    rows: BTreeMap<(&'static str, Key), Stored>,
    now: u64,
}

impl Model {
    /// Lets seconds pass; rows whose time is over are gone.
    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        let now = self.now;
        self.rows.retain(|_, (_, expires)| expires.is_none_or(|expires| now < expires));
    }

    /// The row with this key.
    #[must_use]
    pub fn get(&self, table: &'static Table, key: &Key) -> Option<Row> {
        let (values, _) = self.rows.get(&(table.name, key.clone()))?;
        Some(Row { key: key.clone(), values: values.clone() })
    }

    /// The rows of a scan.
    #[must_use]
    pub fn scan(&self, scan: &Scan) -> Vec<Row> {
        let mut rows: Vec<Row> = self
            .rows
            .iter()
            .filter(|((name, key), _)| {
                *name == scan.table.name
                    && key.partition == scan.partition
                    && within(scan.table, &key.clustering, &scan.from, &scan.to)
            })
            .map(|((_, key), (values, _))| Row { key: key.clone(), values: values.clone() })
            .collect();
        rows.sort_by(|a, b| compare(scan.table, &a.key.clustering, &b.key.clustering));
        if scan.reverse {
            rows.reverse();
        }
        rows.truncate(scan.limit);
        rows
    }

    /// Writes a batch.
    pub fn write(&mut self, batch: &Batch) {
        for operation in &batch.operations {
            match operation {
                Operation::Put { table, row, ttl } => {
                    let expires = ttl.map(|ttl| self.now + ttl.as_secs());
                    self.rows.insert((table.name, row.key.clone()), (row.values.clone(), expires));
                }
                Operation::Delete { table, key } => {
                    self.rows.remove(&(table.name, key.clone()));
                }
                Operation::DeleteRange { table, partition, from, to } => {
                    self.rows.retain(|(name, key), _| {
                        *name != table.name
                            || key.partition != *partition
                            || !within(table, &key.clustering, from, to)
                    });
                }
            }
        }
    }
}

/// Compares two clusterings in the table's order, as far as the shorter one goes.
fn compare(table: &'static Table, a: &[Value], b: &[Value]) -> Ordering {
    for ((_, order), (a, b)) in table.clustering.iter().zip(a.iter().zip(b)) {
        let ordering = match order {
            Order::Ascending => a.cmp(b),
            Order::Descending => b.cmp(a),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

fn within(
    table: &'static Table,
    clustering: &[Value],
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> bool {
    let after = match from {
        Bound::Unbounded => true,
        Bound::Included(prefix) => compare(table, clustering, prefix) != Ordering::Less,
        Bound::Excluded(prefix) => compare(table, clustering, prefix) == Ordering::Greater,
    };
    let before = match to {
        Bound::Unbounded => true,
        Bound::Included(prefix) => compare(table, clustering, prefix) != Ordering::Greater,
        Bound::Excluded(prefix) => compare(table, clustering, prefix) == Ordering::Less,
    };
    after && before
}
