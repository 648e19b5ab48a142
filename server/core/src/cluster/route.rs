//! Where a command for a room goes.

use std::sync::Arc;

use caffis_schema::RoomId;

use super::{Cluster, Owner, Shard, changes::Changes};

/// Says who owns which room. Asked for each command: it never waits.
pub trait Owners: Send + Sync + 'static {
    /// Who owns a shard now, as far as this node knows: [`Owner::Here`] only while its lease is held.
    fn owner(&self, shard: Shard) -> Owner;

    /// Who owns a room now, in the same sense.
    fn owner_of(&self, room: RoomId) -> Owner {
        self.owner(Shard::of(room))
    }

    /// Tells of each change of any owner; none where nothing changes.
    fn changes(&self) -> Option<Changes>;

    /// Another node says that shards changed hands.
    fn look(&self);

    /// Takes a shard as soon as its owner has given it up, also beyond this node's share.
    fn want(&self, shard: Shard);

    /// Whether this node's lease is held: what it wrote for rooms that it has not released yet counts, and
    /// may be told (rule 11).
    fn holds(&self) -> bool;
}

/// Who owns which room, shared.
pub type SharedOwners = Arc<dyn Owners>;

impl Owners for Cluster {
    fn owner(&self, shard: Shard) -> Owner {
        match self.shards().owner(shard) {
            Owner::Here { .. } if !self.lease().held() => Owner::Nobody,
            owner => owner,
        }
    }

    fn changes(&self) -> Option<Changes> {
        self.shards().changes()
    }

    fn look(&self) {
        self.wake();
    }

    fn want(&self, shard: Shard) {
        self.take(shard);
    }

    fn holds(&self) -> bool {
        self.lease().held()
    }
}
