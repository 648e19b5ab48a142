//! The plain map that a store is compared with. It knows nothing of encodings: a scan looks at every
//! row and sorts what fits.

use std::{cmp::Ordering, collections::BTreeMap, ops::Bound};

use caffis_core::ports::store::{Batch, Key, Operation, Order, Row, Scan, Stamp, Table, Value};

/// The last write of a row.
struct Written {
    /// None: it was deleted.
    values: Option<Vec<Value>>,
    /// The second in which it ends.
    expires: Option<u64>,
    stamp: Stamp,
}

/// A deleted range.
struct Erased {
    table: &'static Table,
    partition: Vec<Value>,
    from: Bound<Vec<Value>>,
    to: Bound<Vec<Value>>,
    stamp: Stamp,
}

/// The rows that a store should hold. Ranges are not applied: whoever reads looks whether a row lies in
/// one that is as new as the row.
#[derive(Default)]
pub struct Model {
    rows: BTreeMap<(&'static str, Key), Written>,
    erased: Vec<Erased>,
    now: u64,
}

impl Model {
    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
    }

    /// The row with this key.
    #[must_use]
    pub fn get(&self, table: &'static Table, key: &Key) -> Option<Row> {
        self.live(key, self.rows.get(&(table.name, key.clone()))?, table)
    }

    fn live(&self, key: &Key, written: &Written, table: &'static Table) -> Option<Row> {
        let values = written.values.clone()?;
        let erased = self.erased.iter().any(|range| {
            range.table.name == table.name
                && range.partition == key.partition
                && range.stamp >= written.stamp
                && within(table, &key.clustering, &range.from, &range.to)
        });
        let over = written.expires.is_some_and(|expires| self.now >= expires);
        (!erased && !over).then(|| Row { key: key.clone(), values })
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
            .filter_map(|((_, key), written)| self.live(key, written, scan.table))
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
        let stamp = batch.stamp;
        for operation in &batch.operations {
            match operation {
                Operation::Put { table, row, ttl, .. } => {
                    let expires = ttl.map(|ttl| self.now + ttl.as_secs());
                    let values = Some(row.values.clone());
                    self.put(table, &row.key, Written { values, expires, stamp });
                }
                Operation::Delete { table, key } => {
                    self.put(table, key, Written { values: None, expires: None, stamp });
                }
                Operation::DeleteRange { table, partition, from, to } => {
                    let (partition, from, to) = (partition.clone(), from.clone(), to.clone());
                    self.erased.push(Erased { table, partition, from, to, stamp });
                }
            }
        }
    }

    fn put(&mut self, table: &'static Table, key: &Key, written: Written) {
        let place = (table.name, key.clone());
        let is_older = |there: &Written| {
            there.stamp < written.stamp
                || (there.stamp == written.stamp && written.values.is_none())
        };
        if self.rows.get(&place).is_none_or(is_older) {
            self.rows.insert(place, written);
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
