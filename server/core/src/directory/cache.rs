//! People in memory: the ones that were used last, each for as long as their row may be believed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use caffis_schema::UserId;
use tokio::time::Instant;

use super::Person;

/// People that are looked at to find the one who makes room for a new one.
const LOOKS: usize = 8;

#[derive(Debug)]
struct Cached {
    person: Arc<Person>,
    /// When the row was read or written; none when it has to be read again.
    known: Option<Instant>,
    /// Used since the queue was last at this person.
    used: bool,
    /// The store has a row of this person.
    stored: bool,
}

/// The people in memory.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    fresh: Duration,
    people: BTreeMap<UserId, Cached>,
    /// Everyone, in the order in which they came or were last found in use.
    queue: VecDeque<UserId>,
}

impl Cache {
    /// A cache of `most` people, each of whom is believed for the time `fresh`.
    pub(super) fn new(most: usize, fresh: Duration) -> Self {
        Self { most: most.max(1), fresh, people: BTreeMap::new(), queue: VecDeque::new() }
    }

    /// A person whose row may still be believed.
    pub(super) fn get(&mut self, user: &UserId) -> Option<Arc<Person>> {
        let cached = self.people.get_mut(user)?;
        cached.used = true;
        let fresh = cached.known.is_some_and(|known| known.elapsed() < self.fresh);
        fresh.then(|| cached.person.clone())
    }

    /// As [`Cache::get`], of people who have a row.
    pub(super) fn get_stored(&mut self, user: &UserId) -> Option<Arc<Person>> {
        self.people.get(user).filter(|cached| cached.stored)?;
        self.get(user)
    }

    /// A person as they were known last, however long ago.
    pub(super) fn peek(&mut self, user: &UserId) -> Option<Arc<Person>> {
        let cached = self.people.get_mut(user)?;
        cached.used = true;
        Some(cached.person.clone())
    }

    /// Keeps a person. When there are too many, one who was not used for long makes room.
    pub(super) fn insert(&mut self, person: Person, stored: bool) -> Arc<Person> {
        let person = Arc::new(person);
        let known = Some(Instant::now());
        if let Some(cached) = self.people.get_mut(&person.profile.user) {
            cached.person = person.clone();
            cached.known = known;
            cached.stored |= stored;
            return person;
        }
        if self.people.len() >= self.most {
            self.make_room();
        }
        let user = &person.profile.user;
        let cached = Cached { person: person.clone(), known, used: false, stored };
        self.people.insert(user.clone(), cached);
        self.queue.push_back(user.clone());
        person
    }

    /// Notes that the store has a row of this person.
    pub(super) fn note_stored(&mut self, user: &UserId) {
        if let Some(cached) = self.people.get_mut(user) {
            cached.stored = true;
        }
    }

    /// Believes nothing of a person any more: they are read again when they are needed. False when
    /// nothing was known of them.
    pub(super) fn doubt(&mut self, user: &UserId) -> bool {
        let Some(cached) = self.people.get_mut(user) else { return false };
        cached.known = None;
        cached.stored = false;
        true
    }

    /// Changes what is known of a person, and believes it only until they are needed. False when nothing
    /// was known of them.
    pub(super) fn take_in(&mut self, user: &UserId, change: impl FnOnce(&mut Person)) -> bool {
        if let Some(cached) = self.people.get_mut(user) {
            change(Arc::make_mut(&mut cached.person));
        }
        self.doubt(user)
    }

    fn make_room(&mut self) {
        for look in 1..=LOOKS {
            let Some(user) = self.queue.pop_front() else { return };
            if let Some(cached) = self.people.get_mut(&user)
                && look < LOOKS
                && std::mem::take(&mut cached.used)
            {
                self.queue.push_back(user);
                continue;
            }
            self.people.remove(&user);
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{Text, room::Profile};

    use super::*;

    fn person(name: &str) -> Person {
        let user = UserId::new(name).expect("an id");
        let profile = Profile { user, name: Text::cut(name), picture: None };
        let (status, last_seen, mirror, written) = Default::default();
        Person { profile, status, private_receipts: false, last_seen, mirror, written }
    }

    fn user(name: &str) -> UserId {
        UserId::new(name).expect("an id")
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_used_stays_and_who_is_not_makes_room() {
        let mut cache = Cache::new(3, Duration::from_secs(60));
        for name in ["anna", "giulia", "marco"] {
            cache.insert(person(name), true);
        }
        cache.get(&user("anna"));
        cache.insert(person("luca"), true);
        let known =
            ["anna", "giulia", "marco", "luca"].map(|name| cache.get(&user(name)).is_some());
        assert_eq!(known, [true, false, true, true]);
        // With everyone in use somebody still makes room.
        for name in ["bea", "carlo", "dino"] {
            cache.insert(person(name), true);
            assert_eq!((cache.people.len(), cache.queue.len()), (3, 3));
            assert!(cache.get(&user(name)).is_some());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_is_believed_for_a_time_and_their_name_is_kept() {
        let mut cache = Cache::new(3, Duration::from_secs(60));
        cache.insert(person("anna"), true);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(cache.get(&user("anna")).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(cache.get(&user("anna")).is_none() && cache.peek(&user("anna")).is_some());
        cache.insert(person("anna"), true);
        assert!(cache.get(&user("anna")).is_some());
        cache.doubt(&user("anna"));
        assert!(cache.get(&user("anna")).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn whether_a_row_is_stored_is_known() {
        let mut cache = Cache::new(3, Duration::from_secs(60));
        cache.insert(person("anna"), false);
        assert!(cache.get_stored(&user("anna")).is_none() && cache.get(&user("anna")).is_some());
        cache.note_stored(&user("anna"));
        assert!(cache.get_stored(&user("anna")).is_some());
        cache.insert(person("anna"), false);
        assert!(
            cache.get_stored(&user("anna")).is_some(),
            "a change is no reason to doubt the row"
        );
    }
}
