//! The clock that leases are counted by.

use std::time::Duration;

use tokio::time::Instant;

use crate::ports::clock::BootClock;

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
