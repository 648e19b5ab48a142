//! One partition: the rows with the stamps of their last writes, and the ranges that were deleted.

use std::{
    collections::BTreeMap,
    ops::{Bound, Range},
};

use caffis_core::ports::store::{Key, Order, Row, Stamp, Table, Value};

/// A bound of a scan or a range.
type Bounded = Bound<Vec<Value>>;

/// A clustering column's value, ordered as the table says. `Above` comes after every value, so that
/// a prefix with it comes after every row that starts with the prefix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cell {
    Ascending(Value),
    Descending(std::cmp::Reverse<Value>),
    Above,
}

/// What a put brings, beside the row's clustering.
#[derive(Clone, Debug)]
pub(super) struct Put<'a> {
    pub(super) row: &'a Row,
    /// When it ends, in milliseconds since 1970.
    pub(super) expires: Option<u64>,
    pub(super) fresh: bool,
    pub(super) stamp: Stamp,
}

/// The last write of a row.
#[derive(Clone, Debug)]
struct Stored {
    key: Key,
    /// None: a tombstone.
    values: Option<Vec<Value>>,
    expires: Option<u64>,
    stamp: Stamp,
}

/// Nothing is ever forgotten: neither tombstones nor rows that have expired, because an older write may
/// still come.
#[derive(Clone, Debug, Default)]
pub(super) struct Partition {
    rows: BTreeMap<Vec<Cell>, Stored>,
    deleted: Vec<(Range<Vec<Cell>>, Stamp)>,
}

impl Stored {
    /// The row, unless it is deleted or its time is over.
    fn live(&self, now: u64) -> Option<Row> {
        let values = self.values.clone()?;
        let lives = self.expires.is_none_or(|expires| now < expires);
        lives.then(|| Row { key: self.key.clone(), values })
    }
}

impl Partition {
    pub(super) fn get(&self, cells: &[Cell], now: u64) -> Option<Row> {
        self.rows.get(cells)?.live(now)
    }

    /// The live rows of a range.
    pub(super) fn range(
        &self,
        range: Range<Vec<Cell>>,
        now: u64,
    ) -> impl DoubleEndedIterator<Item = Row> {
        self.rows.range(range).filter_map(move |(_, stored)| stored.live(now))
    }

    /// A stamp above those of all writes of a row so far.
    pub(super) fn next_stamp(&self, cells: &[Cell]) -> Stamp {
        let row = self.rows.get(cells).map_or(Stamp::NONE, |stored| stored.stamp);
        Stamp(row.max(self.deleted_at(cells)).0 + 1)
    }

    /// The largest stamp of the deleted ranges that a row lies in.
    fn deleted_at(&self, cells: &[Cell]) -> Stamp {
        let covering = self
            .deleted
            .iter()
            .filter(|(range, _)| range.start.as_slice() <= cells && cells < range.end.as_slice());
        covering.map(|(_, stamp)| *stamp).max().unwrap_or(Stamp::NONE)
    }

    pub(super) fn put(&mut self, cells: Vec<Cell>, put: &Put<'_>, now: u64) {
        let Put { row, expires, fresh, stamp } = *put;
        if self.deleted_at(&cells) >= stamp {
            return;
        }
        let mut values = row.values.clone();
        if let Some(there) = self.rows.get(&cells) {
            // Of two different puts with one stamp some one has to win.
            let wins = stamp > there.stamp
                || (stamp == there.stamp && there.values.as_ref().is_some_and(|v| *v < values));
            if !wins {
                return;
            }
            if fresh && let Some(old) = there.live(now) {
                // Nothing is written for absent columns, so what was there shows through.
                for (value, old) in values.iter_mut().zip(old.values) {
                    if *value == Value::Null {
                        *value = old;
                    }
                }
            }
        }
        let stored = Stored { key: row.key.clone(), values: Some(values), expires, stamp };
        self.rows.insert(cells, stored);
    }

    pub(super) fn delete(&mut self, cells: Vec<Cell>, key: &Key, stamp: Stamp) {
        if self.rows.get(&cells).is_some_and(|there| there.stamp > stamp) {
            return;
        }
        let key = key.clone();
        self.rows.insert(cells, Stored { key, values: None, expires: None, stamp });
    }

    pub(super) fn delete_range(&mut self, range: Range<Vec<Cell>>, stamp: Stamp) {
        for (_, there) in self.rows.range_mut(range.clone()) {
            if there.stamp <= stamp {
                (there.values, there.expires, there.stamp) = (None, None, stamp);
            }
        }
        let covered = |(other, at): &(Range<Vec<Cell>>, Stamp)| {
            *at <= stamp && range.start <= other.start && other.end <= range.end
        };
        self.deleted.retain(|other| !covered(other));
        self.deleted.push((range, stamp));
    }
}

pub(super) fn cells(table: &'static Table, clustering: &[Value]) -> Vec<Cell> {
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

/// The range between two bounds; none when it holds nothing.
pub(super) fn range(
    table: &'static Table,
    from: &Bounded,
    to: &Bounded,
) -> Option<Range<Vec<Cell>>> {
    let above = |prefix: &[Value]| {
        let mut cells = cells(table, prefix);
        cells.push(Cell::Above);
        cells
    };
    let start = match from {
        Bounded::Unbounded => Vec::new(),
        Bounded::Included(prefix) => cells(table, prefix),
        Bounded::Excluded(prefix) => above(prefix),
    };
    let end = match to {
        Bounded::Unbounded => vec![Cell::Above],
        Bounded::Included(prefix) => above(prefix),
        Bounded::Excluded(prefix) => cells(table, prefix),
    };
    (start < end).then_some(start..end)
}
