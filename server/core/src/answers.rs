//! What other nodes answer of people, as this node knows it.
//!
//! A node tells its sessions of a person's presence when that is another one than what it told before. So
//! what an answer says of it has to be what this node knows, or a session would keep what another node knew:
//! an edge that is on its way to that node may have been told here before the session came.

use std::collections::BTreeSet;

use caffis_schema::{
    Error, List, Reply, RoomId, UserId,
    room::{Availability, Member, Presence, RoomSummary},
};

use crate::{
    flags::hidden_of, hub::apart::hide, placements::known_of, relations, services::Services,
};

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

/// An answer without the presence of those from whom the person, who is connected here, is kept apart; in a public
/// room without them.
pub(crate) fn without_apart(services: &Services, user: &UserId, reply: &mut Reply) {
    without_visitors(reply, |other| services.people.apart().is(user, other));
    for presence in presences(reply) {
        services.people.apart().hide(user, presence);
    }
}

/// The same for a person of whom this node knows nothing, because they are not connected.
///
/// # Errors
/// What the store says.
pub(crate) async fn without_relations(
    services: &Services,
    user: &UserId,
    reply: &mut Reply,
) -> Result<(), Error> {
    if presences(reply).is_empty() {
        return Ok(());
    }
    let relations = relations::of(&*services.store, user).await?.into_iter();
    let apart: BTreeSet<_> =
        relations.filter_map(|(other, _, apart)| apart.then_some(other)).collect();
    without_visitors(reply, |other| apart.contains(other));
    let mut shown = presences(reply);
    shown.retain(|presence| apart.contains(&presence.user));
    shown.into_iter().for_each(hide);
    Ok(())
}

/// Takes out who walked into a public room, of those from whom the person is kept apart: of them, people hear the number
/// alone. Members of a room are named to each other.
fn without_visitors(reply: &mut Reply, apart: impl Fn(&UserId) -> bool) {
    if let Reply::Members(page) = reply
        && page.members.iter().any(|member| is_visitor(member) && apart(&member.profile.user))
    {
        let members = page.members.iter();
        let kept = members.filter(|member| !(is_visitor(member) && apart(&member.profile.user)));
        page.members = List::cut(kept.cloned().collect());
        // A page without anybody has nobody to go on after.
        page.more &= !page.members.is_empty();
    }
}

fn is_visitor(member: &Member) -> bool {
    member.joined.is_none()
}

/// An answer as the person sees it who gets it: without the words of what they have deleted for themselves, and with
/// the places of rooms in their list. Of who is not connected here the store says what that is.
///
/// # Errors
/// What the store says.
pub(crate) async fn as_seen_by(
    services: &Services,
    user: &UserId,
    room: Option<RoomId>,
    reply: &mut Reply,
) -> Result<(), Error> {
    match services.people.hidden().of(user) {
        Some(hidden) => hidden.mask(room, reply),
        None => hidden_of(&*services.store, user).await?.mask(room, reply),
    }
    if matches!(reply, Reply::Room(_) | Reply::Rooms(_) | Reply::Opened(_)) {
        known_of(services, user).await?.complete(reply);
    }
    Ok(())
}

/// The presence of others in an answer.
fn presences(reply: &mut Reply) -> Vec<&mut Presence> {
    fn peer(summary: &mut RoomSummary) -> Option<&mut Presence> {
        summary.peer_presence.as_mut()
    }
    match reply {
        Reply::Room(summary) => peer(summary).into_iter().collect(),
        Reply::Opened(opened) => {
            opened.room.peer_presence.iter_mut().chain(opened.presence.iter_mut()).collect()
        }
        Reply::Rooms(page) => page.rooms.iter_mut().filter_map(peer).collect(),
        Reply::Members(page) => {
            page.members.iter_mut().filter_map(|member| member.presence.as_mut()).collect()
        }
        Reply::Welcome(welcome) => welcome.rooms.iter_mut().filter_map(peer).collect(),
        _ => Vec::new(),
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
