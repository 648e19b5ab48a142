//! The people: their profiles and settings, read from the store and kept in memory.
//!
//! Invariant: of a person at most one reading into memory or one write is under way on a node. A change
//! begins with what the one before it left, so that two devices which change different things at
//! once lose neither, and memory never goes back to older rows. Nodes write at once what they want: each
//! part of a person that is written by itself has a row of its own ([`Part`]).
//!
//! What a person sets is durable before it is answered. What a token says of them, and when they were
//! last seen, is written a moment later, together with what is to be said of others: a thousand people
//! who come back at once make a handful of writes, and nobody's hello waits for one. A crash within that
//! moment loses nothing that the next token does not say again. Only who is made a member, or walks into
//! a room, must have a row by then: [`Directory::find_stored`] waits for it.
//!
//! While a person is connected, they are noted as seen every [`SEEN`], so that a crash takes no more
//! than that from when they were last seen.

mod cache;
mod mirror;
mod mirroring;
mod quiet;
pub(crate) mod rows;
mod writing;

use std::{
    future::ready,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{Text, Timestamp, UserId, limits::STATUS_BYTES, room::Profile};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::{sync::oneshot, time::timeout};

use self::{cache::Cache, rows::stranger, writing::Gathered};
pub use self::{mirror::Mirror, rows::Part};
pub(crate) use self::{mirroring::Mirrored, writing::WAITING_PEOPLE};
use crate::{
    ports::{
        authenticator::Identity,
        stamps::Stamps,
        store::{Batch, SharedStore, Stamp, StoreError},
    },
    settings::Settings,
    statistics::{Hits, Lookups},
    sync::{lock, spawn},
    tables::{self, UserRow},
    turns::{Turn, Turns},
};

/// How often connected people are noted as seen.
pub const SEEN: Duration = Duration::from_secs(600);

/// People who are read from the store at the same time for one command.
const READ_AT_ONCE: usize = 16;

/// A person, as the store has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As others see them.
    pub profile: Profile,
    /// Their own words.
    pub status: Option<Text<STATUS_BYTES>>,
    /// Whether they keep to themselves what they have read.
    pub private_receipts: bool,
    /// When they were last connected.
    pub last_seen: Option<Timestamp>,
    /// What the main app says of them, once it has; their profile follows from it then.
    pub mirror: Option<Mirror>,
    /// The largest stamp with which something was written that they set.
    pub written: Stamp,
}

impl Person {
    /// Whether the main app has deleted them.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        matches!(self.mirror, Some(Mirror::Deleted(_)))
    }
}

/// The people.
pub struct Directory {
    store: SharedStore,
    stamps: Arc<Stamps>,
    store_timeout: Duration,
    /// Other nodes read the same store.
    shared: bool,
    turns: Arc<Turns<UserId>>,
    cache: Mutex<Cache>,
    lookups: Lookups,
    gathered: Mutex<Gathered>,
}

fn late() -> StoreError {
    StoreError::Unavailable("the store did not answer in time".to_owned())
}

