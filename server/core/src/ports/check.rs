//! The limits and rules that every store holds a request to, so that a request that does not fit is
//! `Invalid` in the same way on each of them.

use std::{cmp::Ordering, collections::BTreeSet, ops::Bound, time::Duration};

use super::store::{
    Atomicity, Batch, Column, ColumnType, Key, MAX_GET_KEYS, MAX_SCAN_ROWS, Operation, Order, Row,
    Scan, Stamp, StoreError, StoreLimits, Table, Value,
};

/// The most bytes in the columns of one key.
pub const MAX_KEY_BYTES: usize = 16 * 1024;

/// The most bytes in the values of one row.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// The first number that does not fit a `bigint`.
const U64_LIMIT: u64 = 1 << 63;

fn invalid(table: &'static Table, reason: impl Into<String>) -> StoreError {
    StoreError::Invalid { table: table.name, reason: reason.into() }
}

/// The bytes that a value takes, without overhead.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::U64(_) => 8,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    }
}

fn column(table: &'static Table, column: &Column, value: &Value) -> Result<(), StoreError> {
    match (column.ty, value) {
        (ColumnType::U64, Value::U64(number)) if *number >= U64_LIMIT => {
            Err(invalid(table, format!("column {}: {number} is not below 2^63", column.name)))
        }
        (ColumnType::Bool, Value::Bool(_))
        | (ColumnType::U64, Value::U64(_))
        | (ColumnType::Text, Value::Text(_))
        | (ColumnType::Bytes, Value::Bytes(_)) => Ok(()),
        (ty, Value::Null) => {
            Err(invalid(table, format!("column {} ({ty:?}) may not be null", column.name)))
        }
        (ty, _) => Err(invalid(table, format!("column {} wants {ty:?}", column.name))),
    }
}

fn key_size(table: &'static Table, values: &[Value], already: usize) -> Result<usize, StoreError> {
    let bytes = already + values.iter().map(size).sum::<usize>();
    if bytes > MAX_KEY_BYTES {
        return Err(invalid(table, format!("a key of {bytes} bytes, at most {MAX_KEY_BYTES}")));
    }
    Ok(bytes)
}

/// Checks the values of the partition columns; gives their bytes.
///
/// # Errors
///
/// `Invalid`.
pub fn partition(table: &'static Table, values: &[Value]) -> Result<usize, StoreError> {
    if values.len() != table.partition.len() {
        return Err(invalid(
            table,
            format!("{} partition columns, not {}", table.partition.len(), values.len()),
        ));
    }
    for (declared, value) in table.partition.iter().zip(values) {
        column(table, declared, value)?;
    }
    key_size(table, values, 0)
}

/// Checks the first few values of the clustering columns.
fn prefix(table: &'static Table, values: &[Value], already: usize) -> Result<(), StoreError> {
    if values.len() > table.clustering.len() {
        return Err(invalid(
            table,
            format!("{} clustering columns, not {}", table.clustering.len(), values.len()),
        ));
    }
    for ((declared, _), value) in table.clustering.iter().zip(values) {
        column(table, declared, value)?;
    }
    key_size(table, values, already).map(|_| ())
}

/// Checks a full key.
///
/// # Errors
///
/// `Invalid`.
pub fn key(table: &'static Table, key: &Key) -> Result<(), StoreError> {
    let bytes = partition(table, &key.partition)?;
    if key.clustering.len() != table.clustering.len() {
        return Err(invalid(
            table,
            format!("{} clustering columns, not {}", table.clustering.len(), key.clustering.len()),
        ));
    }
    prefix(table, &key.clustering, bytes)
}

/// Checks the values of the value columns; gives their bytes.
///
/// # Errors
///
/// `Invalid`.
pub fn values(table: &'static Table, values: &[Value]) -> Result<usize, StoreError> {
    if values.len() != table.values.len() {
        return Err(invalid(
            table,
            format!("{} value columns, not {}", table.values.len(), values.len()),
        ));
    }
    for (declared, value) in table.values.iter().zip(values) {
        if *value != Value::Null {
            column(table, declared, value)?;
        }
    }
    let bytes = values.iter().map(size).sum();
    if bytes > MAX_ROW_BYTES {
        return Err(invalid(table, format!("a row of {bytes} bytes, at most {MAX_ROW_BYTES}")));
    }
    Ok(bytes)
}

/// Checks a row; gives the bytes of its values.
///
/// # Errors
///
/// `Invalid`.
pub fn row(table: &'static Table, row: &Row) -> Result<usize, StoreError> {
    key(table, &row.key)?;
    values(table, &row.values)
}

