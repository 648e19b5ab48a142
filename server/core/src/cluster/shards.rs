//! Shards, and who owns them as far as this node knows.

use std::sync::Arc;

use arc_swap::ArcSwap;
use caffis_schema::RoomId;

use super::changes::{Changes, Marks};
use crate::model::node::NodeId;

/// Shards to which rooms hash; fixed for the life of a store.
pub const SHARDS: u64 = 256;

/// Groups in which the rows of shards lie; fixed for the life of a store.
pub(super) const GROUPS: u64 = 8;

/// The rows of one group.
pub(super) const GROUP_SIZE: u64 = SHARDS / GROUPS;

/// A shard: a part of all rooms that has one owner. Below [`SHARDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u64);

impl Shard {
    /// A room's shard.
    #[must_use]
    pub const fn of(room: RoomId) -> Self {
        Self(room.get() % SHARDS)
    }

    /// The shard with this number; none if there is no such shard.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number < SHARDS { Some(Self(number)) } else { None }
    }

    /// All shards.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (0..SHARDS).map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The group in which its row lies.
    #[must_use]
    pub const fn group(self) -> u64 {
        self.0 / GROUP_SIZE
    }

    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who owns a shard, as far as this node knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// This node, by a claim that is known to have taken effect. Whether its lease is held is a separate
    /// question, asked after each write.
    Here {
        /// The epoch of the claim.
        epoch: u64,
    },
    /// Another node. This is a hint: only that node knows for sure.
    There {
        /// The node.
        node: NodeId,
        /// The epoch of its claim.
        epoch: u64,
    },
    /// Nobody: the shard is being handed over, or its owner has died.
    Nobody,
}

/// The owners of all shards.
pub(super) type Map = [Owner; SHARDS as usize];

/// Who owns which shard. Cheap to clone.
#[derive(Clone)]
pub struct Shards(Option<Arc<Shared>>);

struct Shared {
    map: ArcSwap<Map>,
    changes: Marks,
}

impl Shards {
    /// All shards belong to this process, in epoch 1.
    pub(super) fn alone() -> Self {
        Self(None)
    }

    /// No shard is known to have an owner.
    pub(super) fn unowned() -> Self {
        let map = ArcSwap::from_pointee([Owner::Nobody; SHARDS as usize]);
        Self(Some(Arc::new(Shared { map, changes: Marks::default() })))
    }

    /// Who owns a room. Takes no lock; on a node alone it reads nothing at all.
    #[must_use]
    pub fn owner_of(&self, room: RoomId) -> Owner {
        self.owner(Shard::of(room))
    }

    /// Who owns a shard.
    #[must_use]
    pub fn owner(&self, shard: Shard) -> Owner {
        match &self.0 {
            None => Owner::Here { epoch: 1 },
            Some(shared) => shared.map.load()[shard.index()],
        }
    }

    /// Tells of each change of any owner. None on a node alone, where nothing changes.
    #[must_use]
    pub fn changes(&self) -> Option<Changes> {
        self.0.as_ref().map(|shared| shared.changes.follow())
    }

    pub(super) fn publish(&self, map: Map) {
        let Some(shared) = &self.0 else { return };
        if **shared.map.load() != map {
            shared.map.store(Arc::new(map));
            shared.changes.mark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_has_a_shard_and_every_shard_a_group() {
        assert_eq!(Shard::of(RoomId::from_random(SHARDS + 3)).get(), 3);
        assert_eq!(Shard::all().count() as u64, SHARDS);
        assert_eq!((Shard::new(SHARDS - 1).is_some(), Shard::new(SHARDS)), (true, None));
        assert!(Shard::all().all(|shard| shard.group() < GROUPS));
    }

    #[test]
    fn a_change_is_told_once() {
        let shards = Shards::unowned();
        let mut changes = shards.changes().expect("they may change");
        shards.publish([Owner::Nobody; SHARDS as usize]);
        assert!(!changes.take());
        shards.publish([Owner::Here { epoch: 4 }; SHARDS as usize]);
        assert!(changes.take() && !changes.take());
        assert_eq!(shards.owner_of(RoomId::from_random(9)), Owner::Here { epoch: 4 });
    }
}
