//! Locks and tasks, each in the one way that core uses them.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Takes a lock. A panic while it was held has been reported where it happened; the data stays
/// usable, because every change below a lock is complete before anything that could panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a task: the only place in core that does. What runs here is bounded by its caller: one
/// driver for each busy room, one write of markers for each room, one write of each person's row and one of
/// those that are gathered, one timer for each person who just went, core's housekeeping and the telling of
/// updates.
#[allow(clippy::disallowed_methods)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
