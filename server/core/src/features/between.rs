//! What there may be between two people: whether one may write to the other, and whether they share a room.

use std::collections::BTreeSet;

use caffis_schema::{
    Error, ErrorCode, RoomId, UserId,
    people::{MayWrite, SharesRoom},
};

use crate::{
    call::Call, memberships::rooms_of, model::authorise::authorise_about,
    relations::check_reachable,
};

/// Whether a person may begin or go on with a direct conversation with another one.
///
/// # Errors
/// Who may not ask, and what the store says.
pub async fn may_write(call: Call, from: &UserId, to: &UserId) -> Result<MayWrite, Error> {
    authorise_about(call.user(), call.service(), [from])?;
    let (directory, store) = (&call.services.directory, &*call.services.store);
    let gone = directory.find_stored(from).await?.is_some_and(|person| person.is_deleted());
    let there = directory.find_stored(to).await?.is_some_and(|person| !person.is_deleted());
    if gone || !there || from == to {
        return Ok(MayWrite { may_write: false });
    }
    match check_reachable(store, from, to).await {
        Ok(()) => Ok(MayWrite { may_write: true }),
        Err(error) if error.code == ErrorCode::Forbidden => Ok(MayWrite { may_write: false }),
        Err(error) => Err(error),
    }
}

/// Whether two people are members of the same room, whichever it is.
///
/// # Errors
/// Who may not ask, and what the store says.
pub async fn share_room(call: Call, one: &UserId, other: &UserId) -> Result<SharesRoom, Error> {
    authorise_about(call.user(), call.service(), [one])?;
    let (ones, others) = tokio::try_join!(rooms(&call, one), rooms(&call, other))?;
    Ok(SharesRoom { shares_room: !ones.is_disjoint(&others) })
}

async fn rooms(call: &Call, user: &UserId) -> Result<BTreeSet<RoomId>, Error> {
    let rows = rooms_of(&*call.services.store, &call.services.settings, user).await?;
    Ok(rows.into_iter().map(|row| row.room).collect())
}
