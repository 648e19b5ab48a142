//! Locks and tasks, each in the one way that core uses them.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

/// Takes a lock. A panic while it was held has been reported where it happened; the data stays
/// usable, because every change below a lock is complete before anything that could panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a task: the only place in core that does. Whoever calls this bounds the number of tasks: one
/// driver for each busy room, one write of markers for each room, one write of each person's row and one of
/// gathered rows, one timer for each person who just went, one
/// telling of what a new session found in a person's list, one for each command about a scheduled message, three loops for each endpoint of webhooks, three
/// that follow the rooms for the search index, and core's own loops. On several nodes also: one
/// queue of questions for each room, one filling of each view, the questions that are answered at the same
/// time, one subscription for each person who joins a room, what is told of each node that went, and what is
/// missing of each recap.
#[allow(clippy::disallowed_methods)]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Does something at once and then in each period, one time after the other, until core ends.
pub(crate) async fn every<F: Future<Output = ()>>(
    period: Duration,
    mut ended: watch::Receiver<()>,
    mut act: impl FnMut() -> F,
) {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = ended.changed() => return,
            _ = ticks.tick() => {}
        }
        act().await;
    }
}
