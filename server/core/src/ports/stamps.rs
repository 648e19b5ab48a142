//! Where the stamps of writes come from: one source for each process.

use std::{
    ops::Range,
    sync::{Arc, Mutex},
};

use super::{
    clock::SharedClock,
    store::{Stamp, StoreError},
};
use crate::sync::lock;

/// All reserved stamps are used up: nothing may be written until a lease has reserved more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no stamps are reserved for writing")]
pub struct NoStamps;

impl From<NoStamps> for StoreError {
    fn from(error: NoStamps) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Gives each write of this process a larger [`Stamp`] than the one before: the wall clock in
/// microseconds, or one more than the last stamp where the clock stands still or went back.
///
/// Several processes that write to one store take turns by ranges: each uses only what a lease has
/// reserved for it ([`Stamps::reserve`]), and the next owner's range begins above it. So the stamps of
/// an owner are larger than those of all owners before, whatever their clocks say.
///
/// A stamp is taken after what it writes was decided, and while nobody else may write the same row;
/// then stamps are in the order of the decisions.
///
/// Ranges order the writes of a row only if its writers are owners one after the other. A node that has claimed
/// shards begins above all that their former owner had reserved, seconds ahead of every clock; a row that any node
/// may write at any time would be won by that node, though another one writes later. Such rows have stamps that
/// follow the wall clock and nothing else ([`Stamps::unowned`]).
pub struct Stamps {
    clock: SharedClock,
    range: Mutex<Reserved>,
    /// The last stamp of a row without an owner. None where no other process writes: one source gives all stamps.
    unowned: Option<Mutex<u64>>,
}

/// What may be used: above `last` and below `end`.
#[derive(Debug)]
struct Reserved {
    last: u64,
    end: u64,
}

impl Stamps {
    /// A source without a limit: for the only process that writes to its store.
    #[must_use]
    pub fn unlimited(clock: SharedClock) -> Arc<Self> {
        let range = Mutex::new(Reserved { last: 0, end: Stamp::LIMIT.0 });
        Arc::new(Self { clock, range, unowned: None })
    }

    /// A source that has nothing to give until something is reserved.
    #[must_use]
    pub fn reserved(clock: SharedClock) -> Arc<Self> {
        let (range, unowned) = (Mutex::new(Reserved { last: 0, end: 0 }), Some(Mutex::default()));
        Arc::new(Self { clock, range, unowned })
    }

    /// From now on stamps come from this range, which takes the place of the one before. Nothing is given
    /// twice: of a range that begins below the last stamp only what lies above it is left.
    pub fn reserve(&self, range: Range<Stamp>) {
        let mut reserved = lock(&self.range);
        reserved.last = reserved.last.max(range.start.0.saturating_sub(1));
        reserved.end = range.end.0.min(Stamp::LIMIT.0);
    }

    /// The next stamp: larger than all before.
    ///
    /// A clock that is ahead of the range does not end it: the rest of the range is then counted up
    /// one by one.
    ///
    /// # Errors
    /// The range is used up. Whether to wait for another or to give up is the caller's choice; as a
    /// [`StoreError`] it is `Unavailable`: nothing was written.
    pub fn next(&self) -> Result<Stamp, NoStamps> {
        let now = self.clock.now().get().saturating_mul(1_000);
        let mut reserved = lock(&self.range);
        let Reserved { last, end } = *reserved;
        let following = last.saturating_add(1);
        let stamp = if (following..end).contains(&now) { now } else { following };
        if stamp >= end {
            return Err(NoStamps);
        }
        reserved.last = stamp;
        Ok(Stamp(stamp))
    }

    /// The next stamp of a row that any node may write at any time: the wall clock, whatever is reserved, and
    /// larger than those that this process gave such rows before.
    ///
    /// # Errors
    /// The clock is beyond all stamps.
    pub fn unowned(&self) -> Result<Stamp, NoStamps> {
        let Some(unowned) = &self.unowned else { return self.next() };
        let now = self.clock.now().get().saturating_mul(1_000);
        let mut last = lock(unowned);
        let stamp = now.max(last.saturating_add(1));
        if stamp >= Stamp::LIMIT.0 {
            return Err(NoStamps);
        }
        *last = stamp;
        Ok(Stamp(stamp))
    }

    /// The next stamp of such a row, of which another one is known. Those of other rows stay with the clock.
    ///
    /// # Errors
    /// As [`Stamps::unowned`].
    pub fn unowned_after(&self, known: Stamp) -> Result<Stamp, NoStamps> {
        let stamp = self.unowned()?.max(Stamp(known.0.saturating_add(1)));
        if stamp >= Stamp::LIMIT { Err(NoStamps) } else { Ok(stamp) }
    }

