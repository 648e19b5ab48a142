//! What handlers work with.

use std::sync::Arc;

use caffis_schema::{
    Event, ServerSignal, SessionId, UserId,
    room::{Presence, Profile},
};

use crate::{
    directory::{Directory, Person},
    hub::{
        encoded::Encoded,
        latest::LatestKey,
        people::{People, SessionHandle},
    },
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
        let signal = Encoded::signal(ServerSignal::Presence(presence.clone()));
        let event = Encoded::event(Event::Presence(presence.clone()));
        self.tell_acquaintances(&presence.user, |session| {
            if session.outbound.has_datagrams() {
                session.outbound.lossy(None, &signal);
            }
            session.outbound.latest(LatestKey::Presence(presence.user.clone()), &event);
        });
        self.people.tell_own(&presence.user, welcomed);
    }

    /// Tells what a person has set of themselves: their words to others, all of it to their own
    /// sessions.
    pub(crate) fn tell_settings(&self, person: &Person) {
        let (user, now) = (&person.profile.user, self.clock.now());
        if let Some(presence) = self.people.set_status(user, person.status.clone(), now) {
            self.tell_presence(&presence, None);
        }
        if self.people.set_private_receipts(user, person.private_receipts, now) {
            self.people.tell_own(user, None);
        }
    }

    /// Tells a changed profile to those who know the person.
    pub fn tell_profile(&self, profile: &Profile) {
        let event = Encoded::event(Event::Profile(profile.clone()));
        self.tell_acquaintances(&profile.user, |session| {
            session.outbound.latest(LatestKey::Profile(profile.user.clone()), &event);
        });
    }

    fn tell_acquaintances(&self, user: &UserId, mut tell: impl FnMut(&Arc<SessionHandle>)) {
        let mut tell = |session: &Arc<SessionHandle>| {
            if session.user != *user {
                tell(session);
            }
        };
        for (room, peer) in self.people.rooms(user) {
            if let Some(peer) = peer {
                self.people.sessions(&peer).iter().for_each(&mut tell);
            } else if let Some(cell) = self.rooms.in_memory(room)
                && cell.state().is_some_and(|s| s.is_small(self.settings.small_room_members))
            {
                cell.each_open(&mut tell);
            }
        }
    }
}
