//! How far a member has come: read, delivered, and marked as unread.
//!
//! Markers do not pass through the log. Others hear of them in small rooms, while those are open, and
//! unless the reader keeps them private; the person's own devices always do.

use std::sync::Arc;

use caffis_schema::{
    Error, ErrorCode, Event, MessageNumber, Reply, RoomId,
    command::Mark,
    event::{OwnRead, RoomMarker},
    open::Empty,
    room::Marker,
};

use crate::{
    hub::{encoded::Encoded, latest::LatestKey},
    model::{
        authorise::{KeepMarker, authorise, no_such_room},
        room::RoomState,
    },
    room::{MarkerState, RoomCell, read_error},
    services::{Asker, Handled},
};

/// Moves the read marker forward. In a room that is marked as unread, the person's own count goes on
/// from that mark; what others see stays until it is passed.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_read(asker: Asker, mark: Mark) -> Handled {
    let (cell, state) = enter(&asker, mark).await?;
    let moved = cell.advance_marker(asker.user(), mark.number, mark.number)?;
    // Also when it was there already: the store may not have it yet.
    let saved = save(&asker, &cell).await;
    if let Some(moved) = moved {
        if moved.for_others() {
            publish(&asker, &cell, &state, moved.now);
        }
        publish_own(&asker, &state, moved.now);
    }
    saved
}

/// Moves the delivered marker forward. The store hears of it a little later.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_delivered(asker: Asker, mark: Mark) -> Handled {
    let (cell, state) = enter(&asker, mark).await?;
    if let Some(moved) = cell.advance_marker(asker.user(), mark.number, MessageNumber::ZERO)? {
        asker.services.rooms.note_dirty(&cell);
        publish(&asker, &cell, &state, moved.now);
    }
    Ok(Reply::Done(Empty {}))
}

/// Marks a message and all after it as unread, for the person alone: what others see stays.
///
/// # Errors
/// Who is no member, numbers beyond the last message.
pub async fn handle_unread(asker: Asker, mark: Mark) -> Handled {
    let (cell, state) = enter(&asker, mark).await?;
    let marker = cell.mark_unread(asker.user(), mark.number.max(MessageNumber(1)))?;
    let saved = save(&asker, &cell).await;
    publish_own(&asker, &state, marker);
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

fn publish(asker: &Asker, cell: &RoomCell, state: &RoomState, marker: MarkerState) {
    let services = &asker.services;
    if !state.is_small(services.settings.small_room_members) {
        return;
    }
    let user = asker.user().clone();
    let read = if services.directory.is_private(&user) { MessageNumber::ZERO } else { marker.read };
    let key = LatestKey::Marker(cell.id, user.clone());
    let marker = Marker { user, delivered: marker.delivered, read };
    let event = Encoded::event(Event::Marker(RoomMarker { room: cell.id, marker }));
    cell.each_open(|session| {
        if session.user != *asker.user() {
            session.outbound.latest(key.clone(), &event);
        }
    });
}

fn publish_own(asker: &Asker, state: &RoomState, marker: MarkerState) {
    let room: RoomId = state.meta.id;
    let after =
        state.member(asker.user()).map_or(MessageNumber::ZERO, |member| member.unread_after);
    let read = marker.own_read().max(after);
    let own = OwnRead { room, read, unread: state.number.since(read) };
    let event = Encoded::event(Event::OwnRead(own));
    for session in asker.services.people.sessions(asker.user()) {
        session.outbound.latest(LatestKey::OwnRead(room), &event);
    }
}
