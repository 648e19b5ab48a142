//! A person's rooms, by last activity, with exact unread counts.

use std::cmp::Reverse;

use caffis_schema::{
    Error, ErrorCode, List, Reply, RoomId, Timestamp, command::Rooms, limits::PAGE_ROOMS,
    reply::RoomPage, room::RoomSummary,
};

use crate::{
    room::read_error,
    services::{Asker, Handled},
    tables::{self, HeadRow},
};

/// A page of the list.
///
/// # Errors
/// What the store says.
pub async fn handle(asker: Asker, command: Rooms) -> Handled {
    let limit = usize::from(command.limit).clamp(1, PAGE_ROOMS);
    let (rooms, more) = list(&asker, command.after, command.context.as_deref(), limit).await?;
    Ok(Reply::Rooms(RoomPage { rooms: List::cut(rooms), more }))
}

/// The rooms after one of them, and whether there are more.
///
/// Which rooms are chosen comes from hints that may be a second old, and after a crash a minute; the
/// order among them and what the summaries say is exact.
///
/// # Errors
/// What the store says.
pub async fn list(
    asker: &Asker,
    after: Option<RoomId>,
    context: Option<&str>,
    limit: usize,
) -> Result<(Vec<RoomSummary>, bool), Error> {
    let mut rooms = by_activity(asker).await?.into_iter().map(|(_, room)| room);
    if let Some(after) = after
        && !rooms.any(|room| room == after)
    {
        let sentence = "The room after which to go on is not in the list any more.";
        return Err(Error::refused(ErrorCode::NotFound, sentence));
    }
    let mut summaries = Vec::new();
    let mut more = false;
    for room in rooms {
        if summaries.len() == limit {
            more = true;
            break;
        }
        match summary(asker, room, context).await {
            Ok(found) => summaries.extend(found),
            // Left or gone since the list was made.
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    summaries.sort_by_key(|summary| (Reverse(summary.active), summary.room));
    Ok((summaries, more))
}

async fn summary(
    asker: &Asker,
    room: RoomId,
    context: Option<&str>,
) -> Result<Option<RoomSummary>, Error> {
    let services = &asker.services;
    let cell = services.rooms.loaded(room).await?;
    let Some(state) = cell.state() else { return Ok(None) };
    let wanted = context.is_none_or(|kind| *state.meta.context.kind == *kind);
    if !wanted || state.member(asker.user()).is_none() {
        return Ok(None);
    }
    if let Some(peer) = state.peer_of(asker.user()) {
        services.directory.find(peer).await.map_err(|e| read_error(&e))?;
    }
    Ok(Some(services.rooms.summarise(&state, asker.user(), cell.marker(asker.user()))))
}

async fn by_activity(asker: &Asker) -> Result<Vec<(Reverse<Timestamp>, RoomId)>, Error> {
    let services = &asker.services;
    let mut rooms = Vec::new();
    for (room, _) in services.people.rooms(asker.user()) {
        let active = match services.rooms.in_memory(room).and_then(|cell| cell.state()) {
            Some(state) => state.time,
            None => {
                let hint = tables::get::<HeadRow>(&*services.store, HeadRow::key(&room)).await;
                hint.map_err(|e| read_error(&e))?.map_or(0, |head| head.time)
            }
        };
        rooms.push((Reverse(active), room));
    }
    rooms.sort_unstable();
    Ok(rooms)
}
