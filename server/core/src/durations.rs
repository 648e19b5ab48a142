//! How long something takes: counts by duration, written without a lock.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The upper bounds of the buckets, both included in the bucket below them.
pub const BOUNDS: [Duration; 16] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

/// One bucket more than bounds: the last one has no upper bound.
pub const BUCKETS: usize = BOUNDS.len() + 1;

/// Counts of durations. All accesses are relaxed: a reader may see a count without its sum.
#[derive(Debug)]
pub struct Durations {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

impl Default for Durations {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| AtomicU64::new(0)), nanoseconds: AtomicU64::new(0) }
    }
}

impl Durations {
    /// Counts one.
    pub fn record(&self, duration: Duration) {
        let bucket = BOUNDS.partition_point(|bound| *bound < duration);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The counts now.
    #[must_use]
    pub fn read(&self) -> Measured {
        Measured {
            buckets: array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed)),
            sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
        }
    }
}

/// What was counted, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// How many fell into each bucket.
    pub buckets: [u64; BUCKETS],
    /// All durations together.
    pub sum: Duration,
}

impl Measured {
    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_counted_in_its_bucket() {
        assert!(BOUNDS.is_sorted());
        let durations = Durations::default();
        durations.record(Duration::ZERO);
        durations.record(Duration::from_micros(100));
        durations.record(Duration::from_micros(101));
        durations.record(Duration::from_secs(10));
        durations.record(Duration::from_secs(11));
        let measured = durations.read();
        let mut buckets = [0; BUCKETS];
        (buckets[0], buckets[1], buckets[BUCKETS - 2], buckets[BUCKETS - 1]) = (2, 1, 1, 1);
        assert_eq!(measured.buckets, buckets);
        assert_eq!(measured.sum, Duration::from_micros(21_000_201));
        assert_eq!(measured.count(), 5);
    }
}
