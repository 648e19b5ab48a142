//! Reading a room's log: pages, and single messages.

use caffis_schema::{
    EntryKind, Error, ErrorCode, Reply,
    command::{History, MessageAt},
    limits::PAGE_ENTRIES,
};

use crate::{
    model::authorise::{Read, authorise, no_such_room},
    pages::{beyond, entry_page, forward},
    services::{Asker, Handled},
};

/// A page of history.
///
/// # Errors
/// Who may not know of the room, positions beyond the head.
pub async fn handle(asker: Asker, command: History) -> Handled {
    let cell = asker.services.rooms.loaded(command.room).await?;
    let state = cell.state().ok_or_else(no_such_room)?;
    let allowed = authorise(&asker.actor(command.room), &state, Read)?;
    let limit = usize::from(command.limit).clamp(1, PAGE_ENTRIES);
    let page = entry_page(
        &asker.services,
        &cell,
        &state,
        &allowed,
        command.anchor,
        limit,
        asker.page_bytes(),
    )
    .await?;
    Ok(Reply::Page(page))
}

/// One message.
///
/// # Errors
/// `not_found` for positions at which there is nothing that the person may see.
pub async fn handle_message(asker: Asker, command: MessageAt) -> Handled {
    let cell = asker.services.rooms.loaded(command.room).await?;
    let state = cell.state().ok_or_else(no_such_room)?;
    let allowed = authorise(&asker.actor(command.room), &state, Read)?;
    let position = command.position;
    if position > state.head {
        return Err(beyond(state.head));
    }
    let none = || Error::refused(ErrorCode::NotFound, "There is no message at this position.");
    if position <= allowed.visible_after() {
        return Err(none());
    }
    let entries = forward(&asker.services, &cell, &state, position, position, 1).await?;
    let entry = entries.first().filter(|entry| matches!(entry.kind, EntryKind::Message(_)));
    entry.map(|entry| Reply::Entry((**entry).clone())).ok_or_else(none)
}
