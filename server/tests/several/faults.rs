//! What goes wrong in a run of chaos, in an order that a seed decides.

use std::{collections::BTreeMap, fmt};

/// Everything that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// kill -9 of a node, which starts again.
    NodeKilled,
    /// A node is stopped in order, and starts again.
    NodeStopped,
    /// A node sleeps for a moment.
    NodeSlept,
    /// A node sleeps through its lease.
    NodeOverslept,
    /// kill -9 of a CQL server, which starts again.
    StoreKilled,
    /// A CQL server sleeps.
    StoreSlept,
    /// kill -9 of Redis, which starts again.
    BusKilled,
    /// Redis sleeps.
    BusSlept,
    /// Redis forgets everything.
    BusFlushed,
    /// No client reaches a node.
    ClientsCut,
    /// A node does not reach Redis.
    BusCut,
}

impl Fault {
    pub(crate) const ALL: [Self; 11] = [
        Self::NodeKilled,
        Self::NodeStopped,
        Self::NodeSlept,
        Self::NodeOverslept,
        Self::StoreKilled,
        Self::StoreSlept,
        Self::BusKilled,
        Self::BusSlept,
        Self::BusFlushed,
        Self::ClientsCut,
        Self::BusCut,
    ];
}

/// Numbers that follow from a seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below this.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % end
    }

    /// So many faults: each kind once, in any order, then all of them again.
    pub(crate) fn faults(&mut self, count: usize) -> Vec<Fault> {
        let mut faults = Vec::new();
        while faults.len() < count {
            let mut left = Fault::ALL.to_vec();
            while !left.is_empty() {
                let at = self.below(left.len() as u64);
                faults.push(left.swap_remove(usize::try_from(at).unwrap()));
            }
        }
        faults.truncate(count);
        faults
    }
}

/// How often each happened.
#[derive(Default)]
pub(crate) struct Counted(pub(crate) BTreeMap<Fault, usize>);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> =
            self.0.iter().map(|(fault, times)| format!("{times} {fault:?}")).collect();
        f.write_str(&each.join(", "))
    }
}
