//! What a node knows of the others, read from the store that they share.

use std::{collections::BTreeMap, fmt, ops::Bound};

use caffis_core::{
    Core,
    cluster::{Cluster, NODES, Owner, SHARDS, Shard},
    model::node::NodeId,
    ports::store::{SharedStore, StoreError},
    tables::{self, LeaseRow, NodeRow, ShardRow},
};
use serde::{Deserialize, Serialize};

/// The nodes of a cluster, as one of them sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// The node that says so.
    pub here: String,
    /// Whether its lease is held.
    pub has_lease: bool,
    /// Rooms that it has in memory.
    pub rooms: usize,
    /// Its sessions.
    pub sessions: usize,
    /// All nodes that said lately that they run, and all that own shards.
    pub nodes: Vec<NodeStatus>,
    /// Shards that nobody owns now.
    pub unowned: usize,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its id; another one with each start.
    pub node: String,
    /// What people call it.
    pub name: String,
    /// Its lease.
    pub lease: LeaseStatus,
    /// How often its lease was renewed or tried to be.
    pub beat: u64,
    /// The shards that it owns.
    pub shards: usize,
}

/// What the store says of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaseStatus {
    /// Nobody has ended it. Whether it is renewed shows in its beat.
    Held,
    /// The node hands its shards over.
    Leaving,
    /// It has ended.
    Ended,
    /// There is none.
    Missing,
}

/// Reads it.
///
/// # Errors
/// What the store says.
pub(super) async fn read(
    core: &Core,
    cluster: &Cluster,
    store: &SharedStore,
) -> Result<ClusterStatus, StoreError> {
    let mut shards: BTreeMap<NodeId, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    let mut groups: Vec<_> = Shard::all().map(Shard::group).collect();
    groups.dedup();
    for group in groups {
        let (partition, all) = (ShardRow::partition(&group), SHARDS as usize);
        let found =
            tables::scan::<ShardRow>(&**store, partition, Bound::Unbounded, Bound::Unbounded, all);
        rows.extend(found.await?);
    }
    for row in rows.iter().filter(|row| !row.released) {
        *shards.entry(row.owner).or_default() += 1;
    }
    let listed: Vec<NodeRow> = tables::partition(&**store, NodeRow::partition(&0), NODES).await?;
    let mut names: BTreeMap<NodeId, String> =
        shards.keys().map(|node| (*node, String::new())).collect();
    names.extend(listed.into_iter().map(|row| (row.node, row.address.to_string())));
    let keys: Vec<_> = names.keys().map(LeaseRow::key).collect();
    let leases = tables::get_many::<LeaseRow>(&**store, &keys).await?;
    let nodes = names.into_iter().zip(leases).map(|((node, name), lease)| {
        let (standing, beat, name) = match lease {
            None => (LeaseStatus::Missing, 0, name),
            Some(row) => {
                let standing = match (row.fenced, row.leaving) {
                    (true, _) => LeaseStatus::Ended,
                    (false, true) => LeaseStatus::Leaving,
                    (false, false) => LeaseStatus::Held,
                };
                (standing, row.beat, row.address.to_string())
            }
        };
        let shards = shards.get(&node).copied().unwrap_or_default();
        NodeStatus { node: node.to_string(), name, lease: standing, beat, shards }
    });
    let statistics = core.statistics();
    let nobody = |shard: &Shard| cluster.shards().owner(*shard) == Owner::Nobody;
    Ok(ClusterStatus {
        here: cluster.node().to_string(),
        has_lease: cluster.lease().held(),
        rooms: statistics.rooms,
        sessions: statistics.sessions,
        nodes: nodes.collect(),
        unowned: Shard::all().filter(nobody).count(),
    })
}

impl ClusterStatus {
    /// Another node that holds its lease: the one with this id or name, or else with the fewest shards.
    pub(super) fn target(&self, wanted: Option<&str>) -> Option<(NodeId, &NodeStatus)> {
        let others = self.nodes.iter().filter(|node| node.node != self.here);
        let others = others.filter(|node| node.lease == LeaseStatus::Held);
        let fits = |node: &&NodeStatus| wanted.is_none_or(|w| w == node.node || w == node.name);
        let target = others.filter(fits).min_by_key(|node| node.shards)?;
        let number = u64::from_str_radix(&target.node, 16).ok()?;
        Some((NodeId::from_random(number), target))
    }
}

impl fmt::Display for ClusterStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lease = if self.has_lease { "holds its lease" } else { "has lost its lease" };
        writeln!(
            f,
            "this node is {} and {lease}: {} rooms in memory, {} sessions",
            self.here, self.rooms, self.sessions
        )?;
        writeln!(f, "\n{:<18}{:<9}{:>7}{:>12}  NAME", "NODE", "LEASE", "SHARDS", "BEAT")?;
        for node in &self.nodes {
            let lease = match node.lease {
                LeaseStatus::Held => "held",
                LeaseStatus::Leaving => "leaving",
                LeaseStatus::Ended => "ended",
                LeaseStatus::Missing => "none",
            };
            writeln!(
                f,
                "{:<18}{lease:<9}{:>7}{:>12}  {}",
                node.node, node.shards, node.beat, node.name
            )?;
        }
        match self.unowned {
            0 => Ok(()),
            shards => writeln!(f, "\n{shards} shards have no owner now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_goes_to_the_node_that_is_named_or_has_the_fewest() {
        let node = |number: u64, lease, shards| NodeStatus {
            node: NodeId::from_random(number).to_string(),
            name: format!("chat-{number}"),
            lease,
            beat: 1,
            shards,
        };
        let status = ClusterStatus {
            here: NodeId::from_random(1).to_string(),
            has_lease: true,
            rooms: 0,
            sessions: 0,
            nodes: vec![
                node(1, LeaseStatus::Held, 10),
                node(2, LeaseStatus::Held, 90),
                node(3, LeaseStatus::Held, 80),
                node(4, LeaseStatus::Leaving, 0),
            ],
            unowned: 0,
        };
        let target = |wanted| status.target(wanted).map(|(node, _)| node);
        assert_eq!(target(None), Some(NodeId::from_random(3)));
        assert_eq!(target(Some("chat-2")), Some(NodeId::from_random(2)));
        assert_eq!(target(Some(&status.nodes[2].node)), Some(NodeId::from_random(3)));
        for none in ["chat-1", "chat-4", "chat-9"] {
            assert_eq!(target(Some(none)), None, "{none}");
        }
    }

    #[test]
    fn a_status_is_a_table() {
        let node = NodeStatus {
            node: "00000000000000fe".to_owned(),
            name: "chat-1".to_owned(),
            lease: LeaseStatus::Held,
            beat: 17,
            shards: 256,
        };
        let status = ClusterStatus {
            here: node.node.clone(),
            has_lease: true,
            rooms: 3,
            sessions: 2,
            nodes: vec![node],
            unowned: 1,
        };
        let text = status.to_string();
        let line = "00000000000000fe  held         256          17  chat-1";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("3 rooms") && text.contains("1 shards have no owner"), "{text}");
    }
}
