//! Round trips measured with pings, for transports that do not measure them.

use std::time::Duration;

use tokio::time::Instant;

/// The share of a new measurement in the smoothed value is one in this many, as in TCP.
const SMOOTHING: u32 = 8;

/// The time until pings are answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundTrip {
    asked: Option<Instant>,
    smoothed: Option<Duration>,
}

impl RoundTrip {
    /// A ping is sent. While another is unanswered, that one is measured.
    pub fn asked(&mut self) {
        self.asked.get_or_insert_with(Instant::now);
    }

    /// The answer came.
    pub fn answered(&mut self) {
        let Some(asked) = self.asked.take() else { return };
        let took = asked.elapsed();
        self.smoothed = Some(match self.smoothed {
            Some(smoothed) => (smoothed * (SMOOTHING - 1) + took) / SMOOTHING,
            None => took,
        });
    }

    /// The smoothed round trip, or none before the first answer.
    #[must_use]
    pub fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn measurements_are_smoothed_and_unasked_answers_ignored() {
        let mut round_trip = RoundTrip::default();
        round_trip.answered();
        assert_eq!(round_trip.smoothed(), None);
        for took in [80, 160] {
            round_trip.asked();
            advance(Duration::from_millis(took)).await;
            round_trip.answered();
            round_trip.answered();
        }
        assert_eq!(round_trip.smoothed(), Some(Duration::from_millis(90)));
    }
}
