//! Reading whole partitions, in pages: no request to the store is larger than a page, and no row is
//! left out, however many there are.

use std::ops::Bound;

use super::{access::decode, declare::Record};
use crate::ports::store::{MAX_SCAN_ROWS, Scan, Store, StoreError, Value};

/// Rows of one page: few enough that each request is short.
const PAGE_ROWS: usize = MAX_SCAN_ROWS / 4;

/// Reads all rows of a partition, in clustering order.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn whole<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
) -> Result<Vec<R>, StoreError> {
    pages(store, partition, false).await
}

/// Reads all rows of a partition, the last one first.
///
/// # Errors
/// As [`whole`].
pub async fn from_the_end<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
) -> Result<Vec<R>, StoreError> {
    pages(store, partition, true).await
}

async fn pages<R: Record>(
    store: &dyn Store,
    partition: Vec<Value>,
    reverse: bool,
) -> Result<Vec<R>, StoreError> {
    let mut records = Vec::new();
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    loop {
        let partition = partition.clone();
        let scan = Scan { table: R::TABLE, partition, from, to, reverse, limit: PAGE_ROWS };
        let rows = store.scan(scan).await?;
        let last = rows.last().map(|row| row.key.clustering.clone());
        let is_last_page = rows.len() < PAGE_ROWS;
        records.reserve(rows.len());
        for row in rows {
            records.push(decode(row)?);
        }
        let Some(last) = last.filter(|_| !is_last_page) else { return Ok(records) };
        (from, to) = match reverse {
            false => (Bound::Excluded(last), Bound::Unbounded),
            true => (Bound::Unbounded, Bound::Excluded(last)),
        };
    }
}
