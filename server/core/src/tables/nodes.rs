use std::sync::Arc;

use super::declare::table;
use crate::model::node::NodeId;

table! {
    /// The nodes that said lately that they run. A hint, by which nodes find each other's leases:
    /// written again and again with a time to live, and nothing exact depends on it.
    pub struct NodeRow in "nodes" {
        partition {
            /// Always 0: one scan lists all nodes.
            list: u64,
        }
        clustering {
            /// The node.
            asc node: NodeId,
        }
        values {
            /// Where it runs, for people to read.
            address: Arc<str>,
        }
    }
}
