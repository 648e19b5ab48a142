//! Conditional writes: for unique names, leases and epochs. Their rows are never removed and have no
//! time to live, so a row that was seen is there for ever.

use crate::{
    answer::{self, Applied},
    client::Client,
    failure::{self, Attempts},
    statement::Shape,
    values::Cells,
};
use caffis_core::ports::{
    check,
    store::{Key, Row, StoreError, Swap, Table, Value},
};

/// How often a row is looked at again that was changed while it was looked at.
const MAX_LOOKS: usize = 8;

/// Writes a row unless there is one.
pub(crate) async fn insert_if_absent(
    client: &Client,
    table: &'static Table,
    row: Row,
) -> Result<Option<Row>, StoreError> {
    check::row(table, &row)?;
    let _turn = client.turns.take(table, &row.key).await;
    let cells = Cells::default().partition(table, &row.key.partition);
    // A value that is left out of an insert is null, and no row was here before.
    let cells = cells.values(&row.key.clustering).present(&row.values);
    let Applied { applied, found } = apply(client, table, Shape::InsertIfAbsent, cells).await?;
    if applied {
        return Ok(None);
    }
    let key = row.key;
    match found {
        Some(values) => Ok(Some(Row { key, values })),
        // All its values are null.
        None => match client.serial_row(table, &key).await? {
            Some(row) => Ok(Some(row)),
            None => Err(answer::corrupt(table, "a row that keeps others out, and is not there")),
        },
    }
}

/// Replaces a row's values if they are the expected ones.
pub(crate) async fn compare_and_set(
    client: &Client,
    table: &'static Table,
    key: Key,
    expected: Vec<Value>,
    new: Vec<Value>,
) -> Result<Swap, StoreError> {
    check::key(table, &key)?;
    check::values(table, &expected)?;
    check::values(table, &new)?;
    let _turn = client.turns.take(table, &key).await;
    for _ in 0..MAX_LOOKS {
        // Where there is no row, every column is null: a condition that all are null would make one.
        if expected.iter().all(|value| *value == Value::Null) {
            match client.serial_row(table, &key).await? {
                Some(row) if row.values != expected => return Ok(Swap::Found(Some(row))),
                Some(_) if table.values.is_empty() => return Ok(Swap::Done),
                Some(_) => {}
                None => return Ok(Swap::Found(None)),
            }
        }
        let cells = Cells::default().values(&new).partition(table, &key.partition);
        let cells = cells.values(&key.clustering).values(&expected);
        let Applied { applied, found } = apply(client, table, Shape::CompareAndSet, cells).await?;
        if applied {
            return Ok(Swap::Done);
        }
        if let Some(values) = found {
            return Ok(Swap::Found(Some(Row { key, values })));
        }
        // There was no row, or all its values were null.
        match client.serial_row(table, &key).await? {
            Some(row) if row.values == expected => {}
            row => return Ok(Swap::Found(row)),
        }
    }
    let reason = "a row that is changed again and again while it is read".to_owned();
    Err(StoreError::Unavailable(reason))
}

async fn apply(
    client: &Client,
    table: &'static Table,
    shape: Shape,
    cells: Cells,
) -> Result<Applied, StoreError> {
    let mut statement = client.prepared(table, shape).await?;
    let attempts = Attempts::default();
    statement.set_retry_policy(Some(std::sync::Arc::new(attempts.clone())));
    match client.session.execute_unpaged(&statement, cells).await {
        // It may have taken effect if its answer cannot be read.
        Ok(result) => answer::applied(table, result),
        Err(error) => Err(failure::conditional(table, &error, &attempts)),
    }
}
