//! Sweeps rows whose time is over: compactions drop them as they pass. That bounds the work, since
//! a compaction reads and writes those rows anyway. Until then, reads leave them out.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context, Factory, ItemAccessor, Verdict,
};

use crate::row;

/// How long after its end a row is kept, for a wall clock that was ahead for a moment.
const GRACE_MILLISECONDS: u64 = 60_000;

/// The wall clock as the committing thread last read it; compactions must not call foreign code.
pub(crate) type LastSeen = Arc<AtomicU64>;

/// Makes the filter of each compaction.
pub(crate) struct Sweep(pub(crate) LastSeen);

struct Filter {
    /// Rows that ended before this are over.
    before: u64,
}

impl Factory for Sweep {
    fn name(&self) -> &str {
        "expiry"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        let before = self.0.load(Ordering::Relaxed).saturating_sub(GRACE_MILLISECONDS);
        Box::new(Filter { before })
    }
}

impl CompactionFilter for Filter {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Context) -> CompactionFilterResult {
        let ended = row::expires(&item.value()?).is_some_and(|expires| expires < self.before);
        // `Remove` leaves a tombstone: an older row of this key must not come back.
        Ok(if ended { Verdict::Remove } else { Verdict::Keep })
    }
}
