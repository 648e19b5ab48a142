//! Opening and closing a room. In a public room this is walking in and out.

use std::sync::Arc;

use caffis_schema::{
    Command, Error, ErrorCode, List, Reply,
    command::{Anchor, Close, Open},
    limits::PAGE_ENTRIES,
    open::Empty,
    reply::Opened,
    room::RoomClass,
};
use tokio::time::timeout;

use crate::{
    answers::as_known_here,
    call::{Call, Entered, Handled},
    errors::not_now,
    model::{
        authorise::{Read, authorise, no_such_room},
        room::RoomState,
    },
    pages::entry_page,
    peers::{Nodes, follow, questions::Asker},
    ports::bus::NodeId,
    room::RoomCell,
};

/// Opens a room: subscribes first and reads second, so nothing falls between.
///
/// # Errors
/// Who may not know of the room, too many open rooms.
pub async fn handle(call: Call, command: Open) -> Handled {
    let services = &call.services;
    let room = command.room;
    if call.is_forwarded() {
        let Entered { cell, state, .. } = call.enter(room, Read).await?;
        if let (Some(nodes), Some(node)) = (&services.nodes, call.asker_node())
            && state.meta.class == RoomClass::Public
            && call.service().is_none()
        {
            let _opening = nodes.follow(room).await;
            services.rooms.welcome_guest(&cell, node, call.user());
        }
        return read(&call, &cell, command.limit).await.map(Reply::Opened);
    }
    if let Some((nodes, node)) = call.owner_elsewhere(room)? {
        return open_elsewhere(&call, nodes, node, command).await;
    }
    let session = call.session()?;
    let was_open = session.has_open(room);
    let Entered { cell, .. } = call.open(room).await?;
    let reading = timeout(services.settings.store_timeout, read(&call, &cell, command.limit));
    let mut opened = reading.await.unwrap_or_else(|_| Err(not_now()));
    // Who was removed while the page was read has heard so: this answer may not say otherwise.
    let mut removed = false;
    if let Some(state) = cell.state()
        && let Err(error) = authorise(&call.caller(room), &state, Read)
    {
        removed = true;
        opened = Err(error);
    }
    // A room that was open before stays so when only its page could not be read.
    if removed || (opened.is_err() && !was_open) {
        services.rooms.detach(session, room);
    }
    opened.map(Reply::Opened)
}

/// Opens a room that another node owns.
async fn open_elsewhere(call: &Call, nodes: &Arc<Nodes>, node: NodeId, command: Open) -> Handled {
    let (services, session, room) = (&call.services, call.session()?, command.room);
    call.check_may_open(room).await?;
    call.know_self().await?;
    let was_open = session.has_open(room);
    follow::open(&services.views, nodes, room, session).await?;
    let asker = Asker { attending: true, known: true, ..call.asker(room) };
    let answer = nodes.ask_call(node, asker, Command::Open(command)).await;
    let mut answer = answer.map(|reply| as_known_here(services, reply));
    match &answer {
        Ok(Reply::Opened(opened)) => services.views.note_count(room, opened.attendance),
        Ok(_) => answer = Err(not_now()),
        Err(_) => {}
    }
    let removed = matches!(&answer, Err(error) if error.code == ErrorCode::NotFound);
    if removed || (answer.is_err() && !was_open) {
        services.rooms.detach(session, room);
    } else if !session.has_open(room) {
        // Who was removed meanwhile has heard so: this answer may not say otherwise.
        answer = Err(no_such_room());
    }
    answer
}

async fn read(call: &Call, cell: &Arc<RoomCell>, limit: u8) -> Result<Opened, Error> {
    let services = &call.services;
    let state = cell.state().ok_or_else(no_such_room)?;
    let allowed = authorise(&call.caller(cell.id), &state, Read)?;
    let limit = usize::from(limit).clamp(1, PAGE_ENTRIES);
    let page = entry_page(
        services,
        (cell, &state),
        &allowed,
        Anchor::Latest,
        limit,
        call.page_bytes() / 2,
    )
    .await?;
    remember_people(call, &state).await?;
    let small = state.is_small(services.settings.small_room_members);
    let (markers, presence) = if small {
        let markers = cell.markers(|user| !services.directory.is_private(user));
        let people = state.members.keys();
        let now = services.clock.now();
        let presence = people.map(|user| services.people.shown(&services.directory, user, now));
        (markers, presence.collect())
    } else {
        Default::default()
    };
    let attendance = services.views.attendance(cell.id);
    let marker = cell.marker(call.user());
    Ok(Opened {
        room: services.rooms.summarise(&state, call.user(), marker),
        page,
        markers: List::cut(markers),
        presence: List::cut(presence),
        attendance,
        card: state.card.as_deref().cloned(),
    })
}

/// Brings the members of a small room into memory, for their names and settings.
async fn remember_people(call: &Call, state: &RoomState) -> Result<(), Error> {
    if state.is_small(call.services.settings.small_room_members) {
        let found = call.services.directory.find_all(state.members.keys()).await;
        found?;
    }
    Ok(())
}

/// Closes a room; nothing happens when it is not open.
pub fn close(call: &Call, command: &Close) -> Handled {
    call.services.rooms.detach(call.session()?, command.room);
    Ok(Reply::Done(Empty {}))
}
