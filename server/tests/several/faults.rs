//! What goes wrong in a run of chaos, in an order that a seed decides.

use std::{collections::BTreeMap, fmt, time::Duration};

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

    /// The fault of a name like `bus-cut`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let plain = name.replace('-', "").to_lowercase();
        Self::ALL.into_iter().find(|fault| format!("{fault:?}").to_lowercase() == plain)
    }
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

    /// So many faults: each of these kinds once, in any order, then all of them again.
    pub(crate) fn faults(&mut self, kinds: &[Fault], count: usize) -> Vec<Fault> {
        let mut faults = Vec::new();
        while faults.len() < count {
            let mut left = kinds.to_vec();
            while !left.is_empty() {
                let at = self.below(left.len() as u64);
                faults.push(left.swap_remove(usize::try_from(at).unwrap()));
            }
        }
        faults.truncate(count);
        faults
    }
}

/// How long it took after each fault until everybody had sent in every room again: since it was mended, and
/// since it began.
#[derive(Default)]
pub(crate) struct Recoveries(BTreeMap<Fault, Vec<(Duration, Duration)>>);

impl Recoveries {
    pub(crate) fn note(&mut self, fault: Fault, mended: Duration, began: Duration) {
        self.0.entry(fault).or_default().push((mended, began));
    }
}

/// How often each happened, and how long it took: median and longest.
impl fmt::Display for Recoveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, times) in &self.0 {
            let figures = |of: fn(&(Duration, Duration)) -> Duration| {
                let mut sorted: Vec<_> = times.iter().map(of).collect();
                sorted.sort();
                let (median, longest) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() - 1]);
                format!("{:.1}, {:.1} s", median.as_secs_f64(), longest.as_secs_f64())
            };
            writeln!(
                f,
                "    {} {fault:?}: {} after it was mended, {} after it began",
                times.len(),
                figures(|(mended, _)| *mended),
                figures(|(_, began)| *began)
            )?;
        }
        Ok(())
    }
}
