//! Who is connected to other nodes, as those tell it.

use std::{collections::BTreeMap, sync::Mutex};

use caffis_schema::{
    Text, Timestamp, UserId,
    limits::STATUS_BYTES,
    room::{Availability, Presence},
};
use serde::{Deserialize, Serialize};

use crate::{ports::bus::NodeId, sync::lock};

/// A person as one other node knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct There {
    /// The availability of their sessions there.
    pub availability: Availability,
    /// How many sessions they have there; none in the moment before they are offline.
    pub sessions: u32,
    /// Grows with each change, on whatever node.
    pub version: u64,
    /// Their own words.
    pub status: Option<Text<STATUS_BYTES>>,
    /// When they were last connected.
    pub last_seen: Option<Timestamp>,
}

impl There {
    /// Whether the node knows them as more than gone.
    pub(super) fn is_there(&self) -> bool {
        self.availability != Availability::Offline
    }
}

type People = BTreeMap<UserId, BTreeMap<NodeId, There>>;

/// Everyone who is connected to another node, and what was told of everyone.
#[derive(Debug, Default)]
pub struct Elsewhere {
    people: Mutex<People>,
    told: Mutex<Told>,
}

/// What the sessions of this node were told last. Its versions are this node's own, so that they grow
/// whatever the clocks of the nodes say on which a person is.
#[derive(Debug, Default)]
struct Told {
    /// Of those who are not offline.
    people: BTreeMap<UserId, (Availability, Option<Text<STATUS_BYTES>>, u64)>,
    /// The largest version that was told of the others.
    floor: u64,
}

impl Elsewhere {
    /// Takes in what a node tells of a person; false when it told something newer before.
    pub fn set(&self, node: NodeId, user: &UserId, there: There) -> bool {
        let mut people = lock(&self.people);
        let known = people.get(user).and_then(|nodes| nodes.get(&node));
        if known.is_some_and(|known| known.version > there.version) {
            return false;
        }
        if there.is_there() {
            people.entry(user.clone()).or_default().insert(node, there);
        } else {
            forget(&mut people, user, node);
        }
        true
    }

    /// Takes in everyone who is connected to a node; gives those who are not any more.
    pub fn replace(&self, node: NodeId, everyone: BTreeMap<UserId, There>) -> Vec<UserId> {
        let mut gone = self.forget_node(node);
        gone.retain(|user| !everyone.contains_key(user));
        let mut people = lock(&self.people);
        for (user, there) in everyone {
            people.entry(user).or_default().insert(node, there);
        }
        gone
    }

    /// Forgets a node; gives those who were connected to it.
    pub fn forget_node(&self, node: NodeId) -> Vec<UserId> {
        let mut people = lock(&self.people);
        let there = people.iter().filter(|(_, nodes)| nodes.contains_key(&node));
        let gone: Vec<UserId> = there.map(|(user, _)| user.clone()).collect();
        gone.iter().for_each(|user| forget(&mut people, user, node));
        gone
    }

    /// Notes what the sessions of this node are told of a person, and gives it its version; false when they
    /// know it.
    pub fn is_news(&self, presence: &mut Presence) -> bool {
        let mut told = lock(&self.told);
        let Presence { user, availability, status, version, .. } = presence;
        let before = told.people.get(user);
        let floor = before.map_or(told.floor, |(_, _, version)| *version);
        let known = before.map(|(availability, status, _)| (*availability, status));
        if known == Some((*availability, status)) {
            *version = floor;
            return false;
        }
        *version = (*version).max(floor + 1);
        if *availability == Availability::Offline {
            told.floor = told.floor.max(*version);
            return told.people.remove(user).is_some();
        }
        told.people.insert(user.clone(), (*availability, status.clone(), *version));
        true
    }

    /// Gives a person's presence, as it was told last, a version above that: it is told to some again, otherwise than
    /// before.
    pub fn tell_again(&self, presence: &mut Presence) {
        let mut told = lock(&self.told);
        let told = &mut *told;
        let last = told.people.get_mut(&presence.user).map(|(_, _, version)| version);
        let last = last.unwrap_or(&mut told.floor);
        *last += 1;
        presence.version = *last;
    }

