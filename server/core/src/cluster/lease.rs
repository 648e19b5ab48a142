//! A node's own lease, as the rest of the process sees it. `holder` renews it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::clock::TokioClock;
use crate::ports::{clock::SharedBootClock, store::Stamp};

/// The lease is over.
const OVER: u64 = 0;

/// The lease of the only process of a store.
const FOR_EVER: u64 = u64::MAX;

/// How a lease ended. It never comes back: the process has to start again as a new node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No renewal took effect for the whole lease time. Other nodes take the shards over.
    Lapsed,
    /// Another node ended it, or its row is not what this node wrote.
    Fenced,
    /// The node left by itself.
    Left,
}

/// What is known of the own lease row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Stamps up to here are reserved by a renewal known to have taken effect (rule 7).
    pub(super) reserved: Stamp,
    /// All further stamps are larger than this one.
    pub(super) above: Stamp,
    /// The row says that the node is leaving.
    pub(super) leaving: bool,
    pub(super) ended: Option<Ended>,
    /// The row says that the lease has ended.
    pub(super) fenced: bool,
}

/// What the next renewal should also do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wishes {
    /// Reserve stamps above this one, and use only those.
    pub(super) above: Stamp,
    pub(super) leaving: bool,
}

/// A node's own lease. Cheap to clone; all clones are the same lease.
#[derive(Clone)]
pub struct Lease(Arc<Shared>);

struct Shared {
    renewed: AtomicU64,
    not_renewed: AtomicU64,
    clock: SharedBootClock,
    /// The lease is held before this moment of the clock, in nanoseconds.
    until: AtomicU64,
    known: watch::Sender<Known>,
    wishes: watch::Sender<Wishes>,
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(FOR_EVER - 1)
}

impl Lease {
    /// The lease of the only process of a locked store: always held, without asking a clock.
    #[must_use]
    pub fn always() -> Self {
        Self::new(Arc::new(TokioClock::default()), FOR_EVER, Known::default())
    }

    /// A lease that took effect, counted from a moment.
    pub(super) fn counted(clock: SharedBootClock, until: Duration, known: Known) -> Self {
        Self::new(clock, nanoseconds(until), known)
    }

    fn new(clock: SharedBootClock, until: u64, known: Known) -> Self {
        let (known, wishes) = (watch::Sender::new(known), watch::Sender::default());
        let (renewed, not_renewed) = Default::default();
        let until = AtomicU64::new(until);
        Self(Arc::new(Shared { renewed, not_renewed, clock, until, known, wishes }))
    }

    /// Whether the lease is held now: an atomic read and a clock read. Check it after a write is durable
    /// and before the write is acknowledged (rule 11). Once false, it is never true again.
    #[must_use]
    pub fn held(&self) -> bool {
        let until = self.0.until.load(Ordering::Acquire);
        until == FOR_EVER || (until != OVER && self.held_until(until))
    }

    fn held_until(&self, mut until: u64) -> bool {
        loop {
            let now = nanoseconds(self.0.clock.elapsed());
            if now < until {
                return true;
            }
            // Seeing that it is over makes it final: a renewal that becomes known at this moment must
            // not bring it back.
            match self.over(until, Ended::Lapsed) {
                Ok(()) | Err(OVER) => return false,
                Err(extended) => until = extended,
            }
        }
    }

    fn over(&self, until: u64, how: Ended) -> Result<(), u64> {
        let shared = &self.0;
        let changed =
            shared.until.compare_exchange(until, OVER, Ordering::AcqRel, Ordering::Acquire);
        changed?;
        shared.known.send_modify(|known| known.ended = Some(how));
        Ok(())
    }

    /// Ends the lease from this moment on, if it has not ended.
    pub(super) fn end(&self, how: Ended) {
        let mut until = self.0.until.load(Ordering::Acquire);
        while until != OVER {
            match self.over(until, how) {
                Ok(()) => return,
                Err(other) => until = other,
            }
        }
    }

