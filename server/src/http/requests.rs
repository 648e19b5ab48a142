//! How often each call of the REST API was asked for, and how long it took: for `metrics`.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::http::StatusCode;
use caffis_core::durations::{Durations, Measured};

/// The classes of statuses that answers have.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Whether a request reads or changes something.
const KINDS: [&str; 2] = ["read", "change"];

/// What is counted of all requests.
#[derive(Debug)]
pub struct Requests {
    /// The names of the calls.
    calls: Vec<&'static str>,
    /// By call and class.
    answers: Vec<[AtomicU64; CLASSES.len()]>,
    times: [Durations; KINDS.len()],
}

impl Requests {
    /// Counts of these calls.
    #[must_use]
    pub fn new(calls: impl IntoIterator<Item = &'static str>) -> Self {
        let calls: Vec<_> = calls.into_iter().collect();
        let answers = calls.iter().map(|_| Default::default()).collect();
        Self { calls, answers, times: Default::default() }
    }

    /// Counts a request to the call at a place among all; `changes` says whether it changes something.
    pub(super) fn count(&self, place: usize, changes: bool, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
        if let Some(answers) = self.answers.get(place) {
            answers[class].fetch_add(1, Ordering::Relaxed);
        }
        self.times[usize::from(changes)].record(took);
    }

    /// How many requests were answered, by call and class of status.
    pub(super) fn answers(&self) -> impl Iterator<Item = ([&'static str; 2], u64)> {
        self.calls.iter().zip(&self.answers).flat_map(|(call, answers)| {
            let counts = answers.iter().map(|count| count.load(Ordering::Relaxed));
            CLASSES.into_iter().zip(counts).map(|(class, count)| ([*call, class], count))
        })
    }

    /// How long they took.
    pub(super) fn times(&self) -> impl Iterator<Item = (&'static str, Measured)> {
        KINDS.into_iter().zip(self.times.iter().map(Durations::read))
    }
}
