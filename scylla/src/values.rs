//! What is bound to a statement.

use caffis_core::ports::store::{Table, Value};
use scylla::{
    errors::SerializationError,
    serialize::{
        row::{RowSerializationContext, SerializeRow},
        writers::RowWriter,
    },
};

use crate::slices::Slice;

/// What a value takes in a request beyond its bytes; more than enough.
const CELL_OVERHEAD_BYTES: usize = 8;

/// One bound value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// A column's value.
    Value(Value),
    /// The column is left as it is; unlike null it leaves no tombstone.
    Unset,
    /// A timestamp.
    Long(i64),
    /// A limit or a time to live.
    Int(i32),
}

/// The bound values of a statement, in the order of its question marks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells(Vec<Cell>);

impl Cells {
    /// Adds values as they are.
    pub(crate) fn values(mut self, values: &[Value]) -> Self {
        self.0.extend(values.iter().cloned().map(Cell::Value));
        self
    }

    /// Adds values, of which those that are null are left out of the write.
    pub(crate) fn present(mut self, values: &[Value]) -> Self {
        let cell = |value: &Value| match value {
            Value::Null => Cell::Unset,
            value => Cell::Value(value.clone()),
        };
        self.0.extend(values.iter().map(cell));
        self
    }

    /// Adds the columns of a partition.
    ///
    /// The servers refuse an empty key of a single column. So such a key, and one of nothing but
    /// zero bytes, gets one zero byte more than it has. Nothing else changes, and the order of partitions
    /// has no meaning.
    pub(crate) fn partition(self, table: &'static Table, partition: &[Value]) -> Self {
        let zeros = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        match partition {
            [Value::Text(text)] if table.partition.len() == 1 && zeros(text.as_bytes()) => {
                self.values(&[Value::Text(format!("{text}\0").into())])
            }
            [Value::Bytes(bytes)] if table.partition.len() == 1 && zeros(bytes) => {
                self.values(&[Value::Bytes([bytes, &[0][..]].concat().into())])
            }
            partition => self.values(partition),
        }
    }

    /// Adds what a slice compares with.
    pub(crate) fn slice(self, slice: &Slice) -> Self {
        let edges = [&slice.start.1, &slice.end.1].into_iter().flatten().cloned();
        self.values(&slice.equal).values(&edges.collect::<Vec<_>>())
    }

    /// Adds a timestamp.
    pub(crate) fn long(mut self, number: i64) -> Self {
        self.0.push(Cell::Long(number));
        self
    }

    /// Adds a limit or a time to live.
    pub(crate) fn int(mut self, number: i32) -> Self {
        self.0.push(Cell::Int(number));
        self
    }

    /// The bytes that they take in a request, at most.
    pub(crate) fn size(&self) -> usize {
        let size = |cell: &Cell| match cell {
            Cell::Value(value) => caffis_core::ports::check::size(value),
            Cell::Unset | Cell::Long(_) | Cell::Int(_) => 8,
        };
        self.0.iter().map(|cell| size(cell) + CELL_OVERHEAD_BYTES).sum()
    }
}

/// More question marks in a statement than values, or fewer.
#[derive(Debug, thiserror::Error)]
#[error("{bound} values are bound, the statement has {wanted}")]
struct WrongCount {
    bound: usize,
    wanted: usize,
}

impl SerializeRow for Cells {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        let (bound, wanted) = (self.0.len(), context.columns().len());
        if bound != wanted {
            return Err(SerializationError::new(WrongCount { bound, wanted }));
        }
        for cell in &self.0 {
            let writer = writer.make_cell_writer();
            let written = match cell {
                Cell::Unset => Ok(writer.set_unset()),
                Cell::Value(Value::Null) => Ok(writer.set_null()),
                Cell::Value(Value::Bool(truth)) => writer.set_value(&[u8::from(*truth)]),
                // Below 2^63, as the port checks.
                Cell::Value(Value::U64(number)) => writer.set_value(&number.to_be_bytes()),
                Cell::Value(Value::Text(text)) => writer.set_value(text.as_bytes()),
                Cell::Value(Value::Bytes(bytes)) => writer.set_value(bytes),
                Cell::Long(number) => writer.set_value(&number.to_be_bytes()),
                Cell::Int(number) => writer.set_value(&number.to_be_bytes()),
            };
            written.map_err(SerializationError::new)?;
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use caffis_conformance::store::tables::{NEWEST, PLAIN};

    use super::*;

    #[test]
    fn a_single_key_is_never_empty_and_stays_another_one() {
        let key = |text: &str| Cells::default().partition(&PLAIN, &[Value::Text(text.into())]);
        let bound = |text: &str| Cells::default().values(&[Value::Text(text.into())]);
        assert_eq!(key(""), bound("\0"));
        assert_eq!(key("\0"), bound("\0\0"));
        assert_eq!(key("a\0"), bound("a\0"));
        let two = [Value::U64(0), Value::Text("".into())];
        assert_eq!(Cells::default().partition(&NEWEST, &two), Cells::default().values(&two));
    }

    #[test]
    fn absent_values_are_left_out_of_a_fresh_row_only() {
        let values = [Value::Null, Value::U64(1)];
        let null = Cells(vec![Cell::Value(Value::Null), Cell::Value(Value::U64(1))]);
        assert_eq!(Cells::default().values(&values), null);
        let unset = Cells(vec![Cell::Unset, Cell::Value(Value::U64(1))]);
        assert_eq!(Cells::default().present(&values), unset);
    }
}
