//! Who has a public room open, on all nodes.
//!
//! People are counted once, however many sessions they have and wherever those are. Where few people
//! are, the others hear who came and went; in a full room they hear how many there are, at most once a
//! second. Each node tells the others who came to it and who went.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use caffis_schema::{Event, RoomId, UserId, event::Attendance, room::Profile};
use tokio::{sync::watch, time::Instant};

use super::{
    encoded::Encoded,
    intake::publish,
    latest::LatestKey,
    news::News,
    people::SessionHandle,
    view::{Seen, View},
    views::{Views, is_walk_in},
    wire::Subject,
};
use crate::{model::room::RoomState, ports::bus::NodeId, sync::lock, untold::is_due};

/// How often the number of people in a large room is told at most.
const ATTENDANCE_INTERVAL: Duration = Duration::from_secs(1);

impl Views {
    /// Tells the others that a person walked into a room or out of it on this node.
    pub(super) fn note_attendance(
        &self,
        view: &Arc<View>,
        seen: &mut Seen,
        session: &SessionHandle,
        entered: bool,
    ) {
        if !is_walk_in(&seen.state) || session.service.is_some() {
            return;
        }
        let user = &session.user;
        let elsewhere = seen.guests.has(user);
        if elsewhere && entered {
            seen.guests.both += 1;
        } else if elsewhere {
            seen.guests.both -= 1;
        }
        if let Some(follows) = &self.follows {
            let news = News::Walked(follows.wire().node(), view.room, user.clone(), entered);
            publish(follows.wire(), &Subject::Room(view.room), &news);
        }
        if !elsewhere {
            self.tell_walk(view, seen, user, entered, Some(session));
        }
    }

    /// Tells who came or went: by name where few people are, else only how many there are, a little
    /// later.
    fn tell_walk(
        &self,
        view: &Arc<View>,
        seen: &mut Seen,
        user: &UserId,
        entered: bool,
        by: Option<&SessionHandle>,
    ) {
        if seen.attendance() > self.settings.small_room_members {
            seen.attendance_untold = true;
            self.untold.note(view.room, view);
            return;
        }
        let entered_profile = entered.then(|| self.profile(user));
        let exited = (!entered).then(|| user.clone());
        let own = by.map(|session| session.id);
        self.tell_attendance(seen, entered_profile, exited, |other| Some(other.id) != own);
    }

    fn tell_attendance(
        &self,
        seen: &mut Seen,
        entered: Option<Profile>,
        exited: Option<UserId>,
        hears: impl Fn(&SessionHandle) -> bool,
    ) {
        let who = entered.as_ref().map(|profile| profile.user.clone()).or_else(|| exited.clone());
        let (room, count) = (seen.state.meta.id, seen.attendance());
        let event = Attendance { room, count, entered, exited };
        let bare = Attendance { room, count, entered: None, exited: None };
        let [event, bare] = [event, bare].map(|event| Encoded::event(Event::Attendance(event)));
        let apart = self.people.apart();
        let mut told = 0;
        seen.feed.each(&seen.state, |session| {
            if !hears(session) {
                return;
            }
            // Of those from whom they are kept apart, people hear the number alone.
            let (who, event) = match &who {
                Some(who) if apart.is(&session.user, who) => (None, &bare),
                who => (who.clone(), &event),
            };
            session.outbound.latest(LatestKey::Attendance(room, who), event);
            told += 1;
        });
        seen.attendance_untold = false;
        seen.attendance_told = Some(Instant::now());
        seen.count_told = count;
        self.statistics.told(told);
    }

    /// Tells how many people are in large rooms, at most so often, until core ends.
    pub(crate) async fn tell_counts(self: Arc<Self>, ended: watch::Receiver<()>) {
        let tell = |view: &Arc<View>| {
            let mut seen = view.seen();
            if seen.attendance_untold && is_due(seen.attendance_told, ATTENDANCE_INTERVAL) {
                if seen.attendance() == seen.count_told {
                    seen.attendance_untold = false;
                } else {
                    self.tell_attendance(&mut seen, None, None, |_| true);
                }
            }
            seen.attendance_untold
        };
        self.untold.run(ended, tell).await;
    }

