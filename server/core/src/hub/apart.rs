//! Who of the people who are connected here is kept apart from whom: neither of two sees whether the other is
//! there, or types.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use caffis_schema::{
    UserId,
    room::{Availability, Presence},
};

use crate::sync::lock;

/// What is known of one person: of each other one the number of the last change, and those kept apart.
#[derive(Debug, Default)]
struct Known {
    changes: BTreeMap<UserId, u64>,
    apart: BTreeSet<UserId>,
}

/// People who are kept apart, as far as they are connected here.
#[derive(Debug, Default)]
pub struct Apart {
    people: Mutex<BTreeMap<UserId, Known>>,
}

impl Apart {
    /// A person has come: what is told from now on is kept, and what the store has is still to be read.
    pub(crate) fn begin(&self, user: &UserId) {
        lock(&self.people).entry(user.clone()).or_default();
    }

    /// Takes in what is between a person who is here and another one, unless something newer is known.
    pub(crate) fn set(&self, user: &UserId, other: &UserId, changes: u64, apart: bool) {
        let mut people = lock(&self.people);
        let Some(known) = people.get_mut(user) else { return };
        if known.changes.get(other).is_some_and(|newest| *newest > changes) {
            return;
        }
        known.changes.insert(other.clone(), changes);
        if apart {
            known.apart.insert(other.clone());
        } else {
            known.apart.remove(other);
        }
    }

    /// Whether a person who is connected here is kept apart from another one.
    #[must_use]
    pub fn is(&self, user: &UserId, other: &UserId) -> bool {
        lock(&self.people).get(user).is_some_and(|known| known.apart.contains(other))
    }

    /// Makes a presence that of somebody who is not there, if the person who reads it is kept apart from them.
    pub(crate) fn hide(&self, user: &UserId, presence: &mut Presence) {
        if self.is(user, &presence.user) {
            hide(presence);
        }
    }

    /// A person has gone.
    pub(crate) fn forget(&self, user: &UserId) {
        lock(&self.people).remove(user);
    }
}

/// Makes a presence that of somebody who is not there.
pub(crate) fn hide(presence: &mut Presence) {
    presence.availability = Availability::Offline;
    presence.last_seen = None;
    presence.status = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_counts_in_whatever_order_they_are_heard() {
        let (apart, user) = (Apart::default(), |name| UserId::new(name).expect("an id"));
        let (giulia, marco) = (user("giulia"), user("marco"));
        apart.set(&giulia, &marco, 1, true);
        assert!(!apart.is(&giulia, &marco), "she is not here");
        apart.begin(&giulia);
        apart.set(&giulia, &marco, 2, false);
        apart.set(&giulia, &marco, 1, true);
        assert!(!apart.is(&giulia, &marco), "an older one came late");
        apart.set(&giulia, &marco, 3, true);
        assert!(apart.is(&giulia, &marco) && !apart.is(&marco, &giulia));
        apart.forget(&giulia);
        assert!(!apart.is(&giulia, &marco));
    }
}
