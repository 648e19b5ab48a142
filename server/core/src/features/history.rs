//! Reading a room's log: pages, and single messages.

use caffis_schema::{
    EntryKind, Error, ErrorCode, Reply,
    command::{History, MessageAt},
    limits::PAGE_ENTRIES,
};

use crate::{
    call::{Call, Entered, Handled},
    model::authorise::Read,
    pages::{beyond, entry_page, forward},
};

/// A page of history.
///
/// # Errors
/// Who may not know of the room, positions beyond the head.
pub async fn handle(call: Call, command: History) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let limit = usize::from(command.limit).clamp(1, PAGE_ENTRIES);
    let page = entry_page(
        &call.services,
        &cell,
        &state,
        &allowed,
        command.anchor,
        limit,
        call.page_bytes(),
    )
    .await?;
    Ok(Reply::Page(page))
}

/// One message.
///
/// # Errors
/// `not_found` for positions at which there is nothing that the person may see.
pub async fn handle_message(call: Call, command: MessageAt) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let position = command.position;
    if position > state.head {
        return Err(beyond(state.head));
    }
    let none = || Error::refused(ErrorCode::NotFound, "There is no message at this position.");
    if position <= allowed.visible_after() {
        return Err(none());
    }
    let entries = forward(&call.services, &cell, &state, position, position, 1).await?;
    let entry = entries.first().filter(|entry| matches!(entry.kind, EntryKind::Message(_)));
    entry.map(|entry| Reply::Entry((**entry).clone())).ok_or_else(none)
}
