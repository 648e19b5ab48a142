//! The views of this node: who opens and closes rooms, and what reaches the sessions.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, Event, Position, RoomId, UserId,
    event::{Head, RemovalReason, RoomEntry, RoomRemoved},
    room::{Preview, Profile, RoomClass},
};

use super::{
    encoded::Encoded,
    follows::Follows,
    latest::LatestKey,
    outbound::Put,
    people::{People, SessionHandle},
    view::{Seen, View},
};
use crate::{
    cluster::{Owner, SharedOwners},
    directory::Directory,
    model::room::{Members, Membership, RoomState},
    settings::Settings,
    statistics::Counters,
    sync::lock,
    traces,
    untold::Untold,
};

/// The rooms that somebody has open on this node.
pub struct Views {
    pub(super) settings: Arc<Settings>,
    pub(super) people: Arc<People>,
    directory: Arc<Directory>,
    pub(super) statistics: Arc<Counters>,
    pub(super) map: Mutex<BTreeMap<RoomId, Arc<View>>>,
    /// Those whose number of people is not told yet.
    pub(super) untold: Untold<View>,
    owners: SharedOwners,
    /// What is heard of other nodes; none for a process that runs alone.
    pub(super) follows: Option<Arc<Follows>>,
}

impl Views {
    pub(crate) fn new(
        settings: Arc<Settings>,
        people: Arc<People>,
        directory: Arc<Directory>,
        statistics: Arc<Counters>,
        owners: SharedOwners,
        follows: Option<Arc<Follows>>,
    ) -> Self {
        let (map, untold) = (Mutex::default(), Untold::default());
        Self { settings, people, directory, statistics, map, untold, owners, follows }
    }

    /// A person as others see them, from memory.
    pub(super) fn profile(&self, user: &UserId) -> Profile {
        self.directory.peek(user)
    }

    /// Whether a person is connected here.
    pub(crate) fn is_connected(&self, user: &UserId) -> bool {
        !self.people.sessions(user).is_empty()
    }

    /// The view of a room, if somebody has it open here.
    #[must_use]
    pub fn get(&self, room: RoomId) -> Option<Arc<View>> {
        lock(&self.map).get(&room).cloned()
    }

    /// How many people have a room open here.
    #[must_use]
    pub fn attendance(&self, room: RoomId) -> u32 {
        self.get(room).map_or(0, |view| view.attendance())
    }

    /// Opens a room for a session. The caller sees to it that no entry after `state` is told meanwhile.
    ///
    /// # Errors
    /// `limit_reached` when the session has too many rooms open.
    pub(crate) fn attach(
        &self,
        session: &Arc<SessionHandle>,
        state: &Arc<RoomState>,
    ) -> Result<Arc<View>, Error> {
        let room = state.meta.id;
        {
            let mut open = lock(&session.open);
            if open.len() >= self.settings.open_rooms as usize && !open.contains(&room) {
                let sentence = "Too many rooms are open: close one first.";
                return Err(Error::refused(ErrorCode::LimitReached, sentence));
            }
            open.insert(room);
        }
        let mut map = lock(&self.map);
        let made = !map.contains_key(&room);
        let view = map.entry(room).or_insert_with(|| Arc::new(View::new(state.clone()))).clone();
        let mut seen = view.seen();
        if let Some(follows) = &self.follows {
            follows.note_view(room);
        }
        drop(map);
        if seen.feed.add(session) {
            self.note_attendance(&view, &mut seen, session, true);
        }
        let missed = made && self.begin_view(&mut seen);
        drop(seen);
        if missed && has_digest(state, &self.settings) {
            self.tell_head(state);
        }
        if made {
            self.look_around(state);
        }
        Ok(view)
    }

    /// Closes a room for a session; true when there is no view of it any more.
    pub(crate) fn detach(&self, session: &SessionHandle, room: RoomId) -> bool {
        lock(&session.open).remove(&room);
        let mut map = lock(&self.map);
        let Some(view) = map.get(&room).cloned() else { return true };
        let mut seen = view.seen();
        let went = seen.feed.remove(session.id);
        let gone = seen.feed.is_empty() && !self.is_kept(&seen);
        if gone {
            self.take_away(&mut map, room);
        }
        drop(map);
        if went {
            self.note_attendance(&view, &mut seen, session, false);
        }
        gone
    }

