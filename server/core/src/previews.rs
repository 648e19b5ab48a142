//! Messages in short, by their positions in a room's log.

use std::collections::BTreeMap;

use caffis_schema::{
    Command, Entry, EntryKind, Error, ErrorCode, List, Position, Reply, RoomId,
    command::{MessageAt, Previews},
    room::MessagePreview,
};

use crate::{
    call::{Call, Entered},
    errors::not_now,
    model::{authorise::Read, room::preview},
    pages::{entries_at, message_at},
    room::no_such_message,
};

/// Messages of a room that this node owns, by position: those that are there and that the caller sees.
///
/// # Errors
/// Who may not know of the room, and what the store says.
pub(crate) async fn here(call: &Call, command: &Previews) -> Result<Vec<MessagePreview>, Error> {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let seen =
        |position: &&Position| **position > allowed.visible_after() && **position <= state.head;
    let wanted = command.positions.iter().filter(seen).copied().collect();
    let entries = entries_at(&call.services, (&cell, &state), wanted).await?;
    let mut previews = BTreeMap::new();
    for entry in &entries {
        if let EntryKind::Message(message) = &entry.kind {
            let (position, changed) = (entry.position, message.changed);
            let preview = preview(message, entry.time);
            previews.insert(position, MessagePreview { position, changed, preview });
        }
    }
    Ok(previews.into_values().collect())
}

/// One message of a room, whichever node owns it.
///
/// # Errors
/// `not_found` if there is none that the caller sees, and as [`here`].
pub(crate) async fn one(
    call: &Call,
    room: RoomId,
    position: Position,
) -> Result<MessagePreview, Error> {
    let found = ask(call, Previews { room, positions: List::cut(vec![position]) }).await?;
    found.into_iter().next().ok_or_else(no_such_message)
}

/// Whether the caller may read a room, whichever node owns it.
///
/// # Errors
/// `not_found` for who may not know of it, and as [`here`].
pub(crate) async fn check_readable(call: &Call, room: RoomId) -> Result<(), Error> {
    ask(call, Previews { room, positions: List::cut(Vec::new()) }).await.map(drop)
}

async fn ask(call: &Call, command: Previews) -> Result<Vec<MessagePreview>, Error> {
    let room = command.room;
    match call.owner_elsewhere(room)? {
        Some((nodes, node)) => {
            let asked = nodes.ask_call(node, call.asker(room), Command::Previews(command)).await?;
            match asked {
                Reply::Previews(list) => Ok(list.previews.into_vec()),
                _ => Err(not_now()),
            }
        }
        None => here(call, &command).await,
    }
}

/// A message as it is now, whichever node owns its room; none if there is none that the caller may see.
///
/// # Errors
/// What keeps the room from being read now.
pub(crate) async fn seen(
    call: &Call,
    room: RoomId,
    position: Position,
) -> Result<Option<Entry>, Error> {
    match read(call, room, position).await {
        Ok(entry) => Ok(Some(entry)),
        Err(error) => match error.code {
            ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::OutOfRange => Ok(None),
            _ => Err(error),
        },
    }
}

async fn read(call: &Call, room: RoomId, position: Position) -> Result<Entry, Error> {
    if let Some((nodes, node)) = call.owner_elsewhere(room)? {
        let command = Command::Message(MessageAt { room, position });
        return match nodes.ask_call(node, call.asker(room), command).await? {
            Reply::Entry(entry) => Ok(entry),
            _ => Err(not_now()),
        };
    }
    let Entered { cell, state, allowed } = call.enter(room, Read).await?;
    Ok((*message_at(&call.services, (&cell, &state), &allowed, position).await?.0).clone())
}
