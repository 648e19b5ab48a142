//! Shards that people move by command, besides what the shares of the nodes want.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;

use super::shards::Shard;
use crate::sync::lock;

/// How long a move may take. Then it is forgotten: who gave the shard up may take it back.
pub(super) const MOVE: Duration = Duration::from_secs(10);

/// The shards that are on their way. At most one entry for each shard.
#[derive(Default)]
pub(super) struct Moving {
    /// From this node to another: since when.
    giving: Mutex<BTreeMap<Shard, Instant>>,
    /// To this node.
    taking: Mutex<BTreeMap<Shard, Instant>>,
}

fn current(shards: &Mutex<BTreeMap<Shard, Instant>>) -> MutexGuard<'_, BTreeMap<Shard, Instant>> {
    let mut shards = lock(shards);
    shards.retain(|_, since| since.elapsed() < MOVE);
    shards
}

impl Moving {
    /// A shard is to be given up, whatever was asked before.
    pub(super) fn give(&self, shard: Shard) {
        lock(&self.taking).remove(&shard);
        lock(&self.giving).insert(shard, Instant::now());
    }

    /// A shard is to be taken, whatever was asked before.
    pub(super) fn take(&self, shard: Shard) {
        lock(&self.giving).remove(&shard);
        lock(&self.taking).insert(shard, Instant::now());
    }

    /// Whether a shard is given up, and so not to be claimed.
    pub(super) fn gives(&self, shard: Shard) -> bool {
        current(&self.giving).contains_key(&shard)
    }

    /// The shards that are given up.
    pub(super) fn giving(&self) -> Vec<Shard> {
        current(&self.giving).keys().copied().collect()
    }

    /// The shards that are taken, and so not to be given up for a moment.
    pub(super) fn taking(&self) -> Vec<Shard> {
        current(&self.taking).keys().copied().collect()
    }
}
