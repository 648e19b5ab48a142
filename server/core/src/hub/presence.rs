//! Who is there.
//!
//! A person is online while one of their sessions is, away while all that they have are, and offline
//! a moment after the last one ended: the moment keeps a reload from flickering. Only edges are told:
//! to the sessions that have a room open in which the person is, to the people whom they write with
//! directly, and, with what the person set of themselves, to all their own sessions.

use caffis_schema::{
    Event, SessionId, Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, OwnState, Presence},
};

use super::{
    elsewhere::There,
    encoded::Encoded,
    latest::LatestKey,
    people::{People, Person, SessionHandle},
};
use crate::directory::Directory;

impl People {
    /// Notes a session's availability; gives the presence to tell when it is another one now.
    pub fn set_availability(
        &self,
        session: &SessionHandle,
        availability: Availability,
        now: Timestamp,
    ) -> Option<Presence> {
        let mut shard = self.shard(&session.user);
        let state = &mut shard.get_mut(&session.user)?.presence;
        state.sessions.insert(session.id, availability);
        (state.told != Some(state.availability())).then(|| state.edge(&session.user, now))
    }

    /// Notes a person's own words; gives the presence to tell.
    pub fn set_status(
        &self,
        user: &UserId,
        status: Option<Text<STATUS_BYTES>>,
        now: Timestamp,
    ) -> Option<Presence> {
        let mut shard = self.shard(user);
        let state = &mut shard.get_mut(user)?.presence;
        if state.status == status {
            return None;
        }
        state.status = status;
        Some(state.edge(user, now))
    }

    /// Notes whether a person keeps to themselves what they have read; true when that is new.
    pub fn set_private_receipts(&self, user: &UserId, on: bool, now: Timestamp) -> bool {
        let mut shard = self.shard(user);
        let Some(state) = shard.get_mut(user).map(|person| &mut person.presence) else {
            return false;
        };
        let new = state.private_receipts != on;
        if new {
            state.private_receipts = on;
            state.count(now);
        }
        new
    }

    /// Notes that a session is over; true when it was the last one, and the off edge is due after a
    /// moment.
    pub fn end_availability(&self, session: &SessionHandle, now: Timestamp) -> bool {
        let mut shard = self.shard(&session.user);
        let Some(person) = shard.get_mut(&session.user) else { return false };
        person.presence.sessions.remove(&session.id);
        person.presence.last_seen = Some(now);
        person.presence.sessions.is_empty()
    }

    /// Makes a person who has no session here any more as available as they are on other nodes; gives the
    /// presence to tell when that is another one.
    pub fn follow_elsewhere(&self, user: &UserId, now: Timestamp) -> Option<Presence> {
        let elsewhere = self.elsewhere().join(user, None)?.availability;
        let mut shard = self.shard(user);
        let state = &mut shard.get_mut(user)?.presence;
        if state.told == Some(elsewhere) {
            return None;
        }
        state.count(now);
        state.told = Some(elsewhere);
        Some(state.presence(user))
    }

    /// The presence to tell now that a session or the moment after it is over: none when it is the
    /// same as before.
    pub fn settle(&self, user: &UserId, now: Timestamp) -> Option<Presence> {
        let mut shard = self.shard(user);
        let state = &mut shard.get_mut(user)?.presence;
        (state.told != Some(state.availability())).then(|| state.edge(user, now))
    }

    /// What a connected person's sessions agree on.
    #[must_use]
    pub fn own(&self, user: &UserId) -> Option<OwnState> {
        let own = self.shard(user).get(user).map(|person| person.presence.own(user))?;
        Some(self.joined(own))
    }

    fn joined(&self, own: OwnState) -> OwnState {
        let user = own.presence.user.clone();
        let joined = self.elsewhere().join(&user, Some(own.presence.clone()));
        OwnState { presence: joined.unwrap_or(own.presence), ..own }
    }

    /// Tells a person's sessions what they agree on now, but not the one whose welcome says it.
    pub fn tell_own(&self, user: &UserId, welcomed: Option<SessionId>) {
        // Read and queued under one lock, so that of two changes at once the later one stays.
        let shard = self.shard(user);
        let Some(person) = shard.get(user) else { return };
        let event = Encoded::event(Event::OwnState(self.joined(person.presence.own(user))));
        for session in person.sessions.iter().filter(|session| Some(session.id) != welcomed) {
            session.outbound.latest(LatestKey::OwnState, &event);
        }
    }

