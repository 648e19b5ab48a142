//! The people: their profiles and settings, read from the store and kept in memory.
//!
//! Invariant: of a person's row at most one reading into memory or one write is under way. A change
//! begins with what the one before it left, so that two devices which change different things at
//! once lose neither, and memory never goes back to an older row.
//!
//! What a person sets is durable before it is answered. What a token says of them, and when they were
//! last seen, is written a moment later, together with what is to be said of others: a thousand people
//! who come back at once make a handful of writes, and nobody's hello waits for one. A crash within that
//! moment loses nothing that the next token does not say again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{
    Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, Presence, Profile},
};
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{
    hub::people::People,
    ports::{
        authenticator::Identity,
        store::{Batch, SharedStore, StoreError},
    },
    sync::{lock, spawn},
    tables::{self, UserRow},
    turns::{Turn, Turns},
};

/// How long what need not be durable at once is gathered.
const GATHER: Duration = Duration::from_millis(50);

/// The most people whose rows are gathered; then they are written at once.
const GATHERED_PEOPLE: usize = 1_024;

/// People kept in memory; past it the memory starts afresh.
const CACHED_PEOPLE: usize = 100_000;

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
}

/// The people.
pub struct Directory {
    store: SharedStore,
    store_timeout: Duration,
    turns: Arc<Turns<UserId>>,
    cache: Mutex<BTreeMap<UserId, Arc<Person>>>,
    /// Who is to be written soon; nobody else writes them meanwhile.
    gathered: Mutex<Vec<(Arc<Person>, Turn<UserId>)>>,
}

fn late() -> StoreError {
    StoreError::Unavailable("the store did not answer in time".to_owned())
}

