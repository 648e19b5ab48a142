//! Who has a public room open on other nodes.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use caffis_schema::UserId;

use super::feed::Feed;
use crate::ports::bus::NodeId;

/// The people who have a room open on other nodes.
#[derive(Debug, Default)]
pub(super) struct Guests {
    nodes: BTreeMap<UserId, BTreeSet<NodeId>>,
    /// How many of them have it open on this node, too.
    pub(super) both: u32,
}

impl Guests {
    /// How many people are there who are not here.
    pub(super) fn only_there(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX).saturating_sub(self.both)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether a person is there.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.nodes.contains_key(user)
    }

    /// Notes that a person came to another node; true when they were nowhere before.
    pub(super) fn enter(&mut self, node: NodeId, user: &UserId, feed: &Feed) -> bool {
        let new = !self.has(user);
        self.nodes.entry(user.clone()).or_default().insert(node);
        if new && feed.has(user) {
            self.both += 1;
        }
        new && !feed.has(user)
    }

    /// Notes that a person went from another node; true when they are nowhere any more.
    pub(super) fn exit(&mut self, node: NodeId, user: &UserId, feed: &Feed) -> bool {
        let Some(nodes) = self.nodes.get_mut(user) else { return false };
        nodes.remove(&node);
        if !nodes.is_empty() {
            return false;
        }
        self.nodes.remove(user);
        if feed.has(user) {
            self.both -= 1;
        }
        !feed.has(user)
    }

    /// Those who are there, after one of them in the order of ids.
    pub(super) fn people_after(&self, after: Option<&UserId>) -> impl Iterator<Item = &UserId> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.nodes.range::<UserId, _>((from, Bound::Unbounded)).map(|(user, _)| user)
    }

    /// Everyone who came to a node.
    pub(super) fn of(&self, node: NodeId) -> Vec<UserId> {
        let there = self.nodes.iter().filter(|(_, nodes)| nodes.contains(&node));
        there.map(|(user, _)| user.clone()).collect()
    }
}