    fn take_away(&self, map: &mut BTreeMap<RoomId, Arc<View>>, room: RoomId) {
        map.remove(&room);
        if let Some(follows) = &self.follows {
            follows.close(room);
        }
    }

    /// Whether a view is needed that nobody has open here. On the owner's node: people have a public
    /// room open elsewhere. On others: the entries of a small room come to the sessions of its members.
    fn is_kept(&self, seen: &Seen) -> bool {
        let Some(follows) = &self.follows else { return false };
        let room = seen.state.meta.id;
        match self.owners.owner_of(room) {
            Owner::Here { .. } => !seen.guests.is_empty(),
            Owner::There { .. } | Owner::Nobody => {
                comes_to_inbox(&seen.state, &self.settings) && follows.has_members(room)
            }
        }
    }

    /// Delivers entries that are durable, in the order of the log, to the sessions that may see them.
    /// `view` is the room's, if somebody has it open here; it is taken away when nobody has any more.
    pub(crate) fn tell_entries(
        &self,
        view: &mut Option<Arc<View>>,
        state: &Arc<RoomState>,
        entries: &[Arc<Entry>],
        members_before: &Members,
    ) {
        let mut seen = view.as_ref().map(|view| view.seen());
        self.tell(seen.as_deref_mut(), state, entries, members_before);
        let closed = seen.is_some_and(|seen| seen.feed.is_empty());
        if closed && self.close_if_empty(state.meta.id) {
            *view = None;
        }
    }

    pub(super) fn tell(
        &self,
        mut seen: Option<&mut Seen>,
        state: &Arc<RoomState>,
        entries: &[Arc<Entry>],
        members_before: &Members,
    ) {
        if let Some(seen) = &mut seen {
            seen.state = state.clone();
        }
        if !Arc::ptr_eq(members_before, &state.members) {
            self.tell_removals(seen.as_deref_mut(), state, entries, members_before);
        }
        for entry in entries {
            self.deliver(seen.as_deref(), state, entry);
        }
    }

    /// Takes a view away that nobody needs; true when there is none now.
    pub(crate) fn close_if_empty(&self, room: RoomId) -> bool {
        let mut map = lock(&self.map);
        let needed = map.get(&room).is_some_and(|view| {
            let seen = view.seen();
            !seen.feed.is_empty() || self.is_kept(&seen)
        });
        if !needed && map.contains_key(&room) {
            self.take_away(&mut map, room);
        }
        !needed
    }

    fn deliver(&self, seen: Option<&Seen>, state: &RoomState, entry: &Arc<Entry>) {
        let begun = traces::begin();
        let room = state.meta.id;
        let entry_event = RoomEntry { room, entry: (**entry).clone() };
        let event = Encoded::event(Event::Entry(entry_event));
        // What a message says now is not for those who do not see the message.
        let bare = entry.without_words();
        let bare = bare.map(|entry| Encoded::event(Event::Entry(RoomEntry { room, entry })));
        let message = entry.kind.changed_message().unwrap_or(Position::MAX);
        let blind = |user: &UserId| {
            state.member(user).is_some_and(|member| message <= member.visible_after)
                || self.people.hidden().is(user, room, message)
        };
        let sees = |user: &UserId| {
            state.member(user).is_none_or(|member| member.visible_after < entry.position)
        };
        let (mut put, mut dropped) = (0, 0);
        let mut deliver = |session: &Arc<SessionHandle>| {
            let head = || {
                let mut head = head_of(state, state.member(&session.user));
                self.people.hidden().mask_preview(&session.user, room, head.preview.as_mut());
                head
            };
            let event = bare.as_ref().filter(|_| blind(&session.user)).unwrap_or(&event);
            match session.outbound.entry(event, head, room) {
                Put::Waits => put += 1,
                Put::Dropped => dropped += 1,
                Put::Ended => {}
            }
        };
        if comes_to_inbox(state, &self.settings) {
            let seeing = state.members.keys().filter(|user| sees(user));
            self.people.sessions_of(seeing).iter().for_each(deliver);
        } else if let Some(seen) = seen {
            seen.feed.each(state, |session| {
                if sees(&session.user) {
                    deliver(session);
                }
            });
        }
        self.statistics.delivered(put, dropped);
        if let (Some(begun), EntryKind::Message(message)) = (begun, &entry.kind)
            && let Some(key) = &message.key
        {
            traces::delivered(key.id, room, begun.elapsed(), put);
        }
    }