    /// Extends the lease after a renewal, unless it is over already.
    pub(super) fn extend(&self, until: Duration) {
        let new = nanoseconds(until);
        let mut old = self.0.until.load(Ordering::Acquire);
        while old < new && old != OVER && self.held_until(old) {
            let changed =
                self.0.until.compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire);
            match changed {
                Ok(_) => return,
                Err(other) => old = other,
            }
        }
    }

    /// How often the lease was renewed.
    #[must_use]
    pub fn renewals(&self) -> u64 {
        self.0.renewed.load(Ordering::Relaxed)
    }

    /// How often an attempt to renew it failed, or ended without an answer.
    #[must_use]
    pub fn failed_renewals(&self) -> u64 {
        self.0.not_renewed.load(Ordering::Relaxed)
    }

    pub(super) fn count_renewal(&self, took_effect: bool) {
        let counter = if took_effect { &self.0.renewed } else { &self.0.not_renewed };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How the lease ended; waits until it does.
    pub async fn ended(&self) -> Ended {
        let mut known = self.0.known.subscribe();
        // The sender lives as long as this lease.
        match known.wait_for(|known| known.ended.is_some()).await.map(|known| known.ended) {
            Ok(Some(how)) => how,
            _ => Ended::Lapsed,
        }
    }

    /// How the lease ended, if it has.
    #[must_use]
    pub fn standing(&self) -> Option<Ended> {
        // Notices that it has run out.
        let _ = self.held();
        self.0.known.borrow().ended
    }

    pub(super) fn known(&self) -> Known {
        *self.0.known.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Known> {
        self.0.known.subscribe()
    }

    /// Notes what is now known to be in the store.
    pub(super) fn learn(&self, learn: impl FnOnce(&mut Known)) {
        self.0.known.send_modify(learn);
    }

    pub(super) fn wishes(&self) -> watch::Receiver<Wishes> {
        self.0.wishes.subscribe()
    }

    pub(super) fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        self.0.wishes.send_modify(wish);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::clock::BootClock;

    struct Hand(AtomicU64);

    impl BootClock for Hand {
        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn lease() -> (Arc<Hand>, Lease) {
        let clock = Arc::new(Hand(AtomicU64::new(100)));
        let lease = Lease::counted(clock.clone(), Duration::from_secs(105), Known::default());
        (clock, lease)
    }

    #[test]
    fn a_lease_is_held_until_its_end_and_then_never_again() {
        let (clock, lease) = lease();
        assert!(lease.held());
        clock.0.store(104, Ordering::Relaxed);
        lease.extend(Duration::from_secs(106));
        clock.0.store(105, Ordering::Relaxed);
        assert!(lease.held());
        // An older renewal that becomes known later does not shorten it.
        lease.extend(Duration::from_secs(103));
        assert!(lease.held());
        clock.0.store(106, Ordering::Relaxed);
        // The renewal becomes known too late, though nobody has asked in between.
        lease.extend(Duration::from_secs(110));
        assert!(!lease.held());
        assert_eq!(lease.standing(), Some(Ended::Lapsed));
        clock.0.store(100, Ordering::Relaxed);
        lease.extend(Duration::from_secs(110));
        assert!(!lease.held(), "not even by a clock that goes back");
    }

    #[test]
    fn a_lease_that_was_ended_stays_so() {
        let (_, lease) = lease();
        lease.end(Ended::Fenced);
        lease.end(Ended::Left);
        lease.extend(Duration::from_secs(200));
        assert!(!lease.held());
        assert_eq!(lease.standing(), Some(Ended::Fenced));
    }

    #[tokio::test(start_paused = true)]
    async fn the_lease_of_one_process_lasts_for_ever() {
        let lease = Lease::always();
        tokio::time::advance(Duration::from_secs(1 << 40)).await;
        assert!(lease.held());
        assert_eq!(lease.standing(), None);
    }
}
