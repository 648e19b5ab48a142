//! The clock by which leases are counted.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

/// A clock that only measures how long something took. It never goes back, and it **goes on while the
/// machine is suspended** (`CLOCK_BOOTTIME` on Linux): a lease that was held before a suspend has to be
/// over after it (rule 3).
pub trait BootClock: Send + Sync + 'static {
    /// The time since a moment that stays the same while the process runs.
    fn elapsed(&self) -> Duration;
}

/// A boot clock, shared.
pub type SharedBootClock = Arc<dyn BootClock>;

/// Tokio's clock as a boot clock, for tests and simulations that pause it. It stands still during a
/// suspend: not for a process that shares its store.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock(Instant);

impl Default for TokioClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl BootClock for TokioClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