    /// A connected person's presence, on all nodes.
    #[must_use]
    pub fn presence(&self, user: &UserId) -> Option<Presence> {
        let own = self.shard(user).get(user).map(|person| person.presence.presence(user));
        self.elsewhere().join(user, own)
    }

    /// A person's presence: of who is connected as it is, of others as memory knows them.
    pub(crate) fn present(&self, directory: &Directory, user: &UserId, now: Timestamp) -> Presence {
        self.presence(user).unwrap_or_else(|| {
            let known = directory.peek_person(user);
            Presence {
                user: user.clone(),
                // Newer than what was told while they were connected, older than when they return.
                version: now.back(1).get(),
                availability: Availability::Offline,
                last_seen: known.as_ref().and_then(|person| person.last_seen),
                status: known.and_then(|person| person.status.clone()),
            }
        })
    }

    /// A person's presence as answers show it: as this node told it last.
    #[must_use]
    pub fn shown(&self, directory: &Directory, user: &UserId, now: Timestamp) -> Presence {
        let mut shown = self.present(directory, user, now);
        self.elsewhere().as_told(&mut shown);
        shown
    }

    /// A person who is connected here, as other nodes are told of them.
    #[must_use]
    pub fn there(&self, user: &UserId) -> Option<There> {
        self.shard(user).get(user).map(Person::there)
    }

    /// Makes the next version of a person's presence larger than one that another node gave.
    pub fn note_version(&self, user: &UserId, version: u64) {
        if let Some(person) = self.shard(user).get_mut(user) {
            person.presence.version = person.presence.version.max(version);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{
            Arc, Mutex,
            atomic::{AtomicBool, AtomicU64},
        },
    };

    use caffis_schema::Codec;

    use super::*;
    use crate::{
        hub::{outbound::Outbound, presence_state::PresenceState},
        settings::Settings,
    };

    fn session(people: &People, id: u8) -> Arc<SessionHandle> {
        let session = Arc::new(SessionHandle {
            id: SessionId([id; 16]),
            user: UserId::new("giulia").expect("an id"),
            service: None,
            token_issued: AtomicU64::new(0),
            outbound: Outbound::new(Codec::Binary, false, 1_000),
            open: Mutex::new(BTreeSet::new()),
            ended: AtomicBool::new(false),
        });
        people.add(&session, &Settings::default(), PresenceState::default).expect("added");
        session
    }

    #[test]
    fn only_edges_are_told_and_versions_grow() {
        use Availability::{Away, Offline, Online};
        let people = People::default();
        let (phone, tablet) = (session(&people, 1), session(&people, 2));
        let mut told = Vec::new();
        told.extend(people.set_availability(&phone, Online, Timestamp(100)));
        told.extend(people.set_availability(&tablet, Away, Timestamp(100)));
        told.extend(people.set_availability(&phone, Away, Timestamp(100)));
        told.extend(people.set_availability(&tablet, Online, Timestamp(90)));
        assert!(!people.end_availability(&tablet, Timestamp(100)), "the phone is there");
        told.extend(people.settle(&tablet.user, Timestamp(100)));
        assert!(people.end_availability(&phone, Timestamp(200)), "the last one");
        told.extend(people.presence(&phone.user).filter(|p| p.availability == Offline));
        told.extend(people.settle(&phone.user, Timestamp(300)));
        assert!(people.settle(&phone.user, Timestamp(300)).is_none(), "told once");
        let edges: Vec<_> = told.iter().map(|presence| presence.availability).collect();
        assert_eq!(edges, [Online, Away, Online, Away, Offline]);
        assert!(told.windows(2).all(|pair| pair[0].version < pair[1].version), "{told:?}");
        assert_eq!(told.last().and_then(|presence| presence.last_seen), Some(Timestamp(200)));
    }

    #[test]
    fn words_are_an_edge_of_their_own() {
        let people = People::default();
        let phone = session(&people, 1);
        people.set_availability(&phone, Availability::Online, Timestamp(100));
        let words = Some(Text::cut("in Rome"));
        let told = people.set_status(&phone.user, words.clone(), Timestamp(100)).expect("told");
        assert_eq!((told.status, told.availability), (words.clone(), Availability::Online));
        assert!(people.set_status(&phone.user, words, Timestamp(100)).is_none());
    }
}
