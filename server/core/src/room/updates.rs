//! What those who have a room open are told at most so often: how far members have come, and how
//! many people are in a large room.
//!
//! The first change after a quiet interval is told at once. What changes within the interval is told
//! in one event when it ends. So a message that a hundred members receive and read costs each session
//! a few events instead of two hundred, and thousands of people who walk into a cafe cost each session
//! one event a second. ARCHITECTURE.md states the cost of a message.

use std::{cell::OnceCell, collections::BTreeSet, mem, sync::Arc, time::Duration};

use caffis_schema::{
    Event, List, UserId,
    event::{Attendance, OwnRead, RoomMarkers},
    room::{Marker, Profile},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    cell::{Inner, Loaded, RoomCell, is_walk_in},
    rooms::Rooms,
};
use crate::{
    hub::{encoded::Encoded, latest::LatestKey, people::SessionHandle},
    sync::lock,
};

/// How often the markers of a room are told at most.
const MARKERS_INTERVAL: Duration = Duration::from_millis(250);

/// How often the number of people in a large room is told at most.
const ATTENDANCE_INTERVAL: Duration = Duration::from_secs(1);

/// How often rooms with untold changes are looked at.
const STEP: Duration = Duration::from_millis(50);

/// What changed in a room and is not told yet.
#[derive(Debug, Default)]
pub(super) struct Updates {
    /// Whose markers changed.
    markers: BTreeSet<UserId>,
    markers_told: Option<Instant>,
    /// The number of people who have the room open changed.
    attendance: bool,
    attendance_told: Option<Instant>,
}

/// Whether the interval since something was last told is over.
fn is_due(told: Option<Instant>, interval: Duration) -> bool {
    told.is_none_or(|told| told.elapsed() >= interval)
}

/// Tells what is due, until core ends.
pub(crate) async fn tell_updates(rooms: Arc<Rooms>, mut ended: watch::Receiver<()>) {
    loop {
        tokio::select! {
            biased;
            _ = ended.changed() => return,
            () = rooms.updated.notified() => {}
        }
        while rooms.tell_due() {
            sleep(STEP).await;
        }
    }
}

impl Rooms {
    /// Tells the others how far a member of a small room has come, now or with what follows.
    pub fn note_marker(&self, cell: &Arc<RoomCell>, user: &UserId) {
        let mut inner = lock(&cell.inner);
        let few = self.settings.small_room_members;
        let small = inner.loaded.as_ref().is_some_and(|loaded| loaded.state.is_small(few));
        if !small || inner.feed.is_empty() {
            return;
        }
        inner.updates.markers.insert(user.clone());
        if is_due(inner.updates.markers_told, MARKERS_INTERVAL) {
            self.tell_markers(cell, &mut inner);
        } else {
            self.note_update(cell);
        }
    }

    /// Tells a member's own sessions how far they have read; nobody, once they are no member.
    pub fn tell_own_read(&self, cell: &RoomCell, user: &UserId) {
        // Under the room's lock, so that a removal comes before this or takes it out of the queues.
        let inner = lock(&cell.inner);
        let Some(loaded) = &inner.loaded else { return };
        let Some(member) = loaded.state.member(user) else { return };
        let marker = loaded.markers.get(user).unwrap_or_default();
        let (room, number) = (cell.id, loaded.state.number);
        let read = marker.own_read().max(member.unread_after);
        let own = OwnRead { room, read, unread: number.since(read) };
        let event = Encoded::event(Event::OwnRead(own));
        for session in self.people.sessions(user) {
            session.outbound.latest(LatestKey::OwnRead(room), &event);
        }
    }

