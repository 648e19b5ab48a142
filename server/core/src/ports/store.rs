//! The store port: one wide-column store of few methods.
//!
//! A [`Table`] has partition columns, clustering columns with an order, and value columns. Rows of
//! one partition lie together in clustering order. The semantics are ScyllaDB's on every back end:
//! a write is atomic and isolated within one partition of one table; a [`Batch`] over several
//! partitions or tables is what it declares ([`Atomicity`]), and readers may see a part of it first.
//! There are no counters, no secondary indexes, and no filters. [`Store::insert_if_absent`] and
//! [`Store::compare_and_set`] are for unique names, leases and epochs only, and rows that are
//! written with them are never written otherwise.
//!
//! **Stamps.** Every batch carries a [`Stamp`], as `USING TIMESTAMP` does in CQL, and the stamps, not
//! the order of arrival, say which write of a row counts:
//! - The write with the larger stamp wins the row, as a whole. A delete is a write too: it leaves a
//!   tombstone with its stamp, so a write with a smaller stamp that lands later does not bring the
//!   row back. A row whose time to live is over keeps its stamp in the same way.
//! - At equal stamps a delete wins over a put. Two puts of one row with one stamp must be the same
//!   put (a retry); which of two different ones wins is not defined.
//! - A batch that is tried again keeps its stamp.
//!
//! CQL decides by column, not by row. It comes to the same, because a put always writes every value
//! column (an absent one as null, unless the row is `fresh`) and a delete always takes the whole row:
//! all columns of a row carry the stamp of one write.
//!
//! A store that one process holds locked and that applies writes in the order in which they were given
//! may ignore stamps: there the later write is the one with the larger stamp. The suite in
//! `caffis-conformance` says which of its parts are for stores with several writers.
//!
//! When a write's future resolves with `Ok`, the write is durable. Code does not use these raw rows
//! but the typed records in `tables`.

use std::{collections::BTreeSet, future::Future, ops::Bound, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_schema::Timestamp;

/// The most rows that one [`Scan`] may ask for.
pub const MAX_SCAN_ROWS: usize = 10_000;

/// The most keys that one [`Store::get_many`] may ask for.
pub const MAX_GET_KEYS: usize = 1_000;

/// The most operations in one [`Batch`], on any store; see [`StoreLimits`].
pub const MAX_BATCH_OPERATIONS: usize = 4_096;

/// The most bytes in the rows of one [`Batch`], on any store (Cassandra's default for one mutation); see
/// [`StoreLimits`].
pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

/// What one [`Batch`] may hold on a store. Core splits what may be split, and does not send the rest:
/// a batch past these is [`StoreError::Invalid`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// The most operations; at most [`MAX_BATCH_OPERATIONS`].
    pub batch_operations: usize,
    /// The most bytes in the values of its rows; at most [`MAX_BATCH_BYTES`].
    pub batch_bytes: usize,
}

impl StoreLimits {
    /// The largest that the port allows.
    pub const MAX: Self =
        Self { batch_operations: MAX_BATCH_OPERATIONS, batch_bytes: MAX_BATCH_BYTES };
}

/// When a write was made, by its writer: of two writes of one row the larger stamp wins. Counted like
/// microseconds since 1970, and above 0 and below 2^63, as CQL wants it. [`Stamps`] gives them.
///
/// ScyllaDB refuses stamps that lie more than three days ahead of its clock.
///
/// [`Stamps`]: super::stamps::Stamps
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp of a batch that has none yet; no store takes it.
    pub const NONE: Self = Self(0);

    /// The first number that is too large for a stamp.
    pub const LIMIT: Self = Self(1 << 63);

    /// The stamp of a row of which the one with the latest time of its own counts, whoever writes it and when.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(time.get().saturating_mul(1_000).clamp(1, Self::LIMIT.0 - 1))
    }
}

/// What a [`Batch`] needs of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Atomicity {
    /// All operations lie in one partition of one table: atomic and isolated. The cheapest.
    Partition,
    /// Several partitions, each atomic and isolated by itself. `Ok` says that all of them are durable.
    /// After any other end each of them may have been written or not, or may still be, and the caller
    /// repairs it. In CQL: one write for each partition, side by side, without a batch log.
    Repairable,
    /// Several partitions, all or none in the end, also when the writer dies; readers may see a part of
    /// it first. In CQL: a logged batch, which costs a write of the whole batch to two other replicas,
    /// and their answer, before the rows are written.
    Logged,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `boolean`.
    Bool,
    /// `bigint`: an unsigned number below 2^63.
    U64,
    /// `text`.
    Text,
    /// `blob`.
    Bytes,
}

/// A column: its name and type. Key columns are never null; value columns may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name, as in CQL.
    pub name: &'static str,
    /// The type.
    pub ty: ColumnType,
}

/// The order of a clustering column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A table's declaration.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The name, as in CQL.
    pub name: &'static str,
    /// The columns that choose a partition; at least one.
    pub partition: &'static [Column],
    /// The columns that order rows within a partition; may be none.
    pub clustering: &'static [(Column, Order)],
    /// The columns that are not part of the key.
    pub values: &'static [Column],
}

/// The value of one column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing; in value columns only.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number below 2^63.
    U64(u64),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Bytes),
}

/// A row's full key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// One value for each partition column.
    pub partition: Vec<Value>,
    /// One value for each clustering column.
    pub clustering: Vec<Value>,
}

/// A row: its key and one value for each value column. A write replaces the row as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: Key,
    /// The values, in the table's order.
    pub values: Vec<Value>,
}

