//! How much one call may read.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The most scans of one call.
pub const SCANS: usize = 2_000;

/// The most rows of one call, about: the scan in which it is reached ends first.
pub const ROWS: usize = 50_000;

/// Messages in one row that cost about as much as a row of their own.
const PACKED: usize = 64;

/// What a call may still read; shared by the rooms that are looked at side by side.
#[derive(Debug)]
pub(super) struct Budget {
    scans: AtomicUsize,
    rows: AtomicUsize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { scans: SCANS.into(), rows: ROWS.into() }
    }

    /// Takes a scan; false if there is none left.
    pub(super) fn scan(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        self.rows.load(Ordering::Relaxed) > 0
            && self.scans.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Counts the messages of a term in a sealed bucket, which are read at once: a row for every [`PACKED`].
    pub(super) fn read_block(&self, messages: usize) {
        self.read(messages / PACKED + 1);
    }

    /// Counts rows that were read.
    pub(super) fn read(&self, rows: usize) {
        let less = |left: usize| Some(left.saturating_sub(rows));
        // It never fails: there is always a next value.
        let _ = self.rows.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}
