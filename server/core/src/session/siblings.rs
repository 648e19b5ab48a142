//! A person's other sessions on this node, when the list that a new one is given has rooms of which they were
//! not told: the news of those was lost, or comes a moment after the row.
//!
//! Costs nothing as long as nothing is missing; else two questions for each such room.

use std::{sync::Arc, time::Duration};

use caffis_schema::{
    Error, ErrorCode, Event, Reply, RoomId,
    event::{RemovalReason, RoomRemoved},
    room::RoomSummary,
};
use tokio::time::sleep;

use crate::{
    call::Call,
    features::create,
    hub::{encoded::Encoded, people::SessionHandle},
    services::Services,
    sync::spawn,
};

/// How long to wait before a room is asked for again that could not be read.
const RETRY: Duration = Duration::from_secs(1);

/// Tells a person's other sessions here of rooms that they are in.
pub(super) fn tell_others(
    services: &Services,
    session: &Arc<SessionHandle>,
    mut rooms: Vec<RoomId>,
) {
    if rooms.is_empty() {
        return;
    }
    let (services, session) = (services.clone(), session.clone());
    spawn(async move {
        let call = Call::without_session(services.clone(), session.user.clone(), None);
        loop {
            let mut left = Vec::new();
            for room in rooms {
                if others(&services, &session).is_empty() {
                    return;
                }
                if tell(&call, &session, room).await.is_err() {
                    left.push(room);
                }
            }
            if left.is_empty() {
                return;
            }
            rooms = left;
            sleep(RETRY).await;
        }
    });
}

fn others(services: &Services, session: &SessionHandle) -> Vec<Arc<SessionHandle>> {
    let mut others = services.people.sessions(&session.user);
    others.retain(|other| other.id != session.id);
    others
}

/// Tells of a room until its summary says no more than what was told: an entry that came before the first
/// news of its room is not kept by every client.
async fn tell(call: &Call, session: &SessionHandle, room: RoomId) -> Result<(), Error> {
    let mut told = None;
    while let Some(mut summary) = find(call, room).await? {
        if told.replace(summary.head) == Some(summary.head) {
            return Ok(());
        }
        let services = &call.services;
        let apart = services.people.apart();
        summary.peer_presence.iter_mut().for_each(|peer| apart.hide(call.user(), peer));
        services.people.hidden().mask_summary(call.user(), &mut summary);
        services.people.placements().complete(call.user(), &mut summary);
        let event = Encoded::event(Event::RoomAdded(summary));
        for other in others(services, session) {
            other.outbound.room_added(room, &event);
        }
        // A removal takes the room off the person first, and then tells of it. Was that before the answer
        // came, what was told now has to be taken back.
        if !services.people.is_in(call.user(), room) {
            let reason = RemovalReason::Removed;
            let event = Encoded::event(Event::RoomRemoved(RoomRemoved { room, reason }));
            for other in others(services, session) {
                other.outbound.room_removed(room, &event);
            }
            return Ok(());
        }
    }
    Ok(())
}

/// A room's summary; none when the person is not in it any more.
async fn find(call: &Call, room: RoomId) -> Result<Option<RoomSummary>, Error> {
    match create::find(call, room).await {
        Ok(Reply::Room(summary)) if summary.role.is_some() => Ok(Some(summary)),
        Ok(_) => Ok(None),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
