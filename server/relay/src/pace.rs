//! Waits between attempts.

use std::time::{Duration, Instant};

use rand::Rng;

use crate::{send::Scope, settings::Limits};

/// Doublings after which a wait is the longest in any case.
const MAX_DOUBLINGS: u32 = 20;

/// The wait before the next attempt: doubled each time, and a random part of it, so that what failed together
/// does not come back together.
pub(crate) fn backoff(limits: &Limits, attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(MAX_DOUBLINGS);
    let longest = limits.retry_first.saturating_mul(1 << doublings).min(limits.retry_longest);
    longest.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Failures in a row, each perhaps about its own event, after which nothing else is tried either.
const IN_A_ROW: u32 = 8;

/// Whether the receiver wants anything at all now. It is closed after a failure that is not about one event only,
/// and lets a single attempt through after a wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    in_a_row: u32,
    closings: u32,
    closed_until: Option<Instant>,
    /// Whether the single attempt is under way.
    probing: bool,
    stopped: bool,
}

impl Gate {
    /// How long it is still closed.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        let wait = self.closed_until.and_then(|until| until.checked_duration_since(now));
        wait.filter(|wait| !wait.is_zero())
    }

    /// How many events may be sent at once.
    pub(crate) fn width(&self, in_flight: usize, now: Instant) -> usize {
        match (self.wait(now), self.closings) {
            (Some(_), _) => 0,
            (None, 0) => in_flight,
            (None, _) => 1,
        }
    }

    /// Whether an attempt may be made now.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        if self.stopped || self.wait(now).is_some() || (self.closings > 0 && self.probing) {
            return false;
        }
        self.probing = self.closings > 0;
        true
    }

    /// From now on none may.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// The receiver gave an answer about an event; says whether it was closed before.
    pub(crate) fn open(&mut self) -> bool {
        let stopped = self.stopped;
        std::mem::replace(self, Self { stopped, ..Self::default() }).closings > 0
    }

    /// An attempt failed; gives the wait if this one closed it.
    pub(crate) fn failed(
        &mut self,
        limits: &Limits,
        scope: Scope,
        after: Option<Duration>,
        now: Instant,
    ) -> Option<Duration> {
        self.in_a_row = self.in_a_row.saturating_add(1);
        let about_one = scope == Scope::Event && self.in_a_row < IN_A_ROW && self.closings == 0;
        // Attempts that were under way when it closed say nothing new.
        if about_one || self.wait(now).is_some() {
            return None;
        }
        self.closings = self.closings.saturating_add(1);
        self.probing = false;
        let wait = backoff(limits, self.closings).max(after.unwrap_or_default());
        self.closed_until = Some(now + wait);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let limits = Limits::default();
        let cases = [(0, 1), (1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (u32::MAX, 300)];
        for (attempts, longest) in cases {
            let longest = Duration::from_secs(longest);
            for _ in 0..100 {
                let wait = backoff(&limits, attempts);
                assert!(wait >= longest / 2 && wait <= longest, "{attempts}: {wait:?}");
            }
        }
    }

    #[test]
    fn the_gate_closes_once_for_what_failed_together() {
        let (limits, now) = (Limits::default(), Instant::now());
        let mut gate = Gate::default();
        assert_eq!(gate.width(64, now), 64);
        let asked = Duration::from_secs(20);
        assert_eq!(gate.failed(&limits, Scope::Receiver, Some(asked), now), Some(asked));
        assert_eq!(gate.failed(&limits, Scope::Receiver, None, now), None);
        assert_eq!(gate.width(64, now), 0);
        let later = now + asked;
        assert_eq!(gate.width(64, later), 1, "one more attempt is made");
        assert!(gate.admit(later) && !gate.admit(later));
        let wait = gate.failed(&limits, Scope::Event, None, later).unwrap();
        assert!(wait >= limits.retry_first, "the second wait is longer");
        assert!(!gate.admit(later));
        assert!(gate.open());
        assert_eq!(gate.width(64, later), 64);
        assert!(gate.admit(later) && gate.admit(later));
        gate.stop();
        assert!(!gate.open() && !gate.admit(later));
    }

    #[test]
    fn one_event_that_fails_holds_up_nobody() {
        let (limits, now) = (Limits::default(), Instant::now());
        let mut gate = Gate::default();
        for _ in 0..100 {
            assert_eq!(gate.failed(&limits, Scope::Event, None, now), None);
            assert!(!gate.open());
        }
        for _ in 1..IN_A_ROW {
            assert_eq!(gate.failed(&limits, Scope::Event, None, now), None);
        }
        assert!(gate.failed(&limits, Scope::Event, None, now).is_some(), "everything fails");
    }
}
