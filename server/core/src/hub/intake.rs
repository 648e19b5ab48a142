//! What a view takes in that comes from other nodes.
//!
//! Entries count in the order of the log only: what would leave a gap is not taken in, and the caller
//! asks the owner for what is missing. So a removal at one position stops everything after it, whatever
//! the bus loses or reorders.

use std::{collections::BTreeSet, sync::Arc};

use caffis_schema::{
    Entry, Event, List, Position, RoomId, ServerSignal, UserId,
    event::{Head, OwnRead, RemovalReason, RoomMarkers, RoomRemoved},
    room::{Marker, Presence, RoomSummary},
};

use super::{
    encoded::Encoded,
    follows::Follows,
    latest::LatestKey,
    news::{News, encode},
    people::SessionHandle,
    view::{Seen, View},
    views::{Views, comes_to_inbox, has_digest, head_of},
    wire::{Subject, Wire},
};
use crate::{
    model::room::RoomState,
    sync::{lock, spawn},
};

/// What became of entries that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// The view has them all.
    Told,
    /// There are entries between what the view has and these.
    Gap,
    /// There is no view of the room.
    NoView,
}

impl Views {
    /// Takes in entries that the owner told, in order and without a gap among themselves.
    pub(crate) fn receive(&self, room: RoomId, entries: &[Arc<Entry>]) -> Received {
        let Some(view) = self.get(room) else { return Received::NoView };
        let mut seen = view.seen();
        let head = seen.state.head;
        let known = entries.iter().take_while(|entry| entry.position <= head).count();
        let fresh = &entries[known..];
        let Some(first) = fresh.first() else { return Received::Told };
        if first.position != head + 1 {
            return Received::Gap;
        }
        let before = seen.state.members.clone();
        let mut state = (*seen.state).clone();
        fresh.iter().for_each(|entry| state.apply(entry));
        self.tell(Some(&mut seen), &Arc::new(state), fresh, &before);
        let unused = seen.feed.is_empty();
        drop(seen);
        if unused {
            self.close_if_empty(room);
        }
        Received::Told
    }

    /// Makes the view begin again with a state that the owner gave, or makes a view. `entries` are the
    /// last ones before it: when they begin where the sessions of this node are, they are told, else
    /// those hear that they are behind, and resume.
    pub(crate) fn adopt(&self, state: RoomState, entries: &[Arc<Entry>]) {
        let room = state.meta.id;
        let state = Arc::new(state);
        let (view, made) = {
            let mut map = lock(&self.map);
            let made = !map.contains_key(&room);
            let view = map.entry(room).or_insert_with(|| Arc::new(View::new(state.clone())));
            (view.clone(), made)
        };
        let mut seen = view.seen();
        let told = match (&self.follows, made) {
            (Some(follows), true) => follows.told(room),
            _ => seen.state.head,
        };
        // The answer may have been on its way for a while.
        if state.head < seen.state.head {
            return;
        }
        if state.head >= told {
            self.dismiss(&mut seen, &state);
        }
        let missed = state.head > told;
        let known = entries.iter().take_while(|entry| entry.position <= told).count();
        let fresh = &entries[known..];
        let whole = fresh.first().is_some_and(|first| first.position == told + 1)
            && fresh.last().is_some_and(|last| last.position == state.head);
        seen.state = Arc::new(RoomState {
            // Those who have the room open are looked at again.
            members_version: seen.state.members_version.max(state.members_version) + 1,
            ..(*state).clone()
        });
        if missed && whole {
            let (state, before) = (seen.state.clone(), seen.state.members.clone());
            self.tell(Some(&mut seen), &state, fresh, &before);
        } else if missed {
            self.tell_behind(&seen);
        }
        let state = seen.state.clone();
        if let Some(follows) = &self.follows {
            follows.note_told(room, state.head);
        }
        let unused = seen.feed.is_empty();
        drop(seen);
        if missed && has_digest(&state, &self.settings) {
            self.tell_head(&state);
        }
        if unused {
            self.close_if_empty(room);
        }
    }

    /// Brings the sessions of this node up to a state with which it owns the room from now on.
    pub(crate) fn take_up(&self, state: &Arc<RoomState>, entries: &[Arc<Entry>]) {
        let room = state.meta.id;
        let followed = self
            .follows
            .as_ref()
            .is_some_and(|follows| follows.has_members(room) && follows.told(room) < state.head);
        if followed || self.get(room).is_some() {
            self.adopt((**state).clone(), entries);
        }
        if let Some(follows) = &self.follows {
            follows.note_told(room, state.head);
        }
    }

    /// Notes where a room stands that this node owns no longer.
    pub(crate) fn let_go(&self, state: &RoomState) {
        if let Some(follows) = &self.follows {
            follows.note_told(state.meta.id, state.head);
        }
    }

