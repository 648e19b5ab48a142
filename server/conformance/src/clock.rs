//! A wall clock that stands still until it is moved, and a boot clock that can be disturbed.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_core::ports::clock::{BootClock, Clock};
use caffis_schema::Timestamp;
use tokio::time::Instant;

/// A wall clock that a test sets.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows the given milliseconds since 1970.
    #[must_use]
    pub fn at(milliseconds: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(milliseconds)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    /// Sets the clock, also backwards.
    pub fn set(&self, milliseconds: u64) {
        self.0.store(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A boot clock of a test: it goes with tokio's clock, which a test may pause, and can be made to drift,
/// to be ahead by a suspend, and to jump as no good one does.
#[derive(Debug)]
pub struct SimulatedBootClock(Mutex<Running>);

/// Where the clock was, since when it has gone at its rate.
#[derive(Clone, Copy, Debug)]
struct Running {
    since: Instant,
    at: Duration,
    /// How much faster than tokio's clock it goes, in millionths.
    drift: i32,
}

impl Running {
    fn now(&self) -> Duration {
        let passed = i128::try_from(self.since.elapsed().as_nanos()).unwrap_or(i128::MAX);
        let drifted = passed + passed * i128::from(self.drift) / 1_000_000;
        self.at + Duration::from_nanos(u64::try_from(drifted).unwrap_or(0))
    }
}

impl SimulatedBootClock {
    /// A clock that shows this time since boot. Needs a tokio runtime.
    #[must_use]
    pub fn at(at: Duration) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Running { since: Instant::now(), at, drift: 0 })))
    }

    fn change(&self, change: impl FnOnce(&mut Running)) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (running.at, running.since) = (running.now(), Instant::now());
        change(&mut running);
    }

    /// From now on it goes faster than tokio's clock by so many millionths, or slower.
    pub fn drift(&self, millionths: i32) {
        self.change(|running| running.drift = millionths.max(-1_000_000));
    }

    /// The machine was suspended for so long: this clock has counted it, tokio's has not.
    pub fn suspend(&self, time: Duration) {
        self.change(|running| running.at += time);
    }

    /// Sets the clock, also backwards, as a faulty one might be.
    pub fn jump(&self, to: Duration) {
        self.change(|running| running.at = to);
    }
}

impl BootClock for SimulatedBootClock {
    fn elapsed(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).now()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_goes_with_tokio_and_counts_suspends() {
        let clock = SimulatedBootClock::at(100 * SECOND);
        sleep(5 * SECOND).await;
        assert_eq!(clock.elapsed(), 105 * SECOND);
        let before = Instant::now();
        clock.suspend(60 * SECOND);
        assert_eq!((clock.elapsed(), before.elapsed()), (165 * SECOND, Duration::ZERO));
        sleep(SECOND).await;
        assert_eq!(clock.elapsed(), 166 * SECOND);
        clock.jump(7 * SECOND);
        sleep(SECOND).await;
        assert_eq!(clock.elapsed(), 8 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn it_drifts_from_when_it_is_told_to() {
        let clock = SimulatedBootClock::at(Duration::ZERO);
        sleep(10 * SECOND).await;
        clock.drift(100_000);
        sleep(10 * SECOND).await;
        assert_eq!(clock.elapsed(), 21 * SECOND);
        clock.drift(-500_000);
        sleep(10 * SECOND).await;
        assert_eq!(clock.elapsed(), 26 * SECOND);
        clock.drift(i32::MIN);
        sleep(10 * SECOND).await;
        assert_eq!(clock.elapsed(), 26 * SECOND, "it stands still");
    }
}
