//! Who is there.
//!
//! A person is online while one of their sessions is, away while all that they have are, and offline
//! a moment after the last one ended: the moment keeps a reload from flickering. Only edges are told:
//! to the sessions that have a room open in which the person is, to the people whom they write with
//! directly, and, with what the person set of themselves, to all their own sessions.

use std::collections::BTreeMap;

use caffis_schema::{
    Event, SessionId, Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, OwnState, Presence},
};

use super::{
    encoded::Encoded,
    latest::LatestKey,
    people::{People, SessionHandle},
};

/// A person's presence, as their sessions make it.
#[derive(Clone, Debug, Default)]
pub struct PresenceState {
    sessions: BTreeMap<SessionId, Availability>,
    /// Their own words.
    pub status: Option<Text<STATUS_BYTES>>,
    /// Whether they keep to themselves what they have read.
    pub private_receipts: bool,
    /// When they were last connected.
    pub last_seen: Option<Timestamp>,
    version: u64,
    told: Option<Availability>,
}

impl PresenceState {
    /// Someone who is not connected yet.
    #[must_use]
    pub fn offline(
        status: Option<Text<STATUS_BYTES>>,
        private_receipts: bool,
        last_seen: Option<Timestamp>,
    ) -> Self {
        Self { status, private_receipts, last_seen, ..Self::default() }
    }

    /// What the person's own sessions are told.
    #[must_use]
    pub fn own(&self, user: &UserId) -> OwnState {
        OwnState { presence: self.presence(user), private_receipts: self.private_receipts }
    }

    fn availability(&self) -> Availability {
        self.sessions.values().copied().max_by_key(|a| rank(*a)).unwrap_or(Availability::Offline)
    }

    fn presence(&self, user: &UserId) -> Presence {
        // In the moment after the last session, others are not told yet.
        let availability = self.told.unwrap_or_else(|| self.availability());
        let last_seen = (availability == Availability::Offline).then_some(self.last_seen).flatten();
        Presence {
            user: user.clone(),
            version: self.version,
            availability,
            last_seen,
            status: self.status.clone(),
        }
    }

    /// Larger than before also after a restart, and when the wall clock was set back.
    fn count(&mut self, now: Timestamp) {
        self.version = (self.version + 1).max(now.get());
    }

    fn edge(&mut self, user: &UserId, now: Timestamp) -> Presence {
        self.count(now);
        self.told = Some(self.availability());
        self.presence(user)
    }
}

fn rank(availability: Availability) -> u8 {
    match availability {
        Availability::Offline => 0,
        Availability::Away => 1,
        Availability::Online => 2,
    }
}

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
        self.shard(user).get(user).map(|person| person.presence.own(user))
    }

    /// Tells a person's sessions what they agree on now, but not the one whose welcome says it.
    pub fn tell_own(&self, user: &UserId, welcomed: Option<SessionId>) {
        // Read and queued under one lock, so that of two changes at once the later one stays.
        let shard = self.shard(user);
        let Some(person) = shard.get(user) else { return };
        let event = Encoded::event(Event::OwnState(person.presence.own(user)));
        for session in person.sessions.iter().filter(|session| Some(session.id) != welcomed) {
            session.outbound.latest(LatestKey::OwnState, &event);
        }
    }

    /// A connected person's presence.
    #[must_use]
    pub fn presence(&self, user: &UserId) -> Option<Presence> {
        self.shard(user).get(user).map(|person| person.presence.presence(user))
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
    use crate::{hub::outbound::Outbound, settings::Settings};

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
