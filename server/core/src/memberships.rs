//! The rooms that a person is in, as the store has them.

use caffis_schema::UserId;

use crate::{
    ports::store::{Store, StoreError},
    settings::Settings,
    tables::{self, UserRoomRow},
};

/// Rooms that are read beyond those that a person may be in: where several rooms take somebody in at once, each may find
/// that there is one place left.
const MORE: usize = 200;

/// The rooms of a person, by their ids.
///
/// # Errors
/// What the store says.
pub(crate) async fn rooms_of(
    store: &dyn Store,
    settings: &Settings,
    user: &UserId,
) -> Result<Vec<UserRoomRow>, StoreError> {
    let most = settings.rooms_per_user as usize + MORE;
    tables::partition(store, UserRoomRow::partition(user), most).await
}
