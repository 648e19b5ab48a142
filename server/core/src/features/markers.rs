//! How far a member has come: read, delivered, and marked as unread.
//!
//! Markers do not pass through the log. Others hear of them in small rooms, while those are open, and
//! unless the reader keeps them private; the person's own devices always do.

use std::sync::Arc;

use caffis_schema::{Error, ErrorCode, MessageNumber, Reply, command::Mark, open::Empty};

use crate::{
    model::{
        authorise::{KeepMarker, authorise, no_such_room},
        room::RoomState,
    },
    room::{RoomCell, read_error},
    services::{Asker, Handled},
};

/// Moves the read marker forward. In a room that is marked as unread, the person's own count goes on
/// from that mark; what others see stays until it is passed.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_read(asker: Asker, mark: Mark) -> Handled {
    let (cell, _) = enter(&asker, mark).await?;
    let moved = cell.advance_marker(asker.user(), mark.number, mark.number)?;
    // Also when it was there already: the store may not have it yet.
    let saved = save(&asker, &cell).await;
    if let Some(moved) = moved {
        if moved.for_others(asker.services.directory.is_private(asker.user())) {
            asker.services.rooms.note_marker(&cell, asker.user());
        }
        asker.services.rooms.tell_own_read(&cell, asker.user());
    }
    saved
}

/// Moves the delivered marker forward. The store hears of it a little later.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_delivered(asker: Asker, mark: Mark) -> Handled {
    let (cell, _) = enter(&asker, mark).await?;
    if cell.advance_marker(asker.user(), mark.number, MessageNumber::ZERO)?.is_some() {
        asker.services.rooms.note_dirty(&cell);
        asker.services.rooms.note_marker(&cell, asker.user());
    }
    Ok(Reply::Done(Empty {}))
}

/// Marks a message and all after it as unread, for the person alone: what others see stays.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_unread(asker: Asker, mark: Mark) -> Handled {
    let (cell, _) = enter(&asker, mark).await?;
    cell.mark_unread(asker.user(), mark.number.max(MessageNumber(1)))?;
    let saved = save(&asker, &cell).await;
    asker.services.rooms.tell_own_read(&cell, asker.user());
    saved
}

async fn enter(asker: &Asker, mark: Mark) -> Result<(Arc<RoomCell>, Arc<RoomState>), Error> {
    let cell = asker.services.rooms.loaded(mark.room).await?;
    let state = cell.state().ok_or_else(no_such_room)?;
    authorise(&asker.actor(mark.room), &state, KeepMarker)?;
    if mark.number > state.number {
        let sentence = format!("The room's last message is number {}.", state.number);
        return Err(Error::refused(ErrorCode::OutOfRange, &sentence));
    }
    // Brings into memory whether the person tells what they have read.
    asker.services.directory.find(asker.user()).await.map_err(|e| read_error(&e))?;
    Ok((cell, state))
}

async fn save(asker: &Asker, cell: &Arc<RoomCell>) -> Handled {
    asker.services.rooms.save_marker(cell, asker.user()).await.map_err(|_| {
        let sentence = "The marker could not be stored yet.";
        Error::unknown(ErrorCode::Unavailable, sentence, 1_000)
    })?;
    Ok(Reply::Done(Empty {}))
}
