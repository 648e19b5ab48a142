//! Opening and closing a room. In a public room this is walking in and out.

use std::sync::Arc;

use caffis_schema::{
    Error, List, Reply,
    command::{Anchor, Close, Open},
    limits::PAGE_ENTRIES,
    open::Empty,
    reply::Opened,
};
use tokio::time::timeout;

use crate::{
    model::{
        authorise::{Read, authorise, no_such_room},
        room::RoomState,
    },
    pages::entry_page,
    room::{RoomCell, not_now, read_error},
    services::{Asker, Handled},
};

/// Opens a room: subscribes first and reads second, so nothing falls between.
///
/// # Errors
/// Who may not know of the room, too many open rooms.
pub async fn handle(asker: Asker, command: Open) -> Handled {
    let services = &asker.services;
    let was_open = asker.session.has_open(command.room);
    let mut actor = asker.actor(command.room);
    actor.attending = true;
    asker.know_self().await?;
    let cell = loop {
        let cell = services.rooms.loaded(command.room).await?;
        let Some(state) = cell.state() else { continue };
        authorise(&actor, &state, Read)?;
        if services.rooms.attach(&cell, &asker.session)?.is_some() {
            break cell;
        }
    };
    let reading = timeout(services.settings.store_timeout, read(&asker, &cell, command.limit));
    let mut opened = reading.await.unwrap_or_else(|_| Err(not_now()));
    // Who was removed while the page was read has heard so: this answer may not say otherwise.
    let mut removed = false;
    if let Some(state) = cell.state()
        && let Err(error) = authorise(&asker.actor(command.room), &state, Read)
    {
        removed = true;
        opened = Err(error);
    }
    // A room that was open before stays so when only its page could not be read.
    if removed || (opened.is_err() && !was_open) {
        services.rooms.detach(&asker.session, command.room);
    }
    opened.map(Reply::Opened)
}

async fn read(asker: &Asker, cell: &Arc<RoomCell>, limit: u8) -> Result<Opened, Error> {
    let services = &asker.services;
    let state = cell.state().ok_or_else(no_such_room)?;
    let allowed = authorise(&asker.actor(cell.id), &state, Read)?;
    let limit = usize::from(limit).clamp(1, PAGE_ENTRIES);
    let page =
        entry_page(services, cell, &state, &allowed, Anchor::Latest, limit, asker.page_bytes() / 2)
            .await?;
    remember_people(asker, &state).await?;
    let small = state.is_small(services.settings.small_room_members);
    let (markers, presence) = if small {
        let markers = cell.markers(|user| !services.directory.is_private(user));
        let people = state.members.keys();
        let now = services.clock.now();
        let presence = people.map(|user| services.directory.presence(&services.people, user, now));
        (markers, presence.collect())
    } else {
        Default::default()
    };
    let attendance = cell.attendance();
    let marker = cell.marker(asker.user());
    Ok(Opened {
        room: services.rooms.summarise(&state, asker.user(), marker),
        page,
        markers: List::cut(markers),
        presence: List::cut(presence),
        attendance,
    })
}

/// Brings the members of a small room into memory, for their names and settings.
async fn remember_people(asker: &Asker, state: &RoomState) -> Result<(), Error> {
    if state.is_small(asker.services.settings.small_room_members) {
        let found = asker.services.directory.find_all(state.members.keys()).await;
        found.map_err(|e| read_error(&e))?;
    }
    Ok(())
}

/// Closes a room; nothing happens when it is not open.
pub fn close(asker: &Asker, command: &Close) -> Handled {
    asker.services.rooms.detach(&asker.session, command.room);
    Ok(Reply::Done(Empty {}))
}
