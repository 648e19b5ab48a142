//! Messages in short, wherever they are in a room's log: what the quotes of a page show.
//!
//! A message names the one that it answers by its position alone, so a page costs the server nothing for the
//! quotes in it, however often the messages change that they show. A client that does not have them asks
//! for all of a page at once.

use std::collections::BTreeMap;

use caffis_schema::{
    EntryKind, List, Position, Reply,
    command::Previews,
    reply::PreviewList,
    room::{Message, MessagePreview},
};

use crate::{
    call::{Call, Entered, Handled},
    model::{authorise::Read, room::preview},
    pages::entries_at,
};

/// The messages that are there and that the caller sees. What memory does not have is one read of the store.
///
/// # Errors
/// Who may not know of the room, and what the store says.
pub async fn handle(call: Call, command: Previews) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let seen =
        |position: &&Position| **position > allowed.visible_after() && **position <= state.head;
    let wanted = command.positions.iter().filter(seen).copied().collect();
    let entries = entries_at(&call.services, (&cell, &state), wanted).await?;
    let mut previews = BTreeMap::new();
    for entry in &entries {
        if let EntryKind::Message(message) = &entry.kind {
            let (position, Message { changed, .. }) = (entry.position, message);
            let preview = preview(message, entry.time);
            previews.insert(position, MessagePreview { position, changed: *changed, preview });
        }
    }
    let previews = List::cut(previews.into_values().collect());
    Ok(Reply::Previews(PreviewList { previews }))
}
