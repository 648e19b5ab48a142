//! What those who have a small room open are told at most so often: how far members have come.
//!
//! The first change after a quiet interval is told at once. What changes within the interval is told
//! in one event when it ends. So a message that a hundred members receive and read costs each session
//! a few events instead of two hundred. ARCHITECTURE.md states the cost of a message.

use std::{mem, sync::Arc, time::Duration};

use caffis_schema::{
    Event, List, UserId,
    event::{OwnRead, RoomMarkers},
    room::Marker,
};
use tokio::{sync::watch, time::Instant};

use super::{
    cell::{Inner, Loaded, RoomCell},
    rooms::Rooms,
};
use crate::{hub::encoded::Encoded, sync::lock, untold::is_due};

/// How often the markers of a room are told at most.
const MARKERS_INTERVAL: Duration = Duration::from_millis(250);

impl Rooms {
    /// Tells what is due, until core ends.
    pub(crate) async fn tell_updates(self: Arc<Self>, ended: watch::Receiver<()>) {
        let tell = |cell: &Arc<RoomCell>| {
            let mut inner = lock(&cell.inner);
            if is_due(inner.updates.told, MARKERS_INTERVAL) {
                self.tell_markers(cell, &mut inner);
            }
            !inner.updates.markers.is_empty()
        };
        self.untold.run(ended, tell).await;
    }

    /// Tells the others how far a member of a small room has come, now or with what follows.
    pub fn note_marker(&self, cell: &Arc<RoomCell>, user: &UserId) {
        let mut inner = lock(&cell.inner);
        let few = self.settings.small_room_members;
        let small = inner.loaded.as_ref().is_some_and(|loaded| loaded.state.is_small(few));
        if !small || (inner.view.is_none() && self.views.is_alone()) {
            return;
        }
        inner.updates.markers.insert(user.clone());
        if is_due(inner.updates.told, MARKERS_INTERVAL) {
            self.tell_markers(cell, &mut inner);
        } else {
            self.untold.note(cell.id, cell);
        }
    }

    /// Tells a member's own sessions how far they have read, and whether they muted the room; nobody, once they are no member.
    pub fn tell_own_read(&self, cell: &RoomCell, user: &UserId) {
        // Under the room's lock, so that a removal comes before this or takes it out of the queues.
        let inner = lock(&cell.inner);
        let Some(loaded) = &inner.loaded else { return };
        let Some(member) = loaded.state.member(user) else { return };
        let marker = loaded.markers.get(user).unwrap_or_default();
        let (room, number) = (cell.id, loaded.state.number);
        let read = marker.own_read().max(member.unread_after);
        let (unread, muted_until) = (number.since(read), marker.muted_until);
        let own = OwnRead { room, read, unread, muted_until };
        self.views.publish_own_read(user, &own);
        self.views.tell_own_read(user, own);
    }

    fn tell_markers(&self, cell: &RoomCell, inner: &mut Inner) {
        let changed = mem::take(&mut inner.updates.markers);
        let Some(loaded) = &inner.loaded else { return };
        let markers = self.told_markers(loaded, changed.iter());
        if markers.is_empty() {
            return;
        }
        self.views.publish_markers(cell.id, &markers);
        let event = |markers| {
            let markers = List::cut(markers);
            Encoded::event(Event::Markers(RoomMarkers { room: cell.id, markers }))
        };
        if let Some(view) = &inner.view {
            // A person knows their own marker.
            let alone = if changed.len() == 1 { changed.first() } else { None };
            let whole = || event(self.told_markers(loaded, loaded.state.members.keys()));
            self.views.tell_markers(view, alone, &event(markers), whole);
        }
        inner.updates.told = Some(Instant::now());
    }

    /// The markers of those among these people who are members, as others see them.
    fn told_markers<'a>(
        &self,
        loaded: &Loaded,
        users: impl Iterator<Item = &'a UserId>,
    ) -> Vec<Marker> {
        let tells = |user: &UserId| !self.directory.is_private(user);
        users.filter_map(|user| loaded.told_marker(user, tells)).collect()
    }
}
