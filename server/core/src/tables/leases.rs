use std::sync::Arc;

use super::declare::table;
use crate::{model::node::NodeId, ports::store::Stamp};

table! {
    /// A node's lease: that it lives, and until what stamp it may write. Written by conditional
    /// writes only, and never removed: a node that has ended stays ended. So each start of a process
    /// leaves one row of about 100 bytes.
    pub struct LeaseRow in "leases" {
        partition {
            /// The node.
            node: NodeId,
        }
        clustering {}
        values {
            /// Another one with every renewal that was ever tried; from 1.
            beat: u64,
            /// The lease has ended, for ever.
            fenced: bool,
            /// The node hands over its shards and takes no more.
            leaving: bool,
            /// The largest stamp that the node may use.
            reserved: Stamp,
            /// Where the node runs, for people to read.
            address: Arc<str>,
        }
    }
}
