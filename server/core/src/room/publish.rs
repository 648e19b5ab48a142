//! Telling who has to know, once entries are durable.
//!
//! Runs under the room's lock, so that a room's events reach every queue in the order of the log, and
//! a removal at one position stops everything after it. Nothing here waits.

use std::{sync::Arc, time::Duration};

use caffis_schema::{
    Entry, EntryKind, Event, UserId,
    event::{Head, RemovalReason, RoomEntry, RoomRemoved},
};

use tokio::time::timeout;

use super::{
    cell::{Inner, RoomCell, head_of, is_walk_in},
    rooms::Rooms,
};
use crate::{
    hub::{encoded::Encoded, latest::LatestKey, people::SessionHandle},
    model::room::{Members, RoomState},
    sync::lock,
};

/// How long the news of a direct conversation waits for the names of its people.
const NAMES_WAIT: Duration = Duration::from_secs(1);

impl Rooms {
    /// Delivers entries that have just become durable.
    pub(super) fn publish(
        &self,
        cell: &Arc<RoomCell>,
        inner: &mut Inner,
        entries: &[Arc<Entry>],
        members_before: &Members,
    ) {
        let Some(loaded) = &mut inner.loaded else { return };
        let state = loaded.state.clone();
        for entry in entries {
            if let EntryKind::Message(message) = &entry.kind
                && let Some(sender) = &message.sender
                && state.member(sender).is_some()
            {
                loaded.markers.wrote(sender, message.number);
            }
        }
        if !Arc::ptr_eq(members_before, &state.members) {
            self.publish_removals(inner, &state, entries, members_before);
            self.publish_arrivals(inner, &state, members_before);
        }
        for entry in entries {
            self.deliver(inner, &state, entry);
        }
        self.note_dirty(cell);
    }

    /// Brings the two people of a direct conversation into memory before new members are told of it
    /// by name. When the store does not answer in a moment, they are told without the name.
    pub(super) async fn know_peers(&self, members_before: &Members, state: &RoomState) {
        if state.meta.is_direct() && !Arc::ptr_eq(members_before, &state.members) {
            let found = self.directory.find_all(state.members.keys());
            let _ = timeout(NAMES_WAIT, found).await;
        }
    }

    fn deliver(&self, inner: &mut Inner, state: &RoomState, entry: &Arc<Entry>) {
        let room = state.meta.id;
        let entry_event = RoomEntry { room, entry: (**entry).clone() };
        let event = Encoded::event(Event::Entry(entry_event));
        let sees = |user: &UserId| {
            state.member(user).is_none_or(|member| member.visible_after < entry.position)
        };
        let mut deliveries = 0;
        let mut deliver = |session: &Arc<SessionHandle>| {
            let head = || head_of(state, state.member(&session.user));
            session.outbound.entry(&event, head, room);
            deliveries += 1;
        };
        if state.is_small(self.settings.small_room_members) && !is_walk_in(state) {
            let seeing = state.members.keys().filter(|user| sees(user));
            self.people.sessions_of(seeing).iter().for_each(deliver);
        } else {
            inner.feed.each(state, |session| {
                if sees(&session.user) {
                    deliver(session);
                }
            });
            inner.digest_due = !is_walk_in(state);
        }
        self.statistics.delivered(deliveries);
    }

    fn publish_removals(
        &self,
        inner: &mut Inner,
        state: &RoomState,
        entries: &[Arc<Entry>],
        members_before: &Members,
    ) {
        let room = state.meta.id;
        for user in members_before.keys().filter(|user| state.member(user).is_none()) {
            let reason = removal_reason(entries, user);
            let event = Encoded::event(Event::RoomRemoved(RoomRemoved { room, reason }));
            for session in self.people.remove_room(user, room) {
                inner.feed.remove(session.id);
                lock(&session.open).remove(&room);
                session.outbound.room_removed(room, &event);
            }
        }
    }

    fn publish_arrivals(&self, inner: &Inner, state: &RoomState, members_before: &Members) {
        let Some(loaded) = &inner.loaded else { return };
        for user in state.members.keys().filter(|user| !members_before.contains_key(*user)) {
            self.people.add_rooms(user, [(state.meta.id, state.peer_of(user).cloned())]);
            let sessions = self.people.sessions(user);
            if sessions.is_empty() {
                continue;
            }
            let marker = loaded.markers.get(user).unwrap_or_default();
            let event = Encoded::event(Event::RoomAdded(self.summarise(state, user, marker)));
            for session in sessions {
                session.outbound.room_added(state.meta.id, &event);
            }
        }
    }

    /// Tells the heads of a large room to the members who are connected and do not have it open.
    pub(super) fn publish_digest(&self, inner: &Inner) {
        let Some(loaded) = &inner.loaded else { return };
        let state = &loaded.state;
        let room = state.meta.id;
        let with = Encoded::event(Event::Head(head_of(state, None)));
        let bare = Encoded::event(Event::Head(Head { preview: None, ..head_of(state, None) }));
        for session in self.people.sessions_of(state.members.keys()) {
            if !session.has_open(room) {
                let sees = state.preview_for(state.member(&session.user)).is_some();
                let event = if sees { &with } else { &bare };
                session.outbound.latest(LatestKey::Head(room), event);
            }
        }
    }
}

fn removal_reason(entries: &[Arc<Entry>], user: &UserId) -> RemovalReason {
    let last = entries.iter().rev().find_map(|entry| match &entry.kind {
        EntryKind::Left(left) if left.user == *user => Some(left.by.as_ref()),
        _ => None,
    });
    match last {
        Some(Some(by)) if by == user => RemovalReason::Left,
        _ => RemovalReason::Removed,
    }
}
