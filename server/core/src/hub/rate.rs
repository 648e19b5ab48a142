//! Token buckets.

use std::time::Duration;

use tokio::time::Instant;

/// Lets through `rate` a second for long, and as many at once after a quiet second.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl TokenBucket {
    /// A full bucket for this many a second.
    #[must_use]
    pub fn new(rate: u32, now: Instant) -> Self {
        let rate = f64::from(rate);
        Self { rate, tokens: rate, filled: now }
    }

    /// Takes one, or says how long to wait for it.
    ///
    /// # Errors
    /// The time until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_many(1, now)
    }

    /// Takes several at once, or says how long to wait for them; never more than a full bucket has.
    ///
    /// # Errors
    /// The time until there are so many.
    pub fn take_many(&mut self, count: u32, now: Instant) -> Result<(), Duration> {
        let wanted = f64::from(count).min(self.rate).max(1.0);
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.rate).min(self.rate);
        self.filled = now;
        if self.tokens >= wanted {
            self.tokens -= wanted;
            return Ok(());
        }
        // A rate of nothing never lets anything through; a minute is as good as never.
        let wait = (wanted - self.tokens) / self.rate.max(1.0 / 60.0);
        Err(Duration::from_secs_f64(wait))
    }

    /// How many may be taken at once now.
    #[must_use]
    pub fn left(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        // Rounds down, and never is more than the rate.
        (self.tokens + passed * self.rate).min(self.rate) as u32
    }

    /// Whether it has been left alone for so long that a new one is the same.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens + passed * self.rate >= self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, start);
        assert!((0..10).all(|_| bucket.take(start).is_ok()));
        let wait = bucket.take(start).expect_err("the eleventh has to wait");
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        assert!(bucket.take(start + Duration::from_millis(101)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(102)).is_err());
        assert_eq!(bucket.left(start + Duration::from_millis(450)), 3);
        assert!(bucket.is_full(start + Duration::from_secs(2)));
    }
}