/// Rows of one partition between two bounds.
///
/// A bound is a prefix of the clustering columns (all of them, or the first few): `Included(prefix)`
/// takes in every row that starts with it, `Excluded(prefix)` leaves every such row out. `from` and
/// `to` follow the table's clustering order: for a descending column, `from` is the larger value.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The table.
    pub table: &'static Table,
    /// The partition.
    pub partition: Vec<Value>,
    /// Where to begin.
    pub from: Bound<Vec<Value>>,
    /// Where to end.
    pub to: Bound<Vec<Value>>,
    /// Give the rows from `to` back to `from`.
    pub reverse: bool,
    /// The most rows to give; at most [`MAX_SCAN_ROWS`].
    pub limit: usize,
}

/// One operation of a [`Batch`].
#[derive(Clone, Debug)]
pub enum Operation {
    /// Writes a row whole, over whatever was there.
    Put {
        /// The table.
        table: &'static Table,
        /// The row.
        row: Row,
        /// Forget the row after this long (whole seconds); none for a row that stays.
        ttl: Option<Duration>,
        /// No other write of this row has or will have a smaller stamp: absent columns need not be
        /// written as null, which in CQL leaves a tombstone each. A store may ignore it. Of a row that
        /// was there after all, the columns that are null here may keep their old values.
        fresh: bool,
    },
    /// Removes a row; nothing happens when there is none.
    Delete {
        /// The table.
        table: &'static Table,
        /// The row's key.
        key: Key,
    },
    /// Removes all rows of a partition between two bounds (see [`Scan`]).
    DeleteRange {
        /// The table.
        table: &'static Table,
        /// The partition.
        partition: Vec<Value>,
        /// Where to begin.
        from: Bound<Vec<Value>>,
        /// Where to end.
        to: Bound<Vec<Value>>,
    },
}

impl Operation {
    /// The table that it writes to.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        match self {
            Self::Put { table, .. } | Self::Delete { table, .. } => table,
            Self::DeleteRange { table, .. } => table,
        }
    }

    /// The partition that it writes to.
    #[must_use]
    pub fn partition(&self) -> &[Value] {
        match self {
            Self::Put { row: Row { key, .. }, .. } | Self::Delete { key, .. } => &key.partition,
            Self::DeleteRange { partition, .. } => partition,
        }
    }

    /// The row that it writes; none for a range.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Put { row: Row { key, .. }, .. } | Self::Delete { key, .. } => Some(key),
            Self::DeleteRange { .. } => None,
        }
    }
}

/// Writes that are sent together.
///
/// No two operations of a batch touch the same row: all carry one stamp, so the store could not tell
/// which comes later ([`Batch::merge`]).
#[derive(Clone, Debug)]
pub struct Batch {
    /// The stamp of every operation.
    pub stamp: Stamp,
    /// How far the operations belong together.
    pub atomicity: Atomicity,
    /// The operations, within the store's [`StoreLimits`].
    pub operations: Vec<Operation>,
}

impl Batch {
    /// An empty batch for one partition of one table.
    #[must_use]
    pub fn partition(stamp: Stamp) -> Self {
        Self { stamp, atomicity: Atomicity::Partition, operations: Vec::new() }
    }

    /// An empty batch for several partitions, of which the caller repairs what does not land.
    #[must_use]
    pub fn repairable(stamp: Stamp) -> Self {
        Self { stamp, atomicity: Atomicity::Repairable, operations: Vec::new() }
    }

    /// An empty batch for several partitions, all or none in the end.
    #[must_use]
    pub fn logged(stamp: Stamp) -> Self {
        Self { stamp, atomicity: Atomicity::Logged, operations: Vec::new() }
    }

    /// Keeps the last of several operations on one row, where it stands. Ranges are left as they are.
    pub fn merge(&mut self) {
        let mut seen = BTreeSet::new();
        let keep: Vec<bool> = self
            .operations
            .iter()
            .rev()
            .map(|operation| {
                operation.key().is_none_or(|key| seen.insert((operation.table().name, key)))
            })
            .collect();
        let mut keep = keep.into_iter().rev();
        self.operations.retain(|_| keep.next().unwrap_or(true));
    }
}

/// What became of a compare-and-set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The row had the expected values and has the new ones now.
    Done,
    /// It did not; this is the row as it is (none: there is no such row).
    Found(Option<Row>),
}

/// Why the store could not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Out of disk space; nothing was written. Reads still work.
    #[error("the store is full")]
    Full,
    /// The store cannot be reached or is closing; nothing was written.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The write may or may not have happened, or may still happen.
    #[error("the outcome of a write is unknown: {0}")]
    Unknown(String),
    /// A row that was read cannot be what was written.
    #[error("table {table} holds a row that cannot be read: {reason}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The request does not fit the table's declaration or a limit; nothing was written.
    #[error("the request does not fit table {table}: {reason}")]
    Invalid {
        /// The table.
        table: &'static str,
        /// What does not fit.
        reason: String,
    },
}

/// A store's answer, to come.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A wide-column store. See the module's documentation for the semantics.
pub trait Store: Send + Sync + 'static {
    /// The row with this key.
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>>;

    /// The rows with these keys, at most [`MAX_GET_KEYS`], each at the place of its key. They are read
    /// one by one as with [`Store::get`], only side by side: they are not of one moment.
    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>>;

    /// The rows of a part of a partition, in clustering order (or its reverse).
    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>>;

    /// What one batch may hold.
    fn limits(&self) -> StoreLimits;

    /// Writes a batch; durable when the future resolves. A batch whose future is dropped may still
    /// be written.
    fn write(&self, batch: Batch) -> StoreFuture<'_, ()>;

    /// Writes a row unless there is one with its key: gives none when it was written, else the row
    /// that is there.
    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>>;

    /// Replaces a row's values if they are exactly the expected ones.
    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap>;
}

/// A store, shared.
pub type SharedStore = Arc<dyn Store>;
