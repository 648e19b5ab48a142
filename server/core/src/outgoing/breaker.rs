//! The circuit breaker of an endpoint: open while everything would fail, so that nothing is tried in vain.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::policy::{FIRST, wait};
use crate::sync::lock;

/// Failures in a row, each perhaps about its own event, after which nothing else is tried either.
const IN_A_ROW: u32 = 8;

/// The longest wait between attempts at an endpoint that fails altogether, unless it asks for a longer one: one
/// request in a minute is no burden, and when it is back the first event is hardly late.
pub(super) const LONGEST_OPEN: Duration = Duration::from_secs(60);

/// Opens at a failure that is not about one event only. After a wait it is half open: a single attempt is let
/// through, and closes it or opens it again.
#[derive(Debug, Default)]
pub(super) struct CircuitBreaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    in_a_row: u32,
    openings: u64,
    until: Option<Instant>,
    /// Whether the single attempt is under way.
    probing: bool,
}

impl State {
    fn wait(&self, now: Instant) -> Option<Duration> {
        let left = self.until.map(|until| until.saturating_duration_since(now));
        left.filter(|left| !left.is_zero())
    }
}

impl CircuitBreaker {
    /// How many attempts may be under way now, of so many at most.
    pub(super) fn width(&self, most: usize, now: Instant) -> usize {
        let state = lock(&self.0);
        match (state.wait(now), state.openings) {
            (Some(_), _) => 0,
            (None, 0) => most,
            (None, _) => 1,
        }
    }

    /// Whether it is open, or half open.
    pub(super) fn is_open(&self) -> bool {
        lock(&self.0).openings > 0
    }

    /// How long it is still open.
    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        lock(&self.0).wait(now)
    }

    /// Takes the permission for an attempt; else the wait until there is one again.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = lock(&self.0);
        match state.wait(now) {
            Some(left) => Err(left),
            None if state.openings > 0 && state.probing => Err(FIRST),
            None => {
                state.probing = state.openings > 0;
                Ok(())
            }
        }
    }

    /// The endpoint gave an answer about an event; says whether the breaker was open before.
    pub(super) fn close(&self) -> bool {
        std::mem::take(&mut *lock(&self.0)).openings > 0
    }

    /// An attempt failed, and `all` says whether everything else would fail, too; gives the wait if the breaker
    /// is open now.
    pub(super) fn failed(
        &self,
        (all, after): (bool, Option<Duration>),
        random: u64,
        now: Instant,
    ) -> Option<Duration> {
        let mut state = lock(&self.0);
        state.in_a_row = state.in_a_row.saturating_add(1);
        if !all && state.in_a_row < IN_A_ROW && state.openings == 0 {
            return None;
        }
        // Attempts that were under way when it opened say nothing new.
        if let Some(left) = state.wait(now) {
            return Some(left);
        }
        state.openings += 1;
        state.probing = false;
        let wait = wait(state.openings, LONGEST_OPEN, random).max(after.unwrap_or_default());
        state.until = Some(now + wait);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_fails_altogether_is_tried_with_one_event_at_a_time() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        assert_eq!(breaker.width(64, now), 64);
        let asked = Duration::from_secs(20);
        assert_eq!(breaker.failed((true, Some(asked)), 0, now), Some(asked));
        assert_eq!(breaker.failed((true, None), 0, now), Some(asked), "it is open already");
        assert_eq!((breaker.width(64, now), breaker.admit(now)), (0, Err(asked)));
        let later = now + asked;
        assert_eq!(breaker.width(64, later), 1);
        assert_eq!(breaker.admit(later), Ok(()));
        assert!(breaker.admit(later).is_err(), "one is under way");
        let wait = breaker.failed((false, None), u64::MAX, later).expect("open again");
        assert!(wait > Duration::from_secs(4) && wait <= LONGEST_OPEN, "{wait:?}");
        assert!(breaker.close());
        assert_eq!(breaker.width(64, later), 64);
        assert!(breaker.admit(later).is_ok() && breaker.admit(later).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_event_that_fails_opens_nothing_and_all_of_them_do() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(breaker.failed((false, None), 0, now), None);
            assert!(!breaker.close());
        }
        for _ in 1..IN_A_ROW {
            assert_eq!(breaker.failed((false, None), 0, now), None);
        }
        assert!(breaker.failed((false, None), 0, now).is_some());
    }
}
