//! Writing people: at once what they set, and gathered what can wait a moment.

use std::{sync::Arc, time::Duration};

use caffis_schema::UserId;
use tokio::time::sleep;

use super::{Directory, Part, Person, rows};
use crate::{
    ports::store::{Batch, StoreError},
    sync::{lock, spawn},
    turns::Turn,
};

/// How long what need not be durable at once is gathered.
const GATHER: Duration = Duration::from_millis(50);

/// How long people whose rows could not be written wait for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// Rows of one write.
const WRITTEN_AT_ONCE: usize = 1_024;

/// People who may wait for their rows to be written while the store is away; of further ones what
/// was to be written is dropped.
pub(crate) const WAITING_PEOPLE: usize = 100_000;

/// A person who is to be written soon. Nobody else writes them meanwhile.
#[derive(Debug)]
struct Waiting {
    person: Arc<Person>,
    parts: Vec<Part>,
    _turn: Turn<UserId>,
}

/// Who is to be written soon.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    people: Vec<Waiting>,
    /// A write is on its way, or will be in a moment.
    due: bool,
}

impl Directory {
    /// Changes the row of the person whose turn it is.
    pub(super) async fn change(
        &self,
        turn: &Turn<UserId>,
        change: impl FnOnce(&mut Person),
        told: impl FnOnce(&Person, &[Part]),
    ) -> Result<(), StoreError> {
        let Some(known) = self.read_row(turn.key()).await? else { return Ok(()) };
        let mut person = (*known).clone();
        change(&mut person);
        let parts = rows::changed(Some(&known), &person);
        if parts.is_empty() {
            // Of an earlier change nobody may have known that it was written.
            told(&known, Part::ALL);
            return Ok(());
        }
        // Another node, whose clock is ahead, may have written what is read here.
        let stamp = self.stamps.unowned_after(known.written)?;
        person.written = stamp;
        let mut batch = Batch::partition(stamp);
        rows::put(&mut batch, &person, &parts);
        let written = self.store.write(batch).await;
        match &written {
            Ok(()) => told(&self.remember(person, true), &parts),
            // The store is asked which it is when the person is needed again.
            Err(StoreError::Unknown(_)) => {
                lock(&self.cache).doubt(turn.key());
            }
            Err(_) => {}
        }
        written
    }

    /// Has parts of a person written with others in a moment, and knows them at once.
    pub(super) fn save_soon(
        self: &Arc<Self>,
        person: Person,
        parts: Vec<Part>,
        turn: Turn<UserId>,
        stored: bool,
    ) -> Arc<Person> {
        let person = self.remember(person, stored);
        let mut gathered = lock(&self.gathered);
        if gathered.people.len() >= WAITING_PEOPLE {
            tracing::warn!("too many people wait for their rows to be written");
            lock(&self.cache).doubt(&person.profile.user);
            return person;
        }
        gathered.people.push(Waiting { person: person.clone(), parts, _turn: turn });
        if !std::mem::replace(&mut gathered.due, true) {
            drop(gathered);
            self.write_after(GATHER);
        }
        person
    }

    /// How many people wait for their rows to be written.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.gathered).people.len()
    }

    fn write_after(self: &Arc<Self>, delay: Duration) {
        let directory = self.clone();
        spawn(async move {
            sleep(delay).await;
            if !directory.write_gathered().await {
                directory.write_after(RETRY);
            }
        });
    }

    /// Writes who was gathered, so many at once as one write takes. False when some have to wait for
    /// the next try: the store was away.
    pub(crate) async fn write_gathered(&self) -> bool {
        let mut people = {
            let mut gathered = lock(&self.gathered);
            gathered.due = false;
            std::mem::take(&mut gathered.people)
        };
        while !people.is_empty() {
            let rest = people.split_off(people.len().min(WRITTEN_AT_ONCE));
            match self.write_people(&people).await {
                Ok(()) => {
                    let mut cache = lock(&self.cache);
                    people.iter().for_each(|one| cache.note_stored(&one.person.profile.user));
                }
                Err(error @ (StoreError::Corrupt { .. } | StoreError::Invalid { .. })) => {
                    tracing::error!(%error, people = people.len(), "people could not be written");
                    let mut cache = lock(&self.cache);
                    for one in people {
                        cache.doubt(&one.person.profile.user);
                    }
                }
                Err(error) => {
                    let waiting = people.len() + rest.len();
                    tracing::warn!(%error, people = waiting, "people wait for their rows");
                    people.extend(rest);
                    let mut gathered = lock(&self.gathered);
                    // Those who came meanwhile come after them.
                    people.append(&mut gathered.people);
                    gathered.people = people;
                    return std::mem::replace(&mut gathered.due, true);
                }
            }
            people = rest;
        }
        true
    }

    /// Writes the rows of people whose turn it is. After a failure all of them are written again.
    async fn write_people(&self, people: &[Waiting]) -> Result<(), StoreError> {
        let mut batch = Batch::repairable(self.stamps.unowned()?);
        people.iter().for_each(|one| rows::put(&mut batch, &one.person, &one.parts));
        self.store.write(batch).await
    }
}
