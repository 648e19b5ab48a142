//! Which other nodes are there, and what each of them has told that may have been lost.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::{hub::news::VERSION, ports::bus::NodeId, sync::lock};

/// A node that was not heard for so long is gone.
pub(super) const SILENCE: Duration = Duration::from_secs(6);

/// What is known of another node.
struct Heard {
    at: Instant,
    /// The number of the last edge that was taken in, all before it included.
    edges: u64,
    /// Somebody is asking for everyone there.
    asking: bool,
    /// The number of the last recap that was taken in, all before it included.
    recaps: u64,
    /// Somebody is asking for recaps.
    asking_recaps: bool,
    /// The version of what it says.
    version: u8,
}

/// The nodes that were heard of.
#[derive(Default)]
pub(super) struct Heartbeats(Mutex<BTreeMap<NodeId, Heard>>);

impl Heartbeats {
    /// Forgets the nodes that were not heard for too long, and gives them.
    pub(super) fn silent(&self) -> Vec<NodeId> {
        let mut heard = lock(&self.0);
        let silent = heard.iter().filter(|(_, heard)| heard.at.elapsed() >= SILENCE);
        let silent: Vec<_> = silent.map(|(node, _)| *node).collect();
        heard.retain(|node, _| !silent.contains(node));
        silent
    }

    /// Notes that a recap came, unless one before it is missing.
    pub(super) fn recap_came(&self, node: NodeId, number: u64) {
        if let Some(heard) = lock(&self.0).get_mut(&node)
            && heard.recaps.checked_add(1) == Some(number)
        {
            heard.recaps = number;
        }
    }

    /// A recap could not be taken in: it is as if it had not come.
    pub(super) fn recap_failed(&self, node: NodeId, number: u64) {
        if let Some(heard) = lock(&self.0).get_mut(&node) {
            heard.recaps = heard.recaps.min(number.saturating_sub(1));
        }
    }

    /// A node was asked for recaps; all up to `last` were taken in, if it answered.
    pub(super) fn recaps_asked(&self, node: NodeId, last: Option<u64>) {
        if let Some(heard) = lock(&self.0).get_mut(&node) {
            heard.asking_recaps = false;
            heard.recaps = last.unwrap_or(heard.recaps);
        }
    }

    /// Notes that an edge came, unless one before it is missing. False when it is of a node that is not
    /// there: of one that comes everything is asked, and one that has gone may have sent it before.
    pub(super) fn edge_came(&self, node: NodeId, number: u64) -> bool {
        let mut nodes_heard = lock(&self.0);
        let Some(heard) = nodes_heard.get_mut(&node) else { return false };
        if heard.edges.checked_add(1) == Some(number) {
            heard.edges = number;
        }
        true
    }

    /// Notes that a node is there and has told so many edges and recaps. Gives what is missing and nobody
    /// asks for yet: whether edges are, and between which recaps some are.
    pub(super) fn beat_came(
        &self,
        node: NodeId,
        edges: u64,
        recaps: u64,
    ) -> (bool, Option<(u64, u64)>) {
        let mut nodes_heard = lock(&self.0);
        // Of a node that is new here everything has to be asked for.
        let heard = nodes_heard.entry(node).or_insert(Heard {
            at: Instant::now(),
            edges: u64::MAX,
            asking: false,
            recaps: 0,
            asking_recaps: false,
            version: VERSION,
        });
        heard.at = Instant::now();
        let behind = heard.edges != edges && !std::mem::replace(&mut heard.asking, true);
        let missed = recaps > heard.recaps && !std::mem::replace(&mut heard.asking_recaps, true);
        (behind, missed.then_some((heard.recaps, recaps)))
    }

    /// Notes the version of what a node says; logs it once if it is not this one's.
    pub(super) fn speaks(&self, node: NodeId, version: u8) {
        let mut nodes_heard = lock(&self.0);
        let Some(heard) = nodes_heard.get_mut(&node) else { return };
        if std::mem::replace(&mut heard.version, version) != version {
            tracing::info!(%node, version, here = VERSION, "a node speaks another version");
        }
    }

    /// A node was asked for everyone there, who were those after so many edges, if it answered. False when
    /// it is not there any more.
    pub(super) fn everyone_asked(&self, node: NodeId, edges: Option<u64>) -> bool {
        let mut nodes_heard = lock(&self.0);
        let Some(heard) = nodes_heard.get_mut(&node) else { return false };
        heard.asking = false;
        heard.edges = edges.unwrap_or(heard.edges);
        true
    }
}
