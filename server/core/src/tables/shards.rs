use super::declare::table;
use crate::{model::node::NodeId, ports::store::Stamp};

table! {
    /// Who owns a shard. Written by conditional writes only; there is no row until the first claim.
    pub struct ShardRow in "shards" {
        partition {
            /// Shards lie in a few groups, so that few scans read all of them and claims of
            /// different groups do not wait for each other.
            group: u64,
        }
        clustering {
            /// The shard.
            asc shard: u64,
        }
        values {
            /// The node that claimed it last.
            owner: NodeId,
            /// Counts the claims; from 1.
            epoch: u64,
            /// The owner has given it back.
            released: bool,
            /// At least every stamp that owners before this epoch could use; of a released shard also
            /// every one that this epoch could.
            floor: Stamp,
        }
    }
}
