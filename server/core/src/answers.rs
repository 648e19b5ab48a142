//! What other nodes answer of people, as this node knows it.
//!
//! A node tells its sessions of a person's presence when that is another one than what it told before. So
//! what an answer says of it has to be what this node knows, or a session would keep what another node knew:
//! an edge that is on its way to that node may have been told here before the session came.

use caffis_schema::{
    Reply, UserId,
    room::{Availability, Presence, RoomSummary},
};

use crate::services::Services;

/// An answer of another node, with the presence of people as this node knows it.
pub(crate) fn as_known_here(services: &Services, mut reply: Reply) -> Reply {
    match &mut reply {
        Reply::Room(summary) => summary_here(services, summary),
        Reply::Opened(opened) => {
            summary_here(services, &mut opened.room);
            opened.presence.iter_mut().for_each(|presence| presence_here(services, presence));
        }
        Reply::Members(page) => {
            let presence = page.members.iter_mut().filter_map(|member| member.presence.as_mut());
            presence.for_each(|presence| presence_here(services, presence));
        }
        _ => {}
    }
    reply
}

/// An answer without the presence of those from whom the person is kept apart.
pub(crate) fn without_apart(services: &Services, user: &UserId, reply: &mut Reply) {
    let hide = |presence: &mut Presence| services.people.apart().hide(user, presence);
    let hide_peer = |summary: &mut RoomSummary| summary.peer_presence.iter_mut().for_each(hide);
    match reply {
        Reply::Room(summary) => hide_peer(summary),
        Reply::Opened(opened) => {
            hide_peer(&mut opened.room);
            opened.presence.iter_mut().for_each(hide);
        }
        Reply::Rooms(page) => page.rooms.iter_mut().for_each(hide_peer),
        Reply::Members(page) => {
            page.members.iter_mut().filter_map(|member| member.presence.as_mut()).for_each(hide);
        }
        Reply::Welcome(welcome) => welcome.rooms.iter_mut().for_each(hide_peer),
        _ => {}
    }
}

/// A room's summary of another node, with the presence of the other person as this node knows it.
pub(crate) fn summary_here(services: &Services, summary: &mut RoomSummary) {
    if let Some(presence) = &mut summary.peer_presence {
        presence_here(services, presence);
    }
}

fn presence_here(services: &Services, presence: &mut Presence) {
    let now = services.clock.now();
    let here = services.people.shown(&services.directory, &presence.user, now);
    let before = std::mem::replace(presence, here);
    if presence.availability == Availability::Offline {
        // Of those who are not connected this node may remember nothing.
        presence.last_seen = presence.last_seen.max(before.last_seen);
        presence.status = presence.status.take().or(before.status);
    }
}
