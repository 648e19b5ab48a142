//! The people: their profiles and settings, read from the store and kept in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_schema::{
    Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, Presence, Profile},
};

use crate::{
    hub::people::People,
    ports::{
        authenticator::Identity,
        store::{Batch, SharedStore, StoreError},
    },
    sync::lock,
    tables::{self, UserRow},
};

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
    cache: Mutex<BTreeMap<UserId, Arc<Person>>>,
}

impl Directory {
    pub(crate) fn new(store: SharedStore) -> Arc<Self> {
        Arc::new(Self { store, cache: Mutex::default() })
    }

    /// A person; none when they are not known.
    ///
    /// # Errors
    /// What the store says.
    pub async fn find(&self, user: &UserId) -> Result<Option<Arc<Person>>, StoreError> {
        if let Some(person) = lock(&self.cache).get(user) {
            return Ok(Some(person.clone()));
        }
        let row = tables::get::<UserRow>(&*self.store, UserRow::key(user)).await?;
        Ok(row.map(|row| self.remember(from_row(row))))
    }

    /// The person that a token speaks for: made when they are not known, and brought up to date when
    /// the token says something new. The flag tells whether others have to hear of it.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sign_in(&self, identity: &Identity) -> Result<(Arc<Person>, bool), StoreError> {
        let known = self.find(&identity.user).await?;
        let mut person = known.as_deref().cloned().unwrap_or_else(|| Person {
            profile: unnamed(&identity.user),
            status: None,
            private_receipts: false,
            last_seen: None,
        });
        if let Some(name) = &identity.name {
            person.profile.name = name.clone();
        }
        if identity.picture.is_some() {
            person.profile.picture = identity.picture.clone();
        }
        match known {
            Some(known) if *known == person => Ok((known, false)),
            known => Ok((self.save(person).await?, known.is_some())),
        }
    }

    /// Changes what is kept of a person.
    ///
    /// # Errors
    /// What the store says.
    pub async fn update(
        &self,
        user: &UserId,
        change: impl FnOnce(&mut Person),
    ) -> Result<(), StoreError> {
        let Some(known) = self.find(user).await? else { return Ok(()) };
        let mut person = (*known).clone();
        change(&mut person);
        if person != *known {
            self.save(person).await?;
        }
        Ok(())
    }

    async fn save(&self, person: Person) -> Result<Arc<Person>, StoreError> {
        let mut batch = Batch::default();
        batch.put(&to_row(&person));
        self.store.write(batch).await?;
        Ok(self.remember(person))
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
        let cached = lock(&self.cache).get(user).cloned();
        cached.map_or_else(|| unnamed(user), |person| person.profile.clone())
    }

    /// Whether a person keeps to themselves what they have read, as far as memory knows.
    #[must_use]
    pub fn is_private(&self, user: &UserId) -> bool {
        lock(&self.cache).get(user).is_some_and(|person| person.private_receipts)
    }

    /// A person's presence: of who is connected as it is, of others as memory knows it.
    #[must_use]
    pub fn presence(&self, people: &People, user: &UserId, now: Timestamp) -> Presence {
        people.presence(user).unwrap_or_else(|| {
            let cached = lock(&self.cache).get(user).cloned();
            Presence {
                user: user.clone(),
                // Newer than what was told while they were connected, older than when they return.
                version: now.saturating_sub(1),
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
