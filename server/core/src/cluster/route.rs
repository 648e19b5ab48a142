//! Where a command for a room goes.

use std::sync::Arc;

use caffis_schema::RoomId;

use super::{Cluster, Owner};

/// Says who owns which room. Asked for each command: it never waits.
pub trait Owners: Send + Sync + 'static {
    /// Who owns a room now, as far as this node knows: [`Owner::Here`] only while its lease is held.
    fn owner_of(&self, room: RoomId) -> Owner;
}

/// Who owns which room, shared.
pub type SharedOwners = Arc<dyn Owners>;

impl Owners for Cluster {
    fn owner_of(&self, room: RoomId) -> Owner {
        match self.shards().owner_of(room) {
            Owner::Here { .. } if !self.lease().held() => Owner::Nobody,
            owner => owner,
        }
    }
}
