//! The owner's outlet: telling who has to know, once entries are durable.
//!
//! Runs under the room's lock, so that a room's events reach every view in the order of the log.
//! Nothing here waits.

use std::{sync::Arc, time::Duration};

use caffis_schema::{Entry, UserId, room::Presence};
use tokio::time::timeout;

use super::{
    cell::{Inner, RoomCell},
    rooms::Rooms,
};
use crate::{
    hub::views::has_digest,
    model::room::{Members, RoomState},
};

/// Entries that a new owner tells again: at least those of one append.
const TOLD_AGAIN: usize = 32;

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
        let Some(loaded) = &inner.loaded else { return };
        let state = loaded.state.clone();
        if !Arc::ptr_eq(members_before, &state.members) {
            self.publish_arrivals(inner, &state, members_before);
        }
        self.views.tell_entries(&mut inner.view, &state, entries, members_before);
        self.views.publish_entries(cell.id, entries);
        inner.digest_due |= !entries.is_empty() && has_digest(&state, &self.settings);
        self.note_dirty(cell);
        self.hints.iter().for_each(|hints| hints.note(cell.id));
    }

    /// Joins a room that was read just now to the view that this node has had of it, as a node that followed
    /// it; and tells the other nodes its last entries, which its last owner may not have.
    pub(super) fn join_view(&self, inner: &mut Inner) {
        if self.views.is_alone() {
            return;
        }
        let Some(loaded) = &inner.loaded else { return };
        let entries: Vec<_> = loaded.ring.iter().cloned().collect();
        self.views.take_up(&loaded.state, &entries);
        inner.view = self.views.get(loaded.state.meta.id);
        let last = &entries[entries.len().saturating_sub(TOLD_AGAIN)..];
        if !last.is_empty() {
            self.views.publish_entries(loaded.state.meta.id, last);
        }
    }

    /// Tells the members of a room of it who may not have heard: the rows from which a person's list comes
    /// are written only now. These are few, however large the room is.
    pub(super) fn tell_unheard(&self, inner: &Inner) {
        let Some(loaded) = &inner.loaded else { return };
        let state = &loaded.state;
        for user in &loaded.unheard {
            let connected = !self.people.sessions(user).is_empty();
            let here = connected && !self.people.is_in(user, state.meta.id);
            if !here && self.views.is_alone() {
                continue;
            }
            let marker = loaded.markers.get(user).unwrap_or_default();
            let summary = self.summarise(state, user, marker);
            self.views.publish_room(user, &summary);
            if here {
                self.views.receive_room(user, summary, |user| self.shown(user));
            }
        }
    }

    /// Brings the two people of a direct conversation into memory before new members are told of it
    /// by name. When the store does not answer in a moment, they are told without the name.
    pub(super) async fn know_peers(&self, members_before: &Members, state: &RoomState) {
        if state.meta.is_direct() && !Arc::ptr_eq(members_before, &state.members) {
            let found = self.directory.find_all(state.members.keys());
            let _ = timeout(NAMES_WAIT, found).await;
        }
    }

    /// A person's presence as it was told last.
    pub(super) fn shown(&self, user: &UserId) -> Presence {
        self.people.shown(&self.directory, user, self.clock.now())
    }

    fn publish_arrivals(&self, inner: &Inner, state: &RoomState, members_before: &Members) {
        let Some(loaded) = &inner.loaded else { return };
        for user in state.members.keys().filter(|user| !members_before.contains_key(*user)) {
            let marker = || loaded.markers.get(user).unwrap_or_default();
            let here = !self.people.sessions(user).is_empty();
            if !here && self.views.is_alone() {
                continue;
            }
            let summary = self.summarise(state, user, marker());
            self.views.publish_room(user, &summary);
            if here {
                self.views.receive_room(user, summary, |user| self.shown(user));
            }
        }
    }
}