    /// The last stamp that was given, or what the range began after.
    #[must_use]
    pub fn last(&self) -> Stamp {
        Stamp(lock(&self.range).last)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use caffis_schema::Timestamp;

    use super::*;
    use crate::ports::clock::Clock;

    /// Milliseconds since 1970.
    struct Wall(AtomicU64);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }
    }

    fn wall() -> Arc<Wall> {
        Arc::new(Wall(AtomicU64::new(5)))
    }

    #[test]
    fn stamps_follow_the_clock_and_never_go_back() {
        let wall = wall();
        let stamps = Stamps::unlimited(wall.clone());
        assert_eq!(stamps.next(), Ok(Stamp(5_000)));
        assert_eq!(stamps.next(), Ok(Stamp(5_001)));
        wall.0.store(7, Ordering::Relaxed);
        assert_eq!(stamps.next(), Ok(Stamp(7_000)));
        wall.0.store(1, Ordering::Relaxed);
        assert_eq!(stamps.next(), Ok(Stamp(7_001)));
        assert_eq!(stamps.last(), Stamp(7_001));
    }

    #[test]
    fn only_what_is_reserved_is_given() {
        let stamps = Stamps::reserved(wall());
        assert_eq!(stamps.next(), Err(NoStamps));
        // The clock says 5,000, which the range does not reach.
        stamps.reserve(Stamp(100)..Stamp(103));
        let given: Vec<_> = std::iter::from_fn(|| stamps.next().ok()).collect();
        assert_eq!(given, [Stamp(100), Stamp(101), Stamp(102)]);
        assert_eq!(stamps.next(), Err(NoStamps));
        // The range contains the clock's time.
        stamps.reserve(Stamp(103)..Stamp(5_002));
        assert_eq!([stamps.next(), stamps.next()], [Ok(Stamp(5_000)), Ok(Stamp(5_001))]);
        assert_eq!(stamps.next(), Err(NoStamps));
        // The clock is behind the range, because another node's is ahead.
        stamps.reserve(Stamp(9_000)..Stamp(9_100));
        assert_eq!(stamps.next(), Ok(Stamp(9_000)));
    }

    #[test]
    fn rows_without_an_owner_follow_the_clock_whatever_is_reserved() {
        let wall = wall();
        let stamps = Stamps::reserved(wall.clone());
        assert_eq!([stamps.unowned(), stamps.unowned()], [Ok(Stamp(5_000)), Ok(Stamp(5_001))]);
        stamps.reserve(Stamp(9_000)..Stamp(9_100));
        assert_eq!((stamps.next(), stamps.unowned()), (Ok(Stamp(9_000)), Ok(Stamp(5_002))));
        wall.0.store(1, Ordering::Relaxed);
        assert_eq!((stamps.unowned(), stamps.next()), (Ok(Stamp(5_003)), Ok(Stamp(9_001))));
        wall.0.store(8, Ordering::Relaxed);
        assert_eq!(stamps.unowned(), Ok(Stamp(8_000)));
        // What another node wrote is below the next one, and moves nothing else.
        assert_eq!(stamps.unowned_after(Stamp(70_000)), Ok(Stamp(70_001)));
        assert_eq!(stamps.unowned_after(Stamp(5_000)), Ok(Stamp(8_002)));
        assert_eq!(stamps.unowned_after(Stamp(Stamp::LIMIT.0 - 1)), Err(NoStamps));
        wall.0.store(u64::MAX, Ordering::Relaxed);
        assert_eq!(stamps.unowned(), Err(NoStamps));
    }

    #[test]
    fn alone_one_source_gives_all_stamps() {
        let stamps = Stamps::unlimited(wall());
        let given = [stamps.next(), stamps.unowned(), stamps.unowned(), stamps.next()];
        assert_eq!(given, [5_000, 5_001, 5_002, 5_003].map(|stamp| Ok(Stamp(stamp))));
    }

    #[test]
    fn a_range_that_was_used_gives_nothing_again() {
        let stamps = Stamps::reserved(wall());
        stamps.reserve(Stamp(100)..Stamp(103));
        while stamps.next().is_ok() {}
        stamps.reserve(Stamp(100)..Stamp(103));
        assert_eq!(stamps.next(), Err(NoStamps));
        stamps.reserve(Stamp(50)..Stamp(104));
        assert_eq!(stamps.next(), Ok(Stamp(103)));
    }
}
