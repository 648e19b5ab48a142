//! Messages in short, by their positions in a room's log.

use std::collections::BTreeMap;

use caffis_schema::{
    Command, EntryKind, Error, List, Position, Reply, RoomId, command::Previews,
    room::MessagePreview,
};

use crate::{
    call::{Call, Entered},
    errors::not_now,
    model::{authorise::Read, room::preview},
    pages::entries_at,
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
    let command = Previews { room, positions: List::cut(vec![position]) };
    let found = match call.owner_elsewhere(room)? {
        Some((nodes, node)) => {
            let asked = nodes.ask_call(node, call.asker(room), Command::Previews(command)).await?;
            match asked {
                Reply::Previews(list) => list.previews.into_vec(),
                _ => return Err(not_now()),
            }
        }
        None => here(call, &command).await?,
    };
    found.into_iter().next().ok_or_else(no_such_message)
}