    /// A new view begins at a state of which the members who are connected here may not have heard yet: they
    /// are told that they are behind, or that they are no members any more. True when they were.
    pub(super) fn begin_view(&self, seen: &mut Seen) -> bool {
        let (room, head) = (seen.state.meta.id, seen.state.head);
        let missed = |follows: &Follows| follows.has_members(room) && follows.told(room) < head;
        let Some(follows) = self.follows.as_ref().filter(|follows| missed(follows)) else {
            return false;
        };
        let state = seen.state.clone();
        self.dismiss(seen, &state);
        self.tell_behind(seen);
        follows.note_told(room, head);
        true
    }

    /// Tells the sessions of this node that entries of a room may be missing.
    fn tell_behind(&self, seen: &Seen) {
        let state = &seen.state;
        let tell = |session: &Arc<SessionHandle>| {
            session.outbound.behind(head_of(state, state.member(&session.user)));
        };
        if comes_to_inbox(state, &self.settings) {
            self.people.sessions_of(state.members.keys()).iter().for_each(tell);
        } else {
            seen.feed.each(state, tell);
        }
    }

    /// Tells those who are connected here and no members any more.
    fn dismiss(&self, seen: &mut Seen, state: &RoomState) {
        let Some(follows) = &self.follows else { return };
        let room = state.meta.id;
        for user in follows.members(room) {
            if state.member(&user).is_some() || !self.people.is_in(&user, room) {
                continue;
            }
            follows.leave(&user, room);
            let reason = RemovalReason::Removed;
            let event = Encoded::event(Event::RoomRemoved(RoomRemoved { room, reason }));
            for session in self.people.remove_room(&user, room) {
                seen.feed.remove(session.id);
                lock(&session.open).remove(&room);
                session.outbound.room_removed(room, &event);
            }
        }
    }

    /// Tells the other nodes of entries that are durable.
    pub(crate) fn publish_entries(&self, room: RoomId, entries: &[Arc<Entry>]) {
        if let Some(follows) = &self.follows {
            let entries = entries.iter().map(|entry| (**entry).clone()).collect();
            publish(follows.wire(), &Subject::Room(room), &News::Entries(room, entries));
        }
    }

    /// Whether there are no other nodes.
    pub(crate) fn is_alone(&self) -> bool {
        self.follows.is_none()
    }

    /// Notes what a client of this node knows of a room when it begins to follow it.
    pub(crate) fn begin_at(&self, room: RoomId, head: Position) {
        if let Some(follows) = &self.follows {
            follows.begin_at(room, head);
        }
    }

    /// Tells the other nodes how far members of a small room have come.
    pub(crate) fn publish_markers(&self, room: RoomId, markers: &[Marker]) {
        if let Some(follows) = &self.follows {
            let news = News::Markers(room, markers.to_vec());
            publish(follows.wire(), &Subject::Room(room), &news);
        }
    }

    /// Tells the other nodes how far a person has read, for their sessions there.
    pub(crate) fn publish_own_read(&self, user: &UserId, own: &OwnRead) {
        if let Some(follows) = &self.follows {
            let news = News::OwnRead(user.clone(), own.clone());
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
        }
    }

    /// Tells the other nodes that a person is in a room now.
    pub(crate) fn publish_room(&self, user: &UserId, summary: &RoomSummary) {
        if let Some(follows) = &self.follows {
            let news = News::RoomAdded(user.clone(), Box::new(summary.clone()));
            publish(follows.wire(), &Subject::Person(user.clone()), &news);
            follows.recaps().note(user, summary.room);
        }
    }

    /// Tells the other nodes the head of a large room.
    pub(crate) fn publish_head(&self, state: &RoomState) {
        if let Some(follows) = &self.follows {
            let sees = |member| state.preview_for(Some(member)).is_some();
            let blind = state.members.iter().filter(|(_, member)| !sees(member));
            let blind = blind.map(|(user, _)| user.clone()).collect();
            publish(follows.wire(), &Subject::Everyone, &News::Head(head_of(state, None), blind));
        }
    }

    /// Takes in how far members have come.
    pub(crate) fn receive_markers(&self, room: RoomId, markers: Vec<Marker>) {
        let Some(view) = self.get(room) else { return };
        let alone = match &markers[..] {
            [marker] => Some(marker.user.clone()),
            _ => None,
        };
        let whole: Vec<Marker> = {
            let mut seen = view.seen();
            for marker in &markers {
                if seen.state.member(&marker.user).is_some() {
                    seen.markers.insert(marker.user.clone(), marker.clone());
                }
            }
            let state = seen.state.clone();
            seen.markers.retain(|user, _| state.member(user).is_some());
            seen.markers.values().cloned().collect()
        };
        let event = |markers: Vec<Marker>| {
            let markers = List::cut(markers);
            Encoded::event(Event::Markers(RoomMarkers { room, markers }))
        };
        let changed = event(markers);
        self.tell_markers(&view, alone.as_ref(), &changed, || event(whole.clone()));
    }

