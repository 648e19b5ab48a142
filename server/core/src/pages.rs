//! Pages of a room's log, from memory where it has all of them, else from the store.

use std::sync::Arc;

use caffis_schema::{
    Entry, Error, ErrorCode, List, Position, RoomId,
    command::Anchor,
    limits::{PAGE_BYTES, PAGE_ENTRIES},
    reply::EntryPage,
};

use crate::{
    errors::not_now,
    model::{
        authorise::{Allowed, Read},
        page,
        room::RoomState,
    },
    room::{RoomCell, read_back, read_forward},
    services::Services,
};

/// The error of a position that the room has not reached.
#[must_use]
pub fn beyond(head: Position) -> Error {
    let sentence = format!("The room's last position is {head}.");
    Error::refused(ErrorCode::OutOfRange, &sentence)
}

/// A page around an anchor, of what the proof allows to see.
///
/// # Errors
/// Positions beyond the head, and what the store says.
pub async fn entry_page(
    services: &Services,
    cell: &RoomCell,
    state: &Arc<RoomState>,
    allowed: &Allowed<Read>,
    anchor: Anchor,
    limit: usize,
    bytes: usize,
) -> Result<EntryPage, Error> {
    let (head, floor) = (state.head, allowed.visible_after());
    let entries = match anchor {
        Anchor::Before(position) | Anchor::After(position) | Anchor::Around(position)
            if position > head + 1 =>
        {
            return Err(beyond(head));
        }
        Anchor::Latest => {
            page::newest(back(services, cell, state, head, floor, limit).await?, bytes)
        }
        Anchor::Before(position) => {
            let last = position.back(1);
            page::newest(back(services, cell, state, last, floor, limit).await?, bytes)
        }
        Anchor::After(position) => {
            let first = position.max(floor) + 1;
            page::oldest(forward(services, cell, state, first, head, limit).await?, bytes)
        }
        Anchor::Around(position) => {
            let before = back(services, cell, state, position, floor, limit.div_ceil(2)).await?;
            let first = position.max(floor) + 1;
            let after = forward(services, cell, state, first, head, limit / 2).await?;
            let mut entries = page::oldest(after, bytes / 2);
            let mut before = page::newest(before, bytes / 2);
            before.append(&mut entries);
            before
        }
    };
    let first = entries.first().map_or(Position::ZERO, |entry| entry.position);
    let last = entries.last().map_or(head, |entry| entry.position);
    Ok(EntryPage {
        more_before: !entries.is_empty() && first > floor + 1,
        more_after: last < head,
        entries: List::cut(entries.iter().map(|entry| (**entry).clone()).collect()),
        head,
    })
}

/// The entries of a room after a position, as many as go into one page: for a node whose view lacks them.
///
/// # Errors
/// What keeps the room from being read.
pub(crate) async fn after(
    services: &Services,
    room: RoomId,
    position: Position,
) -> Result<Vec<Arc<Entry>>, Error> {
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    let limit = PAGE_ENTRIES;
    let entries = forward(services, &cell, &state, position + 1, state.head, limit).await?;
    Ok(page::oldest(entries, PAGE_BYTES))
}

/// The entries from `first` to `last`, if memory has all of them.
pub(crate) fn in_memory(
    services: &Services,
    cell: &RoomCell,
    first: Position,
    last: Position,
) -> Option<Vec<Arc<Entry>>> {
    let found = cell.ring_range(first, last);
    services.statistics.looked_for_entries(found.is_some());
    found
}

/// Entries from memory where it has all of them, else from the store.
async fn back(
    services: &Services,
    cell: &RoomCell,
    state: &RoomState,
    last: Position,
    floor: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, Error> {
    let last = last.min(state.head);
    let first = (last + 1).back(limit as u64).max(floor + 1);
    if first > last {
        return Ok(Vec::new());
    }
    if let Some(entries) = in_memory(services, cell, first, last) {
        return Ok(entries);
    }
    read_back(&*services.store, state, last, floor, limit).await.map_err(Error::from)
}

/// The oldest entries between two positions.
///
/// # Errors
/// What the store says.
pub async fn forward(
    services: &Services,
    cell: &RoomCell,
    state: &RoomState,
    first: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, Error> {
    let end = last.min((first + limit as u64).back(1));
    if limit == 0 || first > last {
        return Ok(Vec::new());
    }
    if let Some(entries) = in_memory(services, cell, first, end) {
        return Ok(entries);
    }
    read_forward(&*services.store, state, first, last, limit).await.map_err(Error::from)
}