impl Directory {
    pub(crate) fn new(
        store: SharedStore,
        stamps: Arc<Stamps>,
        settings: &Settings,
        shared: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            stamps,
            shared,
            store_timeout: settings.store_timeout,
            turns: Arc::default(),
            cache: Mutex::new(Cache::new(settings.cached_people, settings.person_cache)),
            lookups: Lookups::default(),
            gathered: Mutex::default(),
        })
    }

    /// A person; none when they are not known.
    ///
    /// # Errors
    /// What the store says.
    pub async fn find(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        let known = self.cached(user);
        self.lookups.count(known.is_some());
        if known.is_some() {
            return Ok(known);
        }
        let _turn = self.turn(user).await?;
        self.read(user).await
    }

    /// A person who has a row in the store, so that others may rely on it; none when they are not
    /// known. Someone who connected for the first time just now is waited for.
    ///
    /// # Errors
    /// What the store says.
    pub async fn find_stored(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        let stored = lock(&self.cache).get_stored(user);
        self.lookups.count(stored.is_some());
        if stored.is_some() {
            return Ok(stored);
        }
        let _turn = self.turn(user).await?;
        self.read(user).await
    }

    /// Those of some people who are known, in order.
    ///
    /// # Errors
    /// What the store says.
    pub async fn find_all<'a>(
        &self,
        users: impl IntoIterator<Item = &'a UserId>,
    ) -> Result<Vec<Arc<Person>>, StoreError> {
        let users: Vec<UserId> = users.into_iter().cloned().collect();
        let found = stream::iter(users)
            .map(|user| async move { self.find(&user).await })
            .buffered(READ_AT_ONCE);
        found.try_filter_map(|person| ready(Ok(person))).try_collect().await
    }

    /// The person that a token speaks for: made when they are not known, and brought up to date when
    /// the token says something new. The flag tells whether others have to hear of it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sign_in(
        self: &Arc<Self>,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<(Arc<Person>, bool), StoreError> {
        let told = |person: &mut Person| {
            if let (Some(name), None) = (&identity.name, &person.mirror) {
                person.profile.name = name.clone();
            }
            if identity.picture.is_some() && person.mirror.is_none() {
                person.profile.picture = identity.picture.clone();
            }
            if !is_noted(person, now) {
                person.last_seen = Some(now);
            }
        };
        let known = self.cached(&identity.user);
        self.lookups.count(known.is_some());
        if let Some(known) = known {
            let mut person = (*known).clone();
            told(&mut person);
            if person == *known {
                return Ok((known, false));
            }
        }
        let turn = self.turn(&identity.user).await?;
        let known = self.read_row(&identity.user).await?;
        let mut person = known.as_deref().cloned().unwrap_or_else(|| stranger(&identity.user));
        told(&mut person);
        let parts = rows::changed(known.as_deref(), &person);
        match known {
            Some(known) if *known == person => Ok((known, false)),
            Some(known) => {
                let changed = known.profile != person.profile;
                Ok((self.save_soon(person, parts, turn, true), changed))
            }
            // Other nodes find a new person in the store only.
            None if self.shared && self.save_new(&person).await.is_ok() => {
                Ok((self.remember(person, true), false))
            }
            None => Ok((self.save_soon(person, parts, turn, false), false)),
        }
    }

    /// Makes a person known who never connected, under their id until a token or the mirror says more.
    ///
    /// # Errors
    /// What the store says.
    pub async fn introduce(self: &Arc<Self>, user: &UserId) -> Result<(), StoreError> {
        let turn = self.turn(user).await?;
        if self.read_row(user).await?.is_some() {
            return Ok(());
        }
        let person = stranger(user);
        self.save_new(&person).await?;
        self.remember(person, true);
        drop(turn);
        Ok(())
    }

    /// Stores a new person, whose turn the caller has.
    async fn save_new(&self, person: &Person) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.stamps.unowned()?);
        rows::put(&mut batch, person, &rows::changed(None, person));
        self.store.write(batch).await
    }

    /// Notes that a person went.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn went(
        self: &Arc<Self>,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let turn = self.turn(user).await?;
        let Some(known) = self.read_row(user).await? else { return Ok(()) };
        let person = Person { last_seen: Some(now), ..(*known).clone() };
        self.save_soon(person, vec![Part::LastSeen], turn, true);
        Ok(())
    }

    /// Notes that a connected person is still there.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn seen(
        self: &Arc<Self>,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.cached(user).is_some_and(|person| is_noted(&person, now)) {
            return Ok(());
        }
        let turn = self.turn(user).await?;
        let Some(known) = self.read_row(user).await? else { return Ok(()) };
        if !is_noted(&known, now) {
            let person = Person { last_seen: Some(now), ..(*known).clone() };
            self.save_soon(person, vec![Part::LastSeen], turn, true);
        }
        Ok(())
    }

    /// Changes what is kept of a person. `told` hears what is kept then and which parts may be new to
    /// others, also when whoever asked has gone; of changes at once it hears in the order in which they
    /// were written.
    ///
    /// # Errors
    /// What the store says.
    pub async fn update(
        self: &Arc<Self>,
        user: &UserId,
        change: impl FnOnce(&mut Person) + Send + 'static,
        told: impl FnOnce(&Person, &[Part]) + Send + 'static,
    ) -> Result<(), StoreError> {
        let turn = self.turn(user).await?;
        let (done, changed) = oneshot::channel();
        let directory = self.clone();
        // Goes on although whoever waits for it goes away, and the turn lasts as long.
        spawn(async move {
            let result = directory.change(&turn, change, told).await;
            drop(turn);
            // Whoever waited may be gone.
            let _ = done.send(result);
        });
        let unknown = || Err(StoreError::Unknown("the store did not answer in time".to_owned()));
        timeout(self.store_timeout, changed).await.ok().and_then(Result::ok).unwrap_or_else(unknown)
    }

    /// How often a person who was asked for was in memory.
    pub(crate) fn hits(&self) -> Hits {
        self.lookups.read()
    }

    fn cached(&self, user: &UserId) -> Option<Arc<Person>> {
        lock(&self.cache).get(user)
    }

    async fn turn(&self, user: &UserId) -> Result<Turn<UserId>, StoreError> {
        timeout(self.store_timeout, self.turns.take(user)).await.map_err(|_| late())
    }

    /// Brings a person into memory, whose turn the caller has.
    async fn read(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        if let Some(person) = self.cached(user) {
            return Ok(Some(person));
        }
        self.read_row(user).await
    }

    /// A person as the store has them now. Changes begin with this, so that a part that changed
    /// elsewhere is not written over with an older one from memory.
    async fn read_row(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        let partition = UserRow::partition(user);
        let rows = tables::partition(&*self.store, partition, Part::ALL.len()).await?;
        Ok(rows::person(user, rows).map(|person| self.remember(person, true)))
    }

    fn remember(&self, person: Person, stored: bool) -> Arc<Person> {
        lock(&self.cache).insert(person, stored)
    }

    /// Takes in what another node changed of a person, who is read again when they are needed; false when
    /// memory had nothing of them.
    pub(crate) fn take_in(&self, user: &UserId, change: impl FnOnce(&mut Person)) -> bool {
        lock(&self.cache).take_in(user, change)
    }

    /// A person as they were known last.
    pub(crate) fn peek_person(&self, user: &UserId) -> Option<Arc<Person>> {
        lock(&self.cache).peek(user)
    }

    /// The profile of a person whom the caller has had found just now.
    #[must_use]
    pub fn peek(&self, user: &UserId) -> Profile {
        let cached = lock(&self.cache).peek(user);
        cached.map_or_else(|| unnamed(user), |person| person.profile.clone())
    }

    /// Whether a person keeps to themselves what they have read; whom memory does not know may.
    #[must_use]
    pub fn is_private(&self, user: &UserId) -> bool {
        lock(&self.cache).peek(user).is_none_or(|person| person.private_receipts)
    }
}

/// Whether it is noted already, about, that a person was there at this time.
fn is_noted(person: &Person, now: Timestamp) -> bool {
    person.last_seen.is_some_and(|seen| now.elapsed_since(seen) < SEEN)
}

fn unnamed(user: &UserId) -> Profile {
    Profile { user: user.clone(), name: Text::cut(user.as_str()), picture: None }
}
