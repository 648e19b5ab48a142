//! The machine's clock and randomness, as core's ports.

use std::time::{SystemTime, UNIX_EPOCH};

use caffis_core::ports::{clock::Clock, entropy::Entropy};
use caffis_schema::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::after_epoch(since)
    }
}

/// The machine's source of randomness.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // Going on without randomness would make identifiers that can be guessed.
        if self.0.fill(buffer).is_err() {
            tracing::error!("the system gives no randomness");
            std::process::abort();
        }
    }
}