    /// Tells a signal of a person, wherever they are, to those who have the room open here. Their own other devices
    /// hear where they are, too.
    pub(crate) fn tell_signal(&self, view: &View, from: &UserId, signal: ServerSignal) {
        let oneself = matches!(signal, ServerSignal::Location(_));
        let signal = Encoded::signal(signal);
        let mut told = 0;
        view.each_open(|session| {
            let hears = match session.user == *from {
                true => oneself,
                false => !self.people.apart().is(&session.user, from),
            };
            if hears {
                session.outbound.lossy(Some(view.room), &signal);
                told += 1;
            }
        });
        self.statistics.told(told);
    }

    /// Tells news of a room to the other nodes.
    pub(crate) fn publish_signal(&self, room: RoomId, news: &News) {
        if let Some(follows) = &self.follows {
            publish(follows.wire(), &Subject::Room(room), news);
        }
    }

    /// Takes in the news that a person who is connected here is in a room, unless this node knows what came
    /// later: they may have left since, and what says so is not told again. Then it is false, and nothing
    /// was told.
    pub(crate) fn receive_news_of_room(
        &self,
        user: &UserId,
        summary: RoomSummary,
        shown: impl Fn(&UserId) -> Presence,
    ) -> bool {
        let view = self.get(summary.room);
        // While it is held, no entry is told that removes the person.
        let seen = view.as_ref().map(|view| view.seen());
        let outdated = match (&seen, &self.follows) {
            (Some(seen), _) => seen.state.head >= summary.head && seen.state.member(user).is_none(),
            (None, Some(follows)) => follows.told(summary.room) > summary.head,
            (None, None) => false,
        };
        if !outdated {
            self.receive_room(user, summary, shown);
        }
        !outdated
    }

    /// Takes in that a person who is connected here is in a room now. `shown` is a person's presence as it was
    /// told last.
    pub(crate) fn receive_room(
        &self,
        user: &UserId,
        mut summary: RoomSummary,
        shown: impl Fn(&UserId) -> Presence,
    ) {
        let room = summary.room;
        let peer = summary.peer.as_ref().map(|peer| peer.user.clone());
        self.people.add_rooms(user, [(room, peer.clone())]);
        if let Some(follows) = self.follows.clone() {
            let subjects = follows.note_member(user, [(room, peer.clone())]);
            spawn(async move { follows.wire().subscribe(&subjects).await });
        }
        let version = summary.peer_presence.as_ref().map(|presence| presence.version);
        summary.peer_presence.iter_mut().for_each(|it| self.people.apart().hide(user, it));
        self.people.hidden().mask_summary(user, &mut summary);
        self.people.placements().complete(user, &mut summary);
        let event = Encoded::event(Event::RoomAdded(summary));
        for session in self.people.sessions(user) {
            session.outbound.room_added(room, &event);
        }
        // What was told of either before this did not find the conversation.
        if let Some(peer) = peer {
            self.show(user, &peer, version, &shown);
            if self.is_alone() && self.people.is_in(&peer, room) {
                self.show(&peer, user, None, &shown);
            }
        }
    }

    /// Tells a person's sessions on this node of somebody's presence, unless they were told this version.
    fn show(
        &self,
        user: &UserId,
        whom: &UserId,
        mut told: Option<u64>,
        shown: impl Fn(&UserId) -> Presence,
    ) {
        if self.people.apart().is(user, whom) {
            return;
        }
        // Again, until nothing newer was told meanwhile, which this would have replaced in the queue.
        loop {
            let presence = shown(whom);
            if told.replace(presence.version) == Some(presence.version) {
                return;
            }
            let event = Encoded::event(Event::Presence(presence));
            for session in self.people.sessions(user) {
                session.outbound.latest(LatestKey::Presence(whom.clone()), &event);
            }
        }
    }

    /// Tells a person's sessions on this node how far they have read.
    pub(crate) fn tell_own_read(&self, user: &UserId, own: OwnRead) {
        let (room, event) = (own.room, Encoded::event(Event::OwnRead(own)));
        for session in self.people.sessions(user) {
            session.outbound.latest(LatestKey::OwnRead(room), &event);
        }
    }

    /// Takes in the head of a large room, for its members who do not have it open.
    /// Those who are `blind` may not see the last message.
    pub(crate) fn receive_head(&self, head: Head, blind: &BTreeSet<UserId>) {
        let Some(follows) = &self.follows else { return };
        let room = head.room;
        follows.note_told(room, head.head);
        let bare = Encoded::event(Event::Head(Head { preview: None, ..head.clone() }));
        let preview = head.preview.clone();
        let with = Encoded::event(Event::Head(head));
        for session in self.people.sessions_of(&follows.members(room)) {
            if !session.has_open(room) {
                let hides = self.hides_last(&session.user, room, preview.as_ref());
                let event = if hides || blind.contains(&session.user) { &bare } else { &with };
                session.outbound.latest(LatestKey::Head(room), event);
            }
        }
    }
}

/// Publishes news.
pub(crate) fn publish(wire: &Wire, subject: &Subject, news: &News) {
    if let Some(bytes) = encode(news) {
        wire.publish(subject, bytes);
    }
}