    /// Asks the other nodes who has a room open there, of which a view was made just now.
    pub(super) fn look_around(&self, state: &RoomState) {
        if let Some(follows) = self.follows.as_ref().filter(|_| is_walk_in(state)) {
            let room = state.meta.id;
            publish(follows.wire(), &Subject::Room(room), &News::Look(room));
        }
    }

    /// Tells the other nodes who has a room open here.
    pub(crate) fn answer_look(&self, room: RoomId) {
        let (Some(follows), Some(view)) = (&self.follows, self.get(room)) else { return };
        let people = view.seen().feed.people();
        if !people.is_empty() {
            let news = News::Present(follows.wire().node(), room, people);
            publish(follows.wire(), &Subject::Room(room), &news);
        }
    }

    /// Notes how many people the owner says have a room open, which the session that opened it is told.
    pub(crate) fn note_count(&self, room: RoomId, count: u32) {
        if let Some(view) = self.get(room) {
            view.seen().count_told = count;
        }
    }

    /// Takes in that a person walked in or out on another node. The owner of a room keeps a view of it
    /// for as long as anyone has it open anywhere.
    pub(crate) fn receive_walk(&self, node: NodeId, room: RoomId, user: &UserId, entered: bool) {
        let Some(view) = self.get(room) else { return };
        let mut seen = view.seen();
        let Seen { guests, feed, .. } = &mut *seen;
        let new = match entered {
            true => guests.enter(node, user, feed),
            false => guests.exit(node, user, feed),
        };
        if new {
            self.tell_walk(&view, &mut seen, user, entered, None);
        }
        let unused = seen.feed.is_empty() && seen.guests.is_empty();
        drop(seen);
        if unused {
            self.close_if_empty(room);
        }
    }

    /// Takes in everyone who has a room open on another node.
    pub(crate) fn receive_present(&self, node: NodeId, room: RoomId, people: &[UserId]) {
        let Some(view) = self.get(room) else { return };
        let mut seen = view.seen();
        let Seen { guests, feed, .. } = &mut *seen;
        // Told by the number alone, whoever came or went.
        let present: BTreeSet<&UserId> = people.iter().collect();
        for user in guests.of(node).iter().filter(|user| !present.contains(user)) {
            guests.exit(node, user, feed);
        }
        for user in people {
            guests.enter(node, user, feed);
        }
        seen.attendance_untold = true;
        self.untold.note(room, &view);
    }

    /// Makes sure that the owner of a public room has a view of it, in which a person of another node is.
    pub(crate) fn receive_guest(
        &self,
        node: NodeId,
        user: &UserId,
        state: &Arc<RoomState>,
    ) -> Arc<View> {
        let room = state.meta.id;
        let (view, made) = {
            let mut map = lock(&self.map);
            let made = !map.contains_key(&room);
            let view =
                map.entry(room).or_insert_with(|| Arc::new(View::new(state.clone()))).clone();
            if let Some(follows) = &self.follows {
                follows.note_view(room);
            }
            (view, made)
        };
        {
            let mut seen = view.seen();
            let Seen { guests, feed, .. } = &mut *seen;
            if guests.enter(node, user, feed) {
                self.tell_walk(&view, &mut seen, user, true, None);
            }
        }
        if made {
            self.look_around(state);
        }
        view
    }

    /// Takes in that a node is gone: nobody has anything open there.
    pub(crate) fn forget_node(&self, node: NodeId) {
        let views: Vec<_> = lock(&self.map).values().cloned().collect();
        for view in views {
            if view.seen().guests.of(node).is_empty() {
                continue;
            }
            self.receive_present(node, view.room, &[]);
            self.close_if_empty(view.room);
        }
    }
}
