//! Reading and writing records.

use std::{ops::Bound, time::Duration};

use super::declare::Record;
use crate::ports::store::{
    Batch, Key, MAX_GET_KEYS, Operation, Row, Scan, Store, StoreError, Value,
};

/// The record of a row.
pub(super) fn decode<R: Record>(row: Row) -> Result<R, StoreError> {
    R::from_row(row).ok_or(StoreError::Corrupt {
        table: R::TABLE.name,
        reason: "a value does not fit its column".to_owned(),
    })
}

/// Reads one record.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn get<R: Record>(store: &dyn Store, key: Key) -> Result<Option<R>, StoreError> {
    store.get(R::TABLE, &key).await?.map(decode).transpose()
}

/// Reads many records, each at the place of its key, however many there are.
///
/// # Errors
/// As [`get`].
pub async fn get_many<R: Record>(
    store: &dyn Store,
    keys: &[Key],
) -> Result<Vec<Option<R>>, StoreError> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(MAX_GET_KEYS) {
        for row in store.get_many(R::TABLE, keys).await? {
            found.push(row.map(decode).transpose()?);
        }
    }
    Ok(found)
}

/// Reads a part of a partition; the bounds are as in [`Scan`].
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn scan<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
    from: Bound<Vec<Value>>,
    to: Bound<Vec<Value>>,
    limit: usize,
) -> Result<Vec<R>, StoreError> {
    read(store, Scan { table: R::TABLE, partition, from, to, reverse: false, limit }).await
}

/// Reads the records that a scan finds.
///
/// # Errors
/// As [`scan`].
pub async fn read<R: Record>(store: &dyn Store, scan: Scan) -> Result<Vec<R>, StoreError> {
    store.scan(scan).await?.into_iter().map(decode).collect()
}

/// Reads a partition from its beginning.
///
/// # Errors
/// As [`scan`].
pub async fn partition<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
    limit: usize,
) -> Result<Vec<R>, StoreError> {
    scan(store, partition, Bound::Unbounded, Bound::Unbounded, limit).await
}

/// Claims a unique record: returns none if it was written, else the one that is already there.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn insert_if_absent<R: Record>(
    store: &dyn Store,
    record: &R,
) -> Result<Option<R>, StoreError> {
    store.insert_if_absent(R::TABLE, record.to_row()).await?.map(decode).transpose()
}

impl Batch {
    /// Adds a write of a record.
    pub fn put<R: Record>(&mut self, record: &R) {
        self.push(record, None, false);
    }

    /// Adds a write of a record that expires after a time.
    pub fn put_for<R: Record>(&mut self, record: &R, ttl: Duration) {
        self.push(record, Some(ttl), false);
    }

    /// Adds a write of a record whose row was never written before.
    pub fn put_fresh<R: Record>(&mut self, record: &R, ttl: Option<Duration>) {
        self.push(record, ttl, true);
    }

    fn push<R: Record>(&mut self, record: &R, ttl: Option<Duration>, fresh: bool) {
        let row = record.to_row();
        self.operations.push(Operation::Put { table: R::TABLE, row, ttl, fresh });
    }

    /// Adds a delete of a record.
    pub fn delete<R: Record>(&mut self, key: Key) {
        self.operations.push(Operation::Delete { table: R::TABLE, key });
    }
}