    /// Tells the others that a person walked into a room or out of it: by name where few people are,
    /// else only how many there are, a little later.
    pub(super) fn note_attendance(
        &self,
        cell: &Arc<RoomCell>,
        inner: &mut Inner,
        session: &SessionHandle,
        entered: bool,
    ) {
        let Some(loaded) = &inner.loaded else { return };
        if !is_walk_in(&loaded.state) || session.service.is_some() {
            return;
        }
        if inner.feed.attendance() > self.settings.small_room_members {
            inner.updates.attendance = true;
            self.note_update(cell);
            return;
        }
        let user = &session.user;
        let entered_profile = entered.then(|| self.directory.peek(user));
        let exited = (!entered).then(|| user.clone());
        self.tell_attendance(cell, inner, entered_profile, exited, |other| other.id != session.id);
    }

    fn note_update(&self, cell: &Arc<RoomCell>) {
        lock(&self.untold).entry(cell.id).or_insert_with(|| cell.clone());
        self.updated.notify_one();
    }

    /// Tells what is due; true when something has to wait.
    fn tell_due(&self) -> bool {
        let cells = mem::take(&mut *lock(&self.untold));
        for cell in cells.values() {
            let mut inner = lock(&cell.inner);
            if is_due(inner.updates.markers_told, MARKERS_INTERVAL) {
                self.tell_markers(cell, &mut inner);
            }
            if inner.updates.attendance
                && is_due(inner.updates.attendance_told, ATTENDANCE_INTERVAL)
            {
                self.tell_attendance(cell, &mut inner, None, None, |_| true);
            }
            if inner.updates.attendance || !inner.updates.markers.is_empty() {
                lock(&self.untold).entry(cell.id).or_insert_with(|| cell.clone());
            }
        }
        !lock(&self.untold).is_empty()
    }

    fn tell_markers(&self, cell: &RoomCell, inner: &mut Inner) {
        let changed = mem::take(&mut inner.updates.markers);
        let Some(loaded) = &inner.loaded else { return };
        let Some(event) = self.markers_event(cell, loaded, changed.iter()) else { return };
        // A person knows their own marker.
        let alone = if changed.len() == 1 { changed.first() } else { None };
        let whole = OnceCell::new();
        let mut told = 0;
        inner.feed.each(&loaded.state, |session| {
            if alone == Some(&session.user) {
                return;
            }
            session.outbound.latest_change(LatestKey::Markers(cell.id), &event, || {
                let all = || self.markers_event(cell, loaded, loaded.state.members.keys());
                whole.get_or_init(|| all().unwrap_or_else(|| event.clone())).clone()
            });
            told += 1;
        });
        inner.updates.markers_told = Some(Instant::now());
        self.statistics.told(told);
    }

    /// The markers of those among these people who are members; none when nobody is.
    fn markers_event<'a>(
        &self,
        cell: &RoomCell,
        loaded: &Loaded,
        users: impl Iterator<Item = &'a UserId>,
    ) -> Option<Arc<Encoded>> {
        let tells = |user: &UserId| !self.directory.is_private(user);
        let markers: Vec<Marker> =
            users.filter_map(|user| loaded.told_marker(user, tells)).collect();
        (!markers.is_empty()).then(|| {
            let markers = List::cut(markers);
            Encoded::event(Event::Markers(RoomMarkers { room: cell.id, markers }))
        })
    }

    fn tell_attendance(
        &self,
        cell: &RoomCell,
        inner: &mut Inner,
        entered: Option<Profile>,
        exited: Option<UserId>,
        hears: impl Fn(&SessionHandle) -> bool,
    ) {
        let Some(loaded) = &inner.loaded else { return };
        let who = entered.as_ref().map(|profile| profile.user.clone()).or_else(|| exited.clone());
        let count = inner.feed.attendance();
        let event =
            Encoded::event(Event::Attendance(Attendance { room: cell.id, count, entered, exited }));
        let key = LatestKey::Attendance(cell.id, who);
        let mut told = 0;
        inner.feed.each(&loaded.state, |session| {
            if hears(session) {
                session.outbound.latest(key.clone(), &event);
                told += 1;
            }
        });
        inner.updates.attendance = false;
        inner.updates.attendance_told = Some(Instant::now());
        self.statistics.told(told);
    }
}