    /// A person's presence as it was told last. What is known already may be told only in a moment; who was
    /// shown it before that would not hear of it when it is over by then.
    pub fn as_told(&self, presence: &mut Presence) {
        let told = lock(&self.told);
        let Some((availability, status, version)) = told.people.get(&presence.user) else {
            presence.availability = Availability::Offline;
            presence.version = told.floor;
            return;
        };
        presence.availability = *availability;
        presence.status.clone_from(status);
        presence.version = *version;
        presence.last_seen = None;
    }

    /// How many other nodes a person is connected to.
    #[must_use]
    pub fn nodes(&self, user: &UserId) -> u32 {
        let people = lock(&self.people);
        people.get(user).map_or(0, |nodes| u32::try_from(nodes.len()).unwrap_or(u32::MAX))
    }

    /// How many sessions a person has on other nodes.
    #[must_use]
    pub fn sessions(&self, user: &UserId) -> u32 {
        let people = lock(&self.people);
        people.get(user).map_or(0, |nodes| {
            nodes.values().fold(0, |sum, there| sum.saturating_add(there.sessions))
        })
    }

    /// The newest version that other nodes gave a person's presence.
    #[must_use]
    pub fn version(&self, user: &UserId) -> u64 {
        let people = lock(&self.people);
        let versions = people.get(user).into_iter().flat_map(BTreeMap::values);
        versions.map(|there| there.version).max().unwrap_or_default()
    }

    /// A person's presence on all nodes: of what this node knows of its own sessions, if there are any,
    /// and what the others tell.
    #[must_use]
    pub fn join(&self, user: &UserId, own: Option<Presence>) -> Option<Presence> {
        let people = lock(&self.people);
        let Some(nodes) = people.get(user) else { return own };
        let mut joined = own.unwrap_or_else(|| Presence {
            user: user.clone(),
            version: 0,
            availability: Availability::Offline,
            last_seen: None,
            status: None,
        });
        for there in nodes.values() {
            if there.version > joined.version {
                joined.version = there.version;
                joined.status.clone_from(&there.status);
            }
            joined.availability = joined.availability.max_of(there.availability);
        }
        if joined.availability != Availability::Offline {
            joined.last_seen = None;
        }
        Some(joined)
    }
}

fn forget(people: &mut People, user: &UserId, node: NodeId) {
    if let Some(nodes) = people.get_mut(user) {
        nodes.remove(&node);
        if nodes.is_empty() {
            people.remove(user);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Availability::{Away, Offline, Online};

    fn there(availability: Availability, version: u64) -> There {
        There {
            availability,
            sessions: u32::from(availability != Offline),
            version,
            status: None,
            last_seen: None,
        }
    }

    #[test]
    fn the_most_available_session_counts_wherever_it_is() {
        let (elsewhere, user) = (Elsewhere::default(), UserId::new("giulia").expect("an id"));
        let (one, other) = (NodeId::from_random(1), NodeId::from_random(2));
        assert_eq!(elsewhere.join(&user, None), None);
        assert!(elsewhere.set(one, &user, there(Away, 5)));
        assert!(elsewhere.set(other, &user, there(Online, 6)));
        let joined = elsewhere.join(&user, None).expect("connected");
        assert_eq!((joined.availability, joined.version), (Online, 6));
        assert!(!elsewhere.set(other, &user, there(Offline, 4)), "an older one came late");
        assert!(elsewhere.set(other, &user, there(Offline, 7)));
        assert_eq!(elsewhere.join(&user, None).map(|p| p.availability), Some(Away));
        assert_eq!((elsewhere.nodes(&user), elsewhere.sessions(&user)), (1, 1));
        assert_eq!(elsewhere.replace(one, BTreeMap::new()), std::slice::from_ref(&user));
        assert_eq!(elsewhere.join(&user, None), None);
    }
}
