//! Conditional writes of records.

use super::{access::decode, declare::Record};
use crate::ports::store::{Store, StoreError, Swap};

/// What became of a conditional write of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped<R> {
    /// It took effect.
    Done,
    /// It did not; this is the record as it is (none: there is no such row).
    Found(Option<R>),
}

/// Replaces a record by another one with the same key, if its values are exactly the expected ones.
///
/// # Errors
/// What the store says, and [`StoreError::Corrupt`] for a row that is not a record.
pub async fn compare_and_set<R: Record>(
    store: &dyn Store,
    expected: &R,
    new: &R,
) -> Result<Swapped<R>, StoreError> {
    let (expected, new) = (expected.to_row(), new.to_row());
    match store.compare_and_set(R::TABLE, new.key, expected.values, new.values).await? {
        Swap::Done => Ok(Swapped::Done),
        Swap::Found(row) => Ok(Swapped::Found(row.map(decode).transpose()?)),
    }
}
