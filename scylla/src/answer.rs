//! What comes back from the servers.

use std::sync::Arc;

use bytes::Bytes;
use caffis_core::ports::store::{Column, ColumnType, StoreError, Table, Value};
use scylla::{
    deserialize::row::ColumnIterator,
    response::query_result::{QueryResult, QueryRowsResult},
};

/// The answer to a conditional write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// It took effect.
    pub(crate) applied: bool,
    /// Otherwise, the values that are there: none where the server says nothing of them.
    pub(crate) found: Option<Vec<Value>>,
}

/// An answer that is not what the statement gives.
pub(crate) fn corrupt(table: &'static Table, reason: impl ToString) -> StoreError {
    StoreError::Corrupt { table: table.name, reason: reason.to_string() }
}

/// The rows of an answer.
pub(crate) fn rows(
    table: &'static Table,
    result: QueryResult,
) -> Result<QueryRowsResult, StoreError> {
    result.into_rows_result().map_err(|error| corrupt(table, error))
}

/// The values of each row, in the order of the columns that the statement asks for.
pub(crate) fn values(
    table: &'static Table,
    rows: &QueryRowsResult,
    columns: &[Column],
) -> Result<Vec<Vec<Value>>, StoreError> {
    let found = rows.rows::<ColumnIterator<'_, '_>>().map_err(|error| corrupt(table, error))?;
    let mut all = Vec::with_capacity(rows.rows_num());
    for row in found {
        let row = row.map_err(|error| corrupt(table, error))?;
        let mut values = Vec::with_capacity(columns.len());
        for (column, found) in columns.iter().zip(row) {
            let found = found.map_err(|error| corrupt(table, error))?;
            values.push(value(table, column, found.slice.map(|slice| slice.as_slice()))?);
        }
        if values.len() != columns.len() {
            return Err(corrupt(table, "a row with fewer columns than were asked for"));
        }
        all.push(values);
    }
    Ok(all)
}

/// What a conditional write did. The columns are found by their names: the servers give different ones.
/// Apache Cassandra gives none beside `[applied]` on success, and where there is no row.
pub(crate) fn applied(table: &'static Table, result: QueryResult) -> Result<Applied, StoreError> {
    let rows = rows(table, result)?;
    let mut found = rows.rows::<ColumnIterator<'_, '_>>().map_err(|error| corrupt(table, error))?;
    let row = found.next().ok_or_else(|| corrupt(table, "no answer to a conditional write"))?;
    let row = row.map_err(|error| corrupt(table, error))?;
    let mut is_applied = None;
    let mut values: Vec<Option<Value>> = vec![None; table.values.len()];
    for cell in row {
        let cell = cell.map_err(|error| corrupt(table, error))?;
        let bytes = cell.slice.map(|slice| slice.as_slice());
        if cell.spec.name() == "[applied]" {
            is_applied = bytes.and_then(|bytes| bytes.first()).map(|byte| *byte != 0);
        } else if let Some(at) = table.values.iter().position(|v| v.name == cell.spec.name()) {
            values[at] = Some(value(table, &table.values[at], bytes)?);
        }
    }
    let applied = is_applied.ok_or_else(|| corrupt(table, "an answer without `[applied]`"))?;
    // Absent, or all null: then there may be no row.
    let values: Option<Vec<Value>> = values.into_iter().collect();
    let found = values.filter(|values| values.iter().any(|value| *value != Value::Null));
    Ok(Applied { applied, found })
}

fn value(
    table: &'static Table,
    column: &Column,
    bytes: Option<&[u8]>,
) -> Result<Value, StoreError> {
    let Some(bytes) = bytes else { return Ok(Value::Null) };
    let value = match column.ty {
        ColumnType::Bool => match bytes {
            [byte] => Some(Value::Bool(*byte != 0)),
            _ => None,
        },
        ColumnType::U64 => bytes.try_into().ok().and_then(|bytes| {
            // The port's numbers are below 2^63; another program may have written something else.
            Some(Value::U64(i64::from_be_bytes(bytes).try_into().ok()?))
        }),
        ColumnType::Text => {
            std::str::from_utf8(bytes).ok().map(|text| Value::Text(Arc::from(text)))
        }
        // A copy: a slice would keep the page that it came in.
        ColumnType::Bytes => Some(Value::Bytes(Bytes::copy_from_slice(bytes))),
    };
    value.ok_or_else(|| corrupt(table, format!("column {} is not of its type", column.name)))
}

#[cfg(test)]
mod tests {
    use caffis_core::tables::LeaseRow;

    use super::*;

    #[test]
    fn values_that_core_cannot_have_written_are_faults() {
        let read = |ty, bytes| value(LeaseRow::TABLE, &Column { name: "x", ty }, bytes);
        assert_eq!(read(ColumnType::U64, None), Ok(Value::Null));
        assert_eq!(read(ColumnType::Text, Some(b"")), Ok(Value::Text("".into())));
        let most = ((1_u64 << 63) - 1).to_be_bytes();
        assert_eq!(read(ColumnType::U64, Some(&most)), Ok(Value::U64((1 << 63) - 1)));
        let faults: [(ColumnType, &[u8]); 4] = [
            (ColumnType::U64, &[0xff; 8]),
            (ColumnType::U64, &[0; 4]),
            (ColumnType::Text, &[0xff]),
            (ColumnType::Bool, &[]),
        ];
        for (ty, bytes) in faults {
            let found = read(ty, Some(bytes));
            assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{ty:?} {found:?}");
        }
    }
}