    fn tell_removals(
        &self,
        mut seen: Option<&mut Seen>,
        state: &RoomState,
        entries: &[Arc<Entry>],
        members_before: &Members,
    ) {
        let room = state.meta.id;
        for user in members_before.keys().filter(|user| state.member(user).is_none()) {
            let reason = removal_reason(entries, user);
            let event = Encoded::event(Event::RoomRemoved(RoomRemoved { room, reason }));
            if let Some(follows) = &self.follows {
                follows.leave(user, room);
            }
            for session in self.people.remove_room(user, room) {
                if let Some(seen) = &mut seen {
                    seen.feed.remove(session.id);
                }
                lock(&session.open).remove(&room);
                session.outbound.room_removed(room, &event);
            }
        }
    }

    /// Tells those who have a room open how far members have come, but not the one whose marker alone
    /// moved. A session that reads slowly is told all of it: `whole` makes that event.
    pub(crate) fn tell_markers(
        &self,
        view: &View,
        alone: Option<&UserId>,
        event: &Arc<Encoded>,
        whole: impl Fn() -> Arc<Encoded>,
    ) {
        let (seen, once) = (view.seen(), OnceCell::new());
        let mut told = 0;
        seen.feed.each(&seen.state, |session| {
            if alone == Some(&session.user) {
                return;
            }
            let key = LatestKey::Markers(view.room);
            session.outbound.latest_change(key, event, || once.get_or_init(&whole).clone());
            told += 1;
        });
        self.statistics.told(told);
    }

    /// Whether a person has deleted a room's last message for themselves.
    pub(super) fn hides_last(&self, user: &UserId, room: RoomId, last: Option<&Preview>) -> bool {
        let hidden = self.people.hidden().of(user);
        last.zip(hidden).is_some_and(|(last, hidden)| hidden.hides_last(room, last.number))
    }

    /// Tells the head of a large room to the members who are connected and do not have it open.
    pub(crate) fn tell_head(&self, state: &RoomState) {
        let room = state.meta.id;
        let with = Encoded::event(Event::Head(head_of(state, None)));
        let bare = Encoded::event(Event::Head(Head { preview: None, ..head_of(state, None) }));
        for session in self.people.sessions_of(state.members.keys()) {
            if !session.has_open(room) {
                let sees = state.preview_for(state.member(&session.user)).is_some()
                    && !self.hides_last(&session.user, room, state.preview.as_deref());
                let event = if sees { &with } else { &bare };
                session.outbound.latest(LatestKey::Head(room), event);
            }
        }
    }
}

/// A room's head, as told to those who do not get its entries; a member sees the last message in
/// short if they may see it.
pub(super) fn head_of(state: &RoomState, member: Option<&Membership>) -> Head {
    Head {
        room: state.meta.id,
        head: state.head,
        number: state.number,
        preview: state.preview_for(member).cloned(),
    }
}

/// Whether people walk into this room.
pub(super) fn is_walk_in(state: &RoomState) -> bool {
    state.meta.class == RoomClass::Public
}

/// Whether the room's entries come to all sessions of its members, open or not.
pub(crate) fn comes_to_inbox(state: &RoomState, settings: &Settings) -> bool {
    state.is_small(settings.small_room_members) && !is_walk_in(state)
}

/// Whether members who do not have the room open hear of its head.
pub(crate) fn has_digest(state: &RoomState, settings: &Settings) -> bool {
    !comes_to_inbox(state, settings) && !is_walk_in(state)
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
