//! How far a member has received and read, what they marked as unread, and whether they muted the room.
//!
//! Markers do not pass through the log. Others hear of them in small rooms, while those are open, and
//! unless the reader keeps them private; the person's own devices always do.

use std::sync::Arc;

use caffis_schema::{
    Error, ErrorCode, MessageNumber, Reply,
    command::{Mark, Mute},
    open::Empty,
};

use crate::{
    call::{Call, Entered, Handled},
    model::authorise::KeepMarker,
    placements::list_again,
    ports::store::StoreError,
    room::RoomCell,
};

/// Moves the read marker forward. In a room that is marked as unread, the person's own count goes on
/// from that mark; what others see stays until it is passed.
///
/// # Errors
/// Callers who are not members, and numbers beyond the last message.
pub async fn handle_read(call: Call, mark: Mark) -> Handled {
    let cell = enter(&call, mark).await?;
    let moved = cell.advance_marker(call.user(), mark.number, mark.number)?;
    // Also when it was there already: the store may not have it yet.
    let saved = save(&call, &cell).await;
    if let Some(moved) = moved {
        if moved.for_others(call.services.directory.is_private(call.user())) {
            call.services.rooms.note_marker(&cell, call.user());
        }
        call.services.rooms.tell_own_read(&cell, call.user());
    }
    saved
}

/// Moves the delivered marker forward. The store hears of it a little later.
///
/// # Errors
/// Callers who are not members, and numbers beyond the last message.
pub async fn handle_delivered(call: Call, mark: Mark) -> Handled {
    let cell = enter(&call, mark).await?;
    if cell.advance_marker(call.user(), mark.number, MessageNumber::ZERO)?.is_some() {
        call.services.rooms.note_dirty(&cell);
        call.services.rooms.note_marker(&cell, call.user());
    }
    Ok(Reply::Done(Empty {}))
}

/// Marks a message and all after it as unread, for the person alone: what others see stays.
///
/// # Errors
/// Callers who are not members, and numbers beyond the last message.
pub async fn handle_unread(call: Call, mark: Mark) -> Handled {
    let cell = enter(&call, mark).await?;
    cell.mark_unread(call.user(), mark.number.max(MessageNumber(1)))?;
    let saved = save(&call, &cell).await;
    call.services.rooms.tell_own_read(&cell, call.user());
    saved
}

/// Mutes a room for the person, or no longer. Others do not hear of it.
///
/// # Errors
/// Callers who are not members, and times that have passed.
pub async fn handle_mute(call: Call, command: Mute) -> Handled {
    let Entered { cell, state, .. } = call.enter(command.room, KeepMarker).await?;
    let now = call.services.clock.now();
    if command.until.is_some_and(|until| until <= now) {
        let sentence = "The time until which a room is muted must be in the future.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    let muted = cell.marker(call.user()).muted_until.is_some_and(|until| until > now);
    if command.until.is_some() && !muted {
        list_again(&call, command.room, state.number).await?;
    }
    cell.mute(call.user(), command.until)?;
    let saved = save(&call, &cell).await;
    call.services.rooms.tell_own_read(&cell, call.user());
    saved
}

async fn enter(call: &Call, mark: Mark) -> Result<Arc<RoomCell>, Error> {
    let Entered { cell, state, .. } = call.enter(mark.room, KeepMarker).await?;
    if mark.number > state.number {
        let sentence = format!("The room's last message is number {}.", state.number);
        return Err(Error::refused(ErrorCode::OutOfRange, &sentence));
    }
    // Brings into memory whether the person tells what they have read.
    call.services.directory.find(call.user()).await?;
    Ok(cell)
}

async fn save(call: &Call, cell: &Arc<RoomCell>) -> Handled {
    // Memory has the marker and it will be stored; only whether it is stored yet is unknown.
    let saved = call.services.rooms.save_marker(cell, call.user()).await;
    saved.map_err(|error| Error::from(StoreError::Unknown(error.to_string())))?;
    Ok(Reply::Done(Empty {}))
}
