//! A record of what happened, with the paused time of each event.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Locks a mutex even if a holder panicked.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The trace, shared by everyone who has something to note.
#[derive(Clone)]
pub(crate) struct Trace {
    began: Instant,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Default)]
struct Lines {
    trace: Vec<String>,
    broken: Vec<String>,
}

impl Trace {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), lines: Arc::default() }
    }

    /// How much time has passed.
    pub(crate) fn time(&self) -> Duration {
        self.began.elapsed()
    }

    /// Notes something.
    pub(crate) fn note(&self, what: impl Display) {
        let line = format!("{:>7} {what}", self.began.elapsed().as_millis());
        lock(&self.lines).trace.push(line);
    }

    /// Notes a promise that was not kept.
    pub(crate) fn broken(&self, what: impl Display) {
        self.note(format_args!("BROKEN {what}"));
        lock(&self.lines).broken.push(what.to_string());
    }

    /// Whether a promise was broken.
    pub(crate) fn is_broken(&self) -> bool {
        !lock(&self.lines).broken.is_empty()
    }

    /// All lines, and all broken promises.
    pub(crate) fn end(&self) -> (Vec<String>, Vec<String>) {
        let mut lines = lock(&self.lines);
        let Lines { trace, broken } = std::mem::take(&mut *lines);
        (trace, broken)
    }
}
