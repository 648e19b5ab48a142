//! Scheduled messages as rows.

use std::ops::Bound;

use bytes::Bytes;
use caffis_schema::{
    Body, ClientId, Codec, ErrorCode, List, Position, RoomId, Timestamp, UserId, codec,
    command::Send,
    limits::EXTRAS,
    room::{ClientKey, Extra},
    scheduled::ScheduledMessage,
};

use crate::{
    model::body,
    ports::store::{Key, Store, StoreError},
    room::RoomCommand,
    tables::{self, ColumnValue, DueRow, ScheduledRow},
};

/// What a message says and what belongs to it, as it is kept.
///
/// # Errors
/// It cannot be encoded.
pub(crate) fn content(body: &Body, extras: &List<Extra, EXTRAS>) -> Result<Bytes, StoreError> {
    let encoded = codec::encode(&(body, extras), Codec::Binary);
    encoded.map(Bytes::from).map_err(|error| StoreError::Invalid {
        table: ScheduledRow::TABLE.name,
        reason: error.to_string(),
    })
}

fn open(row: &ScheduledRow) -> Result<(Body, List<Extra, EXTRAS>), StoreError> {
    codec::decode(&row.content, Codec::Binary).map_err(|error| StoreError::Corrupt {
        table: ScheduledRow::TABLE.name,
        reason: error.to_string(),
    })
}

/// The message of a row.
///
/// # Errors
/// The row cannot be read.
pub(crate) fn message(row: &ScheduledRow) -> Result<ScheduledMessage, StoreError> {
    let (body, extras) = open(row)?;
    let code = |name: &str| ErrorCode::ALL.iter().copied().find(|code| code.name() == name);
    let failed = row.failed.as_deref().map(|name| code(name).unwrap_or(ErrorCode::Internal));
    let ScheduledRow { room, id, due, .. } = *row;
    Ok(ScheduledMessage { room, id, body, extras, due, failed })
}

/// The key with which a message is sent. It names no head, so an earlier copy is always looked for in the store.
pub(super) fn key(id: ClientId, due: Timestamp) -> ClientKey {
    ClientKey { id, time: due, head: Position::ZERO }
}

/// The command that sends the message of a row.
///
/// # Errors
/// The row cannot be read.
pub(super) fn command(row: &ScheduledRow) -> Result<Send, StoreError> {
    let (body, extras) = open(row)?;
    Ok(Send { key: key(row.id, row.due), room: row.room, body, extras })
}

/// Words as they are kept, whoever may say them.
pub(super) fn as_kept(said: &Body) -> Body {
    body::checked(said, u32::MAX).unwrap_or_else(|_| said.clone())
}

/// The digest of the command that sends a message.
pub(super) fn digest(message: &ScheduledMessage) -> u64 {
    let ScheduledMessage { room, id, ref body, ref extras, due, .. } = *message;
    Send { key: key(id, due), room, body: as_kept(body), extras: extras.clone() }.digest()
}

/// The key of a row among what is due.
pub(super) fn due_key(row: &DueRow) -> Key {
    DueRow::key(&row.shard, &row.due, &row.room, &row.user, &row.id)
}

/// What a person has scheduled in a room, after one of them.
///
/// # Errors
/// What the store says.
pub(crate) async fn of_room(
    store: &dyn Store,
    user: &UserId,
    room: RoomId,
    after: Option<ClientId>,
    most: usize,
) -> Result<Vec<ScheduledRow>, StoreError> {
    let from = match after {
        Some(id) => Bound::Excluded(vec![room.to_value(), id.to_value()]),
        None => Bound::Included(vec![room.to_value()]),
    };
    let to = Bound::Included(vec![room.to_value()]);
    tables::scan(store, ScheduledRow::partition(user), from, to, most).await
}

/// What a person has scheduled in all rooms, after one of them.
///
/// # Errors
/// What the store says.
pub(crate) async fn of_person(
    store: &dyn Store,
    user: &UserId,
    after: Option<(RoomId, ClientId)>,
    most: usize,
) -> Result<Vec<ScheduledRow>, StoreError> {
    let from = after.map_or(Bound::Unbounded, |(room, id)| {
        Bound::Excluded(vec![room.to_value(), id.to_value()])
    });
    tables::scan(store, ScheduledRow::partition(user), from, Bound::Unbounded, most).await
}