impl Directory {
    pub(crate) fn new(store: SharedStore, store_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            store,
            store_timeout,
            turns: Arc::default(),
            cache: Mutex::default(),
            gathered: Mutex::default(),
        })
    }

    /// A person; none when they are not known.
    ///
    /// # Errors
    /// What the store says.
    pub async fn find(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        if let Some(person) = self.cached(user) {
            return Ok(Some(person));
        }
        let _turn = self.turn(user).await?;
        self.read(user).await
    }

    /// The person that a token speaks for: made when they are not known, and brought up to date when
    /// the token says something new. The flag tells whether others have to hear of it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sign_in(
        self: &Arc<Self>,
        identity: &Identity,
    ) -> Result<(Arc<Person>, bool), StoreError> {
        let told = |person: &mut Person| {
            if let Some(name) = &identity.name {
                person.profile.name = name.clone();
            }
            if identity.picture.is_some() {
                person.profile.picture = identity.picture.clone();
            }
        };
        if let Some(known) = self.cached(&identity.user) {
            let mut person = (*known).clone();
            told(&mut person);
            if person == *known {
                return Ok((known, false));
            }
        }
        let turn = self.turn(&identity.user).await?;
        let known = self.read(&identity.user).await?;
        let mut person = known.as_deref().cloned().unwrap_or_else(|| Person {
            profile: unnamed(&identity.user),
            status: None,
            private_receipts: false,
            last_seen: None,
        });
        told(&mut person);
        match known {
            Some(known) if *known == person => Ok((known, false)),
            known => Ok((self.save_soon(person, turn), known.is_some())),
        }
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
        let Some(known) = self.read(user).await? else { return Ok(()) };
        self.save_soon(Person { last_seen: Some(now), ..(*known).clone() }, turn);
        Ok(())
    }

    /// Changes what is kept of a person. `told` hears what is kept then, also when whoever asked has
    /// gone; of changes at once it hears in the order in which they were written.
    ///
    /// # Errors
    /// What the store says.
    pub async fn update(
        self: &Arc<Self>,
        user: &UserId,
        change: impl FnOnce(&mut Person),
        told: impl FnOnce(&Person) + Send + 'static,
    ) -> Result<(), StoreError> {
        let turn = self.turn(user).await?;
        let Some(known) = self.read(user).await? else { return Ok(()) };
        let mut person = (*known).clone();
        change(&mut person);
        if person == *known {
            // Of an earlier change nobody may have known that it was written.
            told(&known);
            return Ok(());
        }
        self.save(person, turn, told).await
    }

    fn cached(&self, user: &UserId) -> Option<Arc<Person>> {
        lock(&self.cache).get(user).cloned()
    }

    async fn turn(&self, user: &UserId) -> Result<Turn<UserId>, StoreError> {
        timeout(self.store_timeout, self.turns.take(user)).await.map_err(|_| late())
    }

    /// Brings a person into memory, whose turn the caller has.
    async fn read(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        if let Some(person) = self.cached(user) {
            return Ok(Some(person));
        }
        let row = tables::get::<UserRow>(&*self.store, UserRow::key(user)).await?;
        Ok(row.map(|row| self.remember(from_row(row))))
    }

    /// Writes a person. The write comes to its end although whoever waits for it goes away, and the
    /// turn lasts as long.
    async fn save(
        self: &Arc<Self>,
        person: Person,
        turn: Turn<UserId>,
        told: impl FnOnce(&Person) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (done, written) = oneshot::channel();
        let directory = self.clone();
        spawn(async move {
            let mut batch = Batch::default();
            batch.put(&to_row(&person));
            let result = directory.store.write(batch).await;
            let result = match result {
                Ok(()) => {
                    told(&directory.remember(person));
                    Ok(())
                }
                Err(error) => {
                    if matches!(error, StoreError::Unknown(_)) {
                        // The store is asked which it is when the person is needed again.
                        lock(&directory.cache).remove(&person.profile.user);
                    }
                    Err(error)
                }
            };
            drop(turn);
            // Whoever waited may be gone.
            let _ = done.send(result);
        });
        let unknown = || Err(StoreError::Unknown("the store did not answer in time".to_owned()));
        timeout(self.store_timeout, written).await.ok().and_then(Result::ok).unwrap_or_else(unknown)
    }

    /// Has a person written with others in a moment, and knows them at once.
    fn save_soon(self: &Arc<Self>, person: Person, turn: Turn<UserId>) -> Arc<Person> {
        let person = self.remember(person);
        let mut gathered = lock(&self.gathered);
        gathered.push((person.clone(), turn));
        let delay = match gathered.len() {
            1 => GATHER,
            GATHERED_PEOPLE => Duration::ZERO,
            _ => return person,
        };
        drop(gathered);
        let directory = self.clone();
        spawn(async move {
            sleep(delay).await;
            directory.write_gathered().await;
        });
        person
    }

    /// Writes who was gathered.
    pub(crate) async fn write_gathered(&self) {
        let gathered = std::mem::take(&mut *lock(&self.gathered));
        if gathered.is_empty() {
            return;
        }
        let mut batch = Batch::default();
        gathered.iter().for_each(|(person, _)| batch.put(&to_row(person)));
        if let Err(error) = self.store.write(batch).await {
            tracing::warn!(%error, people = gathered.len(), "people could not be written");
            // They are read again when they are needed, and written with their next token.
            let mut cache = lock(&self.cache);
            for (person, _) in &gathered {
                cache.remove(&person.profile.user);
            }
        }
    }

    fn remember(&self, person: Person) -> Arc<Person> {
        let mut cache = lock(&self.cache);
        if cache.len() >= CACHED_PEOPLE {
            cache.clear();
        }
        let person = Arc::new(person);
        cache.insert(person.profile.user.clone(), person.clone());
        person
    }

    /// A person's profile as far as memory knows it: by their id, when it does not.
    #[must_use]
    pub fn peek(&self, user: &UserId) -> Profile {
        let cached = self.cached(user);
        cached.map_or_else(|| unnamed(user), |person| person.profile.clone())
    }

    /// Whether a person keeps to themselves what they have read; whom memory does not know may.
    #[must_use]
    pub fn is_private(&self, user: &UserId) -> bool {
        self.cached(user).is_none_or(|person| person.private_receipts)
    }

    /// A person's presence: of who is connected as it is, of others as memory knows it.
    #[must_use]
    pub fn presence(&self, people: &People, user: &UserId, now: Timestamp) -> Presence {
        people.presence(user).unwrap_or_else(|| {
            let cached = self.cached(user);
            Presence {
                user: user.clone(),
                // Newer than what was told while they were connected, older than when they return.
                version: now.back(1).get(),
                availability: Availability::Offline,
                last_seen: cached.as_ref().and_then(|person| person.last_seen),
                status: cached.and_then(|person| person.status.clone()),
            }
        })
    }
}

fn unnamed(user: &UserId) -> Profile {
    Profile { user: user.clone(), name: Text::cut(user.as_str()), picture: None }
}

fn from_row(row: UserRow) -> Person {
    Person {
        profile: Profile {
            user: row.user,
            name: Text::cut(&row.name),
            picture: row.picture.map(|picture| Text::cut(&picture)),
        },
        status: row.status.map(|status| Text::cut(&status)),
        private_receipts: row.private_receipts,
        last_seen: row.last_seen,
    }
}

/// The row of a person.
pub(crate) fn to_row(person: &Person) -> UserRow {
    UserRow {
        user: person.profile.user.clone(),
        name: person.profile.name.as_str().into(),
        picture: person.profile.picture.as_ref().map(|picture| picture.as_str().into()),
        status: person.status.as_ref().map(|status| status.as_str().into()),
        private_receipts: person.private_receipts,
        last_seen: person.last_seen,
    }
}
