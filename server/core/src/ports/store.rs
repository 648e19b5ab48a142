//! The store port: one wide-column store of few methods.
//!
//! A [`Table`] has partition columns, clustering columns with an order, and value columns. Rows of
//! one partition lie together in clustering order. The semantics are ScyllaDB's on every back end:
//! a write is atomic and isolated within one partition of one table; a [`Batch`] over several
//! partitions or tables is all-or-nothing in the end, but readers may see a part of it first. There
//! are no counters, no secondary indexes, and no filters. [`Store::insert_if_absent`] and
//! [`Store::compare_and_set`] are for unique names, leases and epochs only, and rows that are
//! written with them are never written otherwise.
//!
//! When a write's future resolves with `Ok`, the write is durable. Code does not use these raw rows
//! but the typed records in `tables`.

use std::{future::Future, ops::Bound, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

/// The most rows that one [`Scan`] may ask for.
pub const MAX_SCAN_ROWS: usize = 10_000;

/// The most operations in one [`Batch`].
pub const MAX_BATCH_OPERATIONS: usize = 4_096;

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

/// Writes that happen together, all or none in the end. Of two operations on one row the later one
/// counts.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The operations, at most [`MAX_BATCH_OPERATIONS`].
    pub operations: Vec<Operation>,
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

    /// The rows of a part of a partition, in clustering order (or its reverse).
    fn scan(&self, scan: Scan) -> StoreFuture<'_, Vec<Row>>;

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
