//! What handlers work with.

use std::sync::Arc;

use caffis_schema::{
    Event, RoomId, ServerSignal, SessionId, Text, UserId,
    limits::STATUS_BYTES,
    room::{Availability, Presence, Profile},
};

use crate::{
    cluster::SharedOwners,
    directory::{Directory, Person},
    hub::{
        elsewhere::There,
        encoded::Encoded,
        latest::LatestKey,
        news::Changed,
        people::{People, SessionHandle},
        views::Views,
    },
    peers::Nodes,
    ports::{
        authenticator::SharedAuthenticator, clock::SharedClock, entropy::SharedEntropy,
        stamps::Stamps, store::SharedStore,
    },
    quota::DailyQuota,
    refusals::Refusals,
    room::Rooms,
    settings::Settings,
    statistics::Counters,
};

/// The parts of core, shared by all sessions.
#[derive(Clone)]
pub struct Services {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The rooms in memory.
    pub rooms: Arc<Rooms>,
    /// Who is connected.
    pub people: Arc<People>,
    /// The rooms that somebody has open here.
    pub views: Arc<Views>,
    /// Who is known.
    pub directory: Arc<Directory>,
    /// The store.
    pub store: SharedStore,
    /// The wall clock.
    pub clock: SharedClock,
    /// The stamps of writes.
    pub(crate) stamps: Arc<Stamps>,
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Checks tokens.
    pub authenticator: SharedAuthenticator,
    /// What is counted.
    pub statistics: Arc<Counters>,
    /// Who owns which room.
    pub owners: SharedOwners,
    /// The other nodes; none for a process that runs alone.
    pub(crate) nodes: Option<Arc<Nodes>>,
    /// How many rooms of open contexts people make.
    pub(crate) claims: Arc<DailyQuota>,
    /// Logs refused hellos.
    pub(crate) refusals: Arc<Refusals>,
}

impl Services {
    /// Tells a presence to the people who write with this person directly, and to those who have a
    /// small room open in which the person is. Where there are datagrams it goes by one at once; the
    /// event that follows in its turn repairs a loss. The person's own sessions are told too, but not
    /// the one whose welcome says it.
    pub fn tell_presence(&self, presence: &Presence, welcomed: Option<SessionId>) {
        if let Some(nodes) = &self.nodes
            && let Some(there) = self.people.there(&presence.user)
        {
            nodes.publish_edge(&presence.user, there, self.people.rooms(&presence.user));
        }
        let elsewhere = self.people.elsewhere();
        let joined = elsewhere.join(&presence.user, Some(presence.clone()));
        let joined = joined.as_ref().unwrap_or(presence);
        if self.nodes.is_none() || elsewhere.is_news(joined) {
            self.tell_presence_to(joined, &self.people.rooms(&presence.user));
        }
        self.people.tell_own(&presence.user, welcomed);
    }

    /// Tells what another node told of a person, on whose rooms it depends who hears of it. `there` is
    /// what that node knows of who went from it.
    pub(crate) fn tell_joined(
        &self,
        user: &UserId,
        rooms: &[(RoomId, Option<UserId>)],
        there: Option<&There>,
    ) {
        let mut presence = self.people.shown(&self.directory, user, self.clock.now());
        if let Some(there) = there {
            presence.version = presence.version.max(there.version);
            if presence.availability == Availability::Offline {
                presence.last_seen = presence.last_seen.max(there.last_seen);
                presence.status.clone_from(&there.status);
            }
        }
        if self.people.elsewhere().is_news(&presence) {
            self.tell_presence_to(&presence, rooms);
            self.people.tell_own(user, None);
        }
    }

    fn tell_presence_to(&self, presence: &Presence, rooms: &[(RoomId, Option<UserId>)]) {
        let signal = Encoded::signal(ServerSignal::Presence(presence.clone()));
        let event = Encoded::event(Event::Presence(presence.clone()));
        self.tell_acquaintances(&presence.user, rooms, |session| {
            if session.outbound.has_datagrams() {
                session.outbound.lossy(None, &signal);
            }
            session.outbound.latest(LatestKey::Presence(presence.user.clone()), &event);
        });
    }

    /// Tells what a person has set of themselves: their words to others, all of it to their own
    /// sessions.
    pub(crate) fn tell_settings(&self, person: &Person) {
        let user = &person.profile.user;
        self.tell_settings_here(user, person.status.as_ref(), person.private_receipts);
        self.publish_person(person);
    }

    fn tell_settings_here(
        &self,
        user: &UserId,
        status: Option<&Text<STATUS_BYTES>>,
        private_receipts: bool,
    ) {
        let now = self.clock.now();
        if let Some(presence) = self.people.set_status(user, status.cloned(), now) {
            self.tell_presence(&presence, None);
        }
        if self.people.set_private_receipts(user, private_receipts, now) {
            self.people.tell_own(user, None);
        }
    }

    /// Tells a changed profile to those who know the person.
    pub fn tell_profile(&self, person: &Person) {
        self.tell_profile_to(&person.profile, &self.people.rooms(&person.profile.user));
        self.publish_person(person);
    }

    fn tell_profile_to(&self, profile: &Profile, rooms: &[(RoomId, Option<UserId>)]) {
        let event = Encoded::event(Event::Profile(profile.clone()));
        self.tell_acquaintances(&profile.user, rooms, |session| {
            session.outbound.latest(LatestKey::Profile(profile.user.clone()), &event);
        });
    }

    /// Takes in that another node changed a person's profile or settings. Their row is read again when
    /// it is needed.
    pub(crate) fn take_in_person(&self, changed: &Changed) {
        let Changed { profile, status, private_receipts, rooms } = changed;
        // Whom nobody asked for here, nobody here has to be told of.
        if !self.directory.doubt(&profile.user) {
            return;
        }
        self.tell_settings_here(&profile.user, status.as_ref(), *private_receipts);
        self.tell_profile_to(profile, rooms);
    }

    /// Tells the other nodes of a person's profile and settings.
    fn publish_person(&self, person: &Person) {
        if let Some(nodes) = &self.nodes {
            let Person { profile, status, private_receipts, .. } = person.clone();
            let rooms = self.people.rooms(&profile.user);
            nodes.publish_person(Changed { profile, status, private_receipts, rooms });
        }
    }

    fn tell_acquaintances(
        &self,
        user: &UserId,
        rooms: &[(RoomId, Option<UserId>)],
        mut tell: impl FnMut(&Arc<SessionHandle>),
    ) {
        let mut tell = |session: &Arc<SessionHandle>| {
            if session.user != *user {
                tell(session);
            }
        };
        for (room, peer) in rooms {
            if let Some(peer) = peer {
                self.people.sessions(peer).iter().for_each(&mut tell);
            } else if let Some(view) = self.views.get(*room)
                && view.state().is_small(self.settings.small_room_members)
            {
                view.each_open(&mut tell);
            }
        }
    }
}
