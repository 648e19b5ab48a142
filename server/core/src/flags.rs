//! What people mark for themselves alone: in the store, for who is not connected here.

use std::{ops::Bound, sync::Arc};

use caffis_schema::{RoomId, UserId, limits::HIDDEN_MESSAGES};

use crate::{
    hub::hidden::HiddenMessages,
    ports::store::{Store, StoreError, Value},
    tables::{self, ColumnValue, FlagRow},
};

/// The messages that a person does not see any more.
///
/// # Errors
/// What the store says.
pub(crate) async fn hidden_of(
    store: &dyn Store,
    user: &UserId,
) -> Result<HiddenMessages, StoreError> {
    let rows = of_kind(store, user, FlagRow::HIDDEN, HIDDEN_MESSAGES).await?;
    let mut hidden = HiddenMessages::default();
    for row in rows {
        hidden.insert(row.room, row.position, row.number);
    }
    Ok(hidden)
}

/// The rows of one kind, in order of room and position.
async fn of_kind(
    store: &dyn Store,
    user: &UserId,
    kind: &str,
    most: usize,
) -> Result<Vec<FlagRow>, StoreError> {
    let prefix = |room: u64| -> Vec<Value> {
        vec![Arc::<str>::from(kind).to_value(), RoomId::from_random(room).to_value()]
    };
    let (from, to) = (Bound::Included(prefix(0)), Bound::Included(prefix(u64::MAX)));
    // One more may have been written by two devices at once.
    tables::scan(store, FlagRow::partition(user), from, to, most + ROWS_MORE).await
}

/// Rows over a limit that are read all the same: devices of a person that mark at once do not wait for each other.
const ROWS_MORE: usize = 100;
