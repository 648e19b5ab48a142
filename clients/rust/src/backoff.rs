//! How long to wait before the next attempt: full jitter, so that clients that were cut together do
//! not come back together.

use std::time::Duration;

use crate::environment::{Environment, below};

/// Doubling delays with full jitter: each is anywhere between nothing and its bound.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempts: u32,
}

impl Backoff {
    /// The first bound and the largest.
    #[must_use]
    pub fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, attempts: 0 }
    }

    /// The bound of the next delay.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.base.saturating_mul(1 << self.attempts.min(20)).min(self.cap)
    }

    /// The next delay.
    pub fn next(&mut self, environment: &dyn Environment) -> Duration {
        let delay = self.jitter(environment);
        self.attempts = self.attempts.saturating_add(1);
        delay
    }

    /// The delay that a server advised, spread by the present bound.
    pub fn advised(&self, delay: Duration, environment: &dyn Environment) -> Duration {
        delay.saturating_add(self.jitter(environment))
    }

    /// All is well: begin again with the first bound.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    fn jitter(&self, environment: &dyn Environment) -> Duration {
        let bound = u64::try_from(self.bound().as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(below(environment, bound + 1))
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::Timestamp;

    use super::*;

    struct Highest;

    impl Environment for Highest {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }

        fn fill(&self, buffer: &mut [u8]) {
            // The largest number below every bound that is a power of two; for others, some number.
            buffer.fill(0xff);
        }
    }

    #[test]
    fn bounds_double_up_to_the_cap_and_begin_again() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(20));
        let mut bounds = Vec::new();
        for _ in 0..9 {
            bounds.push(backoff.bound().as_millis());
            let bound = backoff.bound();
            assert!(backoff.next(&Highest) <= bound);
        }
        assert_eq!(bounds, [200, 400, 800, 1600, 3200, 6400, 12_800, 20_000, 20_000]);
        backoff.reset();
        assert_eq!(backoff.bound(), Duration::from_millis(200));
    }

    #[test]
    fn an_advised_delay_is_never_cut_short() {
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(20));
        let delay = backoff.advised(Duration::from_secs(3), &Highest);
        assert!(delay >= Duration::from_secs(3) && delay <= Duration::from_millis(3_200));
    }

    #[test]
    fn many_attempts_do_not_overflow() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(20));
        for _ in 0..200 {
            backoff.next(&Highest);
        }
        assert_eq!(backoff.bound(), Duration::from_secs(20));
    }
}
