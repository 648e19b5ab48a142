//! The limits and rules that every store holds a request to, so that a request that does not fit is
//! `Invalid` in the same way on each of them.

use std::{ops::Bound, time::Duration};

use super::store::{
    Batch, Column, ColumnType, Key, MAX_BATCH_OPERATIONS, MAX_SCAN_ROWS, Operation, Row, Scan,
    StoreError, Table, Value,
};

/// The most bytes in the columns of one key.
pub const MAX_KEY_BYTES: usize = 16 * 1024;

/// The most bytes in the values of one row.
pub const MAX_ROW_BYTES: usize = 1024 * 1024;

/// The most bytes in the rows of one [`Batch`] (Cassandra's default for one mutation).
pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

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
        Operation::Put { table, row: put, ttl: time } => {
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

/// Checks a batch; gives the bytes of its values.
///
/// # Errors
///
/// `Invalid`.
pub fn batch(batch: &Batch) -> Result<usize, StoreError> {
    let Some(first) = batch.operations.first() else {
        return Ok(0);
    };
    let (Operation::Put { table, .. }
    | Operation::Delete { table, .. }
    | Operation::DeleteRange { table, .. }) = first;
    let count = batch.operations.len();
    if count > MAX_BATCH_OPERATIONS {
        return Err(invalid(
            table,
            format!("a batch of {count} operations, at most {MAX_BATCH_OPERATIONS}"),
        ));
    }
    let mut bytes = 0;
    for each in &batch.operations {
        bytes += operation(each)?;
    }
    if bytes > MAX_BATCH_BYTES {
        return Err(invalid(table, format!("a batch of {bytes} bytes, at most {MAX_BATCH_BYTES}")));
    }
    Ok(bytes)
}
