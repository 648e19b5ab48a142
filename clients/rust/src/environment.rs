//! What a client takes from its surroundings: wall-clock time and randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use caffis_schema::Timestamp;

/// Wall-clock time and randomness; a simulation gives its own.
pub trait Environment: Send + Sync + 'static {
    /// Now, in milliseconds since 1970 (UTC). May jump in either direction.
    fn now(&self) -> Timestamp;

    /// Fills the buffer with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// A number below `bound`; 0 where the bound is 0.
pub(crate) fn below(environment: &dyn Environment, bound: u64) -> u64 {
    let mut bytes = [0; 8];
    environment.fill(&mut bytes);
    u64::from_le_bytes(bytes).checked_rem(bound).unwrap_or(0)
}

/// The clock and the randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnvironment;

impl Environment for SystemEnvironment {
    #[expect(clippy::disallowed_methods, reason = "this is the one place for the system's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::after_epoch(since)
    }

    fn fill(&self, buffer: &mut [u8]) {
        rand::fill(buffer);
    }
}
