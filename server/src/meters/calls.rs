//! Calls to something outside: how long each operation takes, and why calls fail.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use caffis_core::durations::{Durations, Measured};

/// The name of a call whose caller did not wait for its end, mostly because that took too long.
const ABANDONED: &str = "abandoned";

/// Counts of calls. Operations and failures go by their places in the lists of names.
#[derive(Debug)]
pub struct Calls {
    operations: &'static [&'static str],
    failures: &'static [&'static str],
    times: Vec<Durations>,
    failed: Vec<AtomicU64>,
    abandoned: AtomicU64,
}

impl Calls {
    pub(super) fn new(
        operations: &'static [&'static str],
        failures: &'static [&'static str],
    ) -> Self {
        Self {
            operations,
            failures,
            times: operations.iter().map(|_| Durations::default()).collect(),
            failed: failures.iter().map(|_| AtomicU64::default()).collect(),
            abandoned: AtomicU64::default(),
        }
    }

    /// Makes a call and counts it, also when its caller stops waiting. `place` says which failure an error
    /// is.
    pub(super) async fn measure<T, E>(
        &self,
        operation: usize,
        place: impl FnOnce(&E) -> usize,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut running = Running { calls: self, operation, begun: Instant::now(), done: false };
        let result = call.await;
        running.done = true;
        if let Err(error) = &result
            && let Some(failed) = self.failed.get(place(error))
        {
            failed.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// How long calls took, by operation.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, Measured)> {
        self.operations.iter().copied().zip(self.times.iter().map(Durations::read))
    }

    /// How many calls failed, by reason.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = self.failures.iter().copied().chain([ABANDONED]);
        let counts = self.failed.iter().chain([&self.abandoned]);
        names.zip(counts.map(|count| count.load(Ordering::Relaxed)))
    }
}

/// A call that is under way.
struct Running<'a> {
    calls: &'a Calls,
    operation: usize,
    begun: Instant,
    done: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(times) = self.calls.times.get(self.operation) {
            times.record(self.begun.elapsed());
        }
        if !self.done {
            self.calls.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn calls_are_counted_however_they_end() {
        let calls = Calls::new(&["read", "write"], &["full", "away"]);
        let measure = |operation, result: Result<(), usize>| {
            calls.measure(operation, |place| *place, ready(result)).now_or_never()
        };
        assert_eq!(measure(0, Ok(())), Some(Ok(())));
        assert_eq!(measure(1, Err(1)), Some(Err(1)));
        let never = pending::<Result<(), usize>>();
        assert!(calls.measure(1, |place| *place, never).now_or_never().is_none());
        let counts: Vec<_> = calls.times().map(|(name, times)| (name, times.count())).collect();
        assert_eq!(counts, [("read", 1), ("write", 2)]);
        let failures: Vec<_> = calls.failures().collect();
        assert_eq!(failures, [("full", 0), ("away", 1), ("abandoned", 1)]);
    }
}
