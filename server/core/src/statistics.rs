//! The counters of core.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters, written from everywhere.
#[derive(Debug, Default)]
pub struct Counters {
    delivered: AtomicU64,
    told: AtomicU64,
    commands: AtomicU64,
    refused: AtomicU64,
}

impl Counters {
    pub(crate) fn delivered(&self, count: u64) {
        self.delivered.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn told(&self, count: u64) {
        self.told.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn command(&self, done: bool) {
        self.commands.fetch_add(1, Ordering::Relaxed);
        if !done {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self, sessions: usize, rooms: usize) -> Statistics {
        Statistics {
            sessions,
            rooms,
            delivered: self.delivered.load(Ordering::Relaxed),
            told: self.told.load(Ordering::Relaxed),
            commands: self.commands.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

/// The state of core in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Sessions now.
    pub sessions: usize,
    /// Rooms in memory now.
    pub rooms: usize,
    /// Entries put into sessions' queues since the start.
    pub delivered: u64,
    /// Markers, attendance and typing put into sessions' queues since the start.
    pub told: u64,
    /// Commands answered since the start.
    pub commands: u64,
    /// Those of them that were answered with an error.
    pub refused: u64,
}