/// Checks a part of a partition.
///
/// # Errors
///
/// `Invalid`.
pub fn range(
    table: &'static Table,
    of: &[Value],
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> Result<(), StoreError> {
    let bytes = partition(table, of)?;
    for bound in [from, to] {
        if let Bound::Included(values) | Bound::Excluded(values) = bound {
            prefix(table, values, bytes)?;
        }
    }
    Ok(())
}

/// Checks a scan.
///
/// # Errors
///
/// `Invalid`.
pub fn scan(scan: &Scan) -> Result<(), StoreError> {
    if scan.limit > MAX_SCAN_ROWS {
        return Err(invalid(
            scan.table,
            format!("a scan of {} rows, at most {MAX_SCAN_ROWS}", scan.limit),
        ));
    }
    range(scan.table, &scan.partition, &scan.from, &scan.to)
}

fn ttl(table: &'static Table, ttl: Duration) -> Result<(), StoreError> {
    if ttl.as_secs() == 0 || ttl.subsec_nanos() != 0 {
        return Err(invalid(table, format!("a time to live of {ttl:?}, not of whole seconds")));
    }
    Ok(())
}

/// Checks one operation; gives the bytes of its values.
///
/// # Errors
///
/// `Invalid`.
pub fn operation(operation: &Operation) -> Result<usize, StoreError> {
    match operation {
        Operation::Put { table, row: put, ttl: time, .. } => {
            if let Some(time) = time {
                ttl(table, *time)?;
            }
            row(table, put)
        }
        Operation::Delete { table, key: of } => key(table, of).map(|()| 0),
        Operation::DeleteRange { table, partition, from, to } => {
            range(table, partition, from, to).map(|()| 0)
        }
    }
}

/// Checks what a batch says and holds, against a store's limits; gives the bytes of its values.
///
/// # Errors
///
/// `Invalid`.
pub fn batch(batch: &Batch, limits: &StoreLimits) -> Result<usize, StoreError> {
    let Some(first) = batch.operations.first() else {
        return Ok(0);
    };
    let table = first.table();
    if batch.stamp == Stamp::NONE || batch.stamp >= Stamp::LIMIT {
        return Err(invalid(table, format!("a batch with the stamp {}", batch.stamp.0)));
    }
    let (count, most) = (batch.operations.len(), limits.batch_operations);
    if count > most {
        return Err(invalid(table, format!("a batch of {count} operations, at most {most}")));
    }
    let mut bytes = 0;
    for each in &batch.operations {
        bytes += operation(each)?;
    }
    let most = limits.batch_bytes;
    if bytes > most {
        return Err(invalid(table, format!("a batch of {bytes} bytes, at most {most}")));
    }
    Ok(bytes)
}

/// Checks that a batch is what it declares: that one for a partition lies in one, that no row is written
/// twice, and that nothing is put into a range that it deletes (the delete would win). A fault here is one
/// of the code that made the batch, so stores for tests check it always, others in debug builds.
///
/// # Errors
///
/// `Invalid`.
pub fn declaration(batch: &Batch) -> Result<(), StoreError> {
    let Some(first) = batch.operations.first() else { return Ok(()) };
    let mut rows = BTreeSet::new();
    for each in &batch.operations {
        let (table, partition) = (each.table(), each.partition());
        if batch.atomicity == Atomicity::Partition
            && (table.name, partition) != (first.table().name, first.partition())
        {
            return Err(invalid(table, "a batch for one partition writes to another one"));
        }
        if let Some(key) = each.key()
            && !rows.insert((table.name, key))
        {
            return Err(invalid(table, "a batch writes a row twice"));
        }
    }
    for each in &batch.operations {
        if let Operation::DeleteRange { table, partition, from, to } = each
            && rows.iter().any(|(name, key)| {
                *name == table.name
                    && key.partition == *partition
                    && within(table, &key.clustering, from, to)
            })
        {
            return Err(invalid(table, "a batch writes a row in a range that it deletes"));
        }
    }
    Ok(())
}

/// Checks the keys of a [`Store::get_many`](super::store::Store::get_many).
///
/// # Errors
///
/// `Invalid`.
pub fn keys(table: &'static Table, keys: &[Key]) -> Result<(), StoreError> {
    if keys.len() > MAX_GET_KEYS {
        return Err(invalid(table, format!("{} keys, at most {MAX_GET_KEYS}", keys.len())));
    }
    keys.iter().try_for_each(|of| key(table, of))
}

/// Whether a row of a partition lies between two bounds (see [`Scan`]).
#[must_use]
pub fn within(
    table: &'static Table,
    clustering: &[Value],
    from: &Bound<Vec<Value>>,
    to: &Bound<Vec<Value>>,
) -> bool {
    let compare = |prefix: &[Value]| {
        let columns = table.clustering.iter().zip(clustering.iter().zip(prefix));
        let mut orders = columns.map(|((_, order), (value, bound))| match order {
            Order::Ascending => value.cmp(bound),
            Order::Descending => bound.cmp(value),
        });
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let after = match from {
        Bound::Unbounded => true,
        Bound::Included(prefix) => compare(prefix).is_ge(),
        Bound::Excluded(prefix) => compare(prefix).is_gt(),
    };
    let before = match to {
        Bound::Unbounded => true,
        Bound::Included(prefix) => compare(prefix).is_le(),
        Bound::Excluded(prefix) => compare(prefix).is_lt(),
    };
    after && before
}
