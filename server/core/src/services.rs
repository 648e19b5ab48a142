//! What handlers work with.

use std::sync::Arc;

use caffis_schema::{
    Codec, Error, ErrorCode, Event, Reply, RoomId, ServerSignal, SessionId, UserId,
    limits::PAGE_BYTES,
    room::{Presence, Profile},
};

use crate::{
    directory::{Directory, Person},
    hub::{
        encoded::Encoded,
        latest::LatestKey,
        people::{People, SessionHandle},
    },
    model::actor::Actor,
    ports::{
        authenticator::SharedAuthenticator,
        clock::SharedClock,
        entropy::SharedEntropy,
        store::{SharedStore, StoreError},
    },
    room::{Rooms, read_error},
    session::Refusals,
    settings::Settings,
    statistics::Counters,
    tables::{self, UserRoomRow},
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
    /// Randomness.
    pub entropy: SharedEntropy,
    /// Checks tokens.
    pub authenticator: SharedAuthenticator,
    /// What is counted.
    pub statistics: Arc<Counters>,
    /// Logs refused hellos.
    pub(crate) refusals: Arc<Refusals>,
}

impl Services {
    /// Checks that people are known and may be in one more room.
    ///
    /// # Errors
    /// `not_found` with the first who is not, `limit_reached` with the first who may not.
    pub async fn check_people(&self, people: &[UserId]) -> Result<(), Error> {
        let most = self.settings.rooms_per_user as usize;
        for user in people {
            let known = self.directory.find_stored(user).await.map_err(|e| read_error(&e))?;
            if known.is_none() {
                let sentence = format!("There is no person {user}.");
                return Err(Error::refused(ErrorCode::NotFound, &sentence));
            }
            let partition = UserRoomRow::partition(user);
            let rooms: Vec<UserRoomRow> = tables::partition(&*self.store, partition, most)
                .await
                .map_err(|e| read_error(&e))?;
            if rooms.len() >= most {
                let sentence = format!("{user} is in as many rooms as a person may be.");
                return Err(Error::refused(ErrorCode::LimitReached, &sentence));
            }
        }
        Ok(())
    }
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
    fn tell_settings(&self, person: &Person) {
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

/// The answer of a handler.
pub type Handled = Result<Reply, Error>;

/// A session's command on its way through a handler.
#[derive(Clone)]
pub struct Asker {
    /// The parts of core.
    pub services: Services,
    /// Who asks.
    pub session: Arc<SessionHandle>,
}

impl Asker {
    /// The asker as an actor in a room.
    #[must_use]
    pub fn actor(&self, room: RoomId) -> Actor {
        Actor {
            user: self.session.user.clone(),
            service: self.session.service,
            attending: self.session.has_open(room),
        }
    }

    /// About how many bytes of entries go into one answer: as JSON they grow.
    #[must_use]
    pub fn page_bytes(&self) -> usize {
        match self.session.outbound.codec() {
            Codec::Binary => PAGE_BYTES,
            Codec::Json => PAGE_BYTES / 3,
        }
    }

    /// The asker's id.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.session.user
    }

    /// Makes sure that others can know the asker: the name is in memory, and the row is stored.
    ///
    /// # Errors
    /// What the store says.
    pub async fn know_self(&self) -> Result<(), Error> {
        let found = self.services.directory.find_stored(self.user()).await;
        found.map(drop).map_err(|e| read_error(&e))
    }

    /// Changes what is kept of the asker, and tells it once it is.
    ///
    /// # Errors
    /// Whether it did not happen, or the store did not say.
    pub async fn change_person(
        &self,
        change: impl FnOnce(&mut Person) + Send + 'static,
    ) -> Result<(), Error> {
        let services = self.services.clone();
        let told = move |person: &Person| services.tell_settings(person);
        let changed = self.services.directory.update(self.user(), change, told).await;
        changed.map_err(|error| match error {
            StoreError::Full => Error::later(
                ErrorCode::StorageFull,
                "The store is full; nothing was written.",
                5_000,
            ),
            StoreError::Unknown(_) => {
                let sentence = "The store did not say whether this was written: ask again.";
                Error::unknown(ErrorCode::Unavailable, sentence, 1_000)
            }
            error => read_error(&error),
        })
    }
}
