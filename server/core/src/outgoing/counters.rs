//! What is counted of each endpoint.

use std::sync::atomic::{AtomicU64, Ordering};

use caffis_schema::Timestamp;

/// What became of an endpoint's webhooks, since the process started, on this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointStatistics {
    /// The endpoint's name.
    pub endpoint: String,
    /// Webhooks that the endpoint has taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Webhooks that were given up.
    pub dead: u64,
    /// Attempts under way.
    pub in_flight: u64,
    /// Rooms of which it has not been told all, because an attempt failed.
    pub waiting: u64,
    /// Since when the first one of them waits.
    pub oldest: Option<Timestamp>,
}

impl EndpointStatistics {
    /// Those of no endpoint.
    #[must_use]
    pub fn none() -> Self {
        Counters::default().read("", (0, None))
    }
}

/// The counters of one endpoint.
#[derive(Debug, Default)]
pub(super) struct Counters {
    delivered: AtomicU64,
    failed: AtomicU64,
    dead: AtomicU64,
    in_flight: AtomicU64,
}

/// An attempt under way; it is over by Drop.
pub(super) struct Attempt<'a>(&'a Counters);

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    pub(super) fn attempt(&self) -> Attempt<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Attempt(self)
    }

    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn died(&self) {
        self.dead.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(
        &self,
        endpoint: &str,
        (waiting, oldest): (usize, Option<Timestamp>),
    ) -> EndpointStatistics {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        EndpointStatistics {
            endpoint: endpoint.to_owned(),
            delivered: load(&self.delivered),
            failed: load(&self.failed),
            dead: load(&self.dead),
            in_flight: load(&self.in_flight),
            waiting: waiting as u64,
            oldest,
        }
    }
}
