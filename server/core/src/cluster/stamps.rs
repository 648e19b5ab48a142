//! Which stamps a node reserves (rule 7).

use std::{sync::Arc, time::Duration};

use crate::ports::{clock::SharedClock, stamps::Stamps, store::Stamp};

/// Reserves stamps in the lease row and hands what is reserved to the source of the process.
///
/// A stamp is the wall clock in microseconds wherever the range allows it; exactness does not depend on
/// the clock. The range reaches a few lease times ahead and every renewal moves it, so it does not end
/// before the lease does.
pub(super) struct Reservation {
    pub(super) stamps: Arc<Stamps>,
    pub(super) clock: SharedClock,
    /// How far ahead to reserve.
    pub(super) ahead: Duration,
}

impl Reservation {
    /// The largest stamp that the next renewal reserves: ahead of the clock, of what was used and of
    /// what the range has to lie above, and never less than what is reserved.
    pub(super) fn next(&self, reserved: Stamp, above: Stamp) -> Stamp {
        let now = self.clock.now().get().saturating_mul(1_000);
        let from = now.max(self.stamps.last().0).max(above.0);
        let ahead = u64::try_from(self.ahead.as_micros()).unwrap_or(u64::MAX);
        let end = from.saturating_add(ahead).min(Stamp::LIMIT.0 - 1);
        reserved.max(Stamp(end))
    }

    /// Gives out stamps above one and up to another, of which a renewal is known to have taken effect.
    pub(super) fn use_range(&self, above: Stamp, reserved: Stamp) {
        self.stamps.reserve(Stamp(above.0.saturating_add(1))..Stamp(reserved.0.saturating_add(1)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use caffis_schema::Timestamp;

    use super::*;
    use crate::ports::clock::Clock;

    struct Wall(AtomicU64);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_range_reaches_ahead_of_clock_use_and_floor() {
        let clock = Arc::new(Wall(AtomicU64::new(1_000)));
        let stamps = Stamps::reserved(clock.clone());
        let range = Reservation { stamps, clock: clock.clone(), ahead: Duration::from_micros(100) };
        assert_eq!(range.next(Stamp::NONE, Stamp::NONE), Stamp(1_000_100));
        assert_eq!(range.next(Stamp::NONE, Stamp(1_000_050)), Stamp(1_000_150));
        range.use_range(Stamp(1_000_050), Stamp(1_000_052));
        let given: Vec<_> = std::iter::from_fn(|| range.stamps.next().ok()).collect();
        assert_eq!(given, [Stamp(1_000_051), Stamp(1_000_052)]);
        // A clock that is set back takes nothing back.
        clock.0.store(1, Ordering::Relaxed);
        assert_eq!(range.next(Stamp(1_000_500), Stamp::NONE), Stamp(1_000_500));
        assert_eq!(range.next(Stamp(1_000_052), Stamp::NONE), Stamp(1_000_152));
        // Nor does one that is far beyond all stamps leave the range of a column.
        clock.0.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(range.next(Stamp::NONE, Stamp::NONE), Stamp(Stamp::LIMIT.0 - 1));
    }
}
