//! Who is kept apart from whom: read where it has to be exact, from the store.

use caffis_schema::{Error, ErrorCode, UserId};

use crate::{
    ports::store::{Store, StoreError},
    tables::{self, RelationRow},
};

/// The most people from whom a person can be kept apart; of further ones it is known where it has to be exact,
/// but their presence is shown.
const APART_FROM: usize = 1_000;

/// Whether two people may have a conversation.
///
/// # Errors
/// `forbidden`, whoever of the two wants it so, and what the store says.
pub(crate) async fn check_reachable(
    store: &dyn Store,
    user: &UserId,
    other: &UserId,
) -> Result<(), Error> {
    let row = tables::get::<RelationRow>(store, RelationRow::key(user, other)).await?;
    if row.is_some_and(|row| row.is_apart() || row.is_broken()) {
        let sentence = "This person cannot be reached.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    Ok(())
}

/// Whether a person may bring others into a room.
///
/// # Errors
/// `forbidden`, whoever wants it so, and what the store says.
pub(crate) async fn check_may_add(
    store: &dyn Store,
    user: &UserId,
    others: &[UserId],
) -> Result<(), Error> {
    let keys: Vec<_> = others.iter().map(|other| RelationRow::key(user, other)).collect();
    let rows = tables::get_many::<RelationRow>(store, &keys).await?;
    if rows.into_iter().flatten().any(|row| row.is_apart()) {
        let sentence = "This person may not add one of these people.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    Ok(())
}

/// The people from whom a person is kept apart or was, each with the number of changes between the two.
///
/// # Errors
/// What the store says.
pub(crate) async fn of(
    store: &dyn Store,
    user: &UserId,
) -> Result<Vec<(UserId, u64, bool)>, StoreError> {
    let partition = RelationRow::partition(user);
    let rows = tables::partition::<RelationRow>(store, partition, APART_FROM).await?;
    let apart = |row: RelationRow| {
        let apart = row.is_apart();
        (row.other, row.changes, apart)
    };
    Ok(rows.into_iter().map(apart).collect())
}
