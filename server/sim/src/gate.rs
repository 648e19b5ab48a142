//! The doors of a process: open while it runs, shut for a while when it is paused, and for ever once it is
//! dead. Everything that goes into or out of a process passes them: calls of the store, messages of the
//! bus, frames of links.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use crate::trace::lock;

/// Nothing passes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dead;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Shut,
    Dead,
}

#[derive(Default)]
struct Doors {
    phase: Phase,
    /// Who waits, in the order of arrival; they go on in that order, so that a seed repeats exactly.
    waiting: Vec<Waker>,
}

/// The doors of one process, or of one link.
#[derive(Default)]
pub(crate) struct Gate(Mutex<Doors>);

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Nothing passes until it is opened again.
    pub(crate) fn shut(&self) {
        self.change(Phase::Shut);
    }

    /// What waits goes on.
    pub(crate) fn open(&self) {
        self.change(Phase::Open);
    }

    /// Nothing passes ever again.
    pub(crate) fn kill(&self) {
        self.change(Phase::Dead);
    }

    fn change(&self, phase: Phase) {
        let waiting = {
            let mut doors = lock(&self.0);
            if doors.phase == Phase::Dead {
                return;
            }
            doors.phase = phase;
            std::mem::take(&mut doors.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_shut(&self) -> bool {
        lock(&self.0).phase == Phase::Shut
    }

    pub(crate) fn is_dead(&self) -> bool {
        lock(&self.0).phase == Phase::Dead
    }

    /// Ready when something may pass.
    pub(crate) fn poll_pass(&self, cx: &mut Context<'_>) -> Poll<Result<(), Dead>> {
        let mut doors = lock(&self.0);
        match doors.phase {
            Phase::Open => Poll::Ready(Ok(())),
            Phase::Dead => Poll::Ready(Err(Dead)),
            Phase::Shut => {
                if !doors.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
                    doors.waiting.push(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// Waits until something may pass.
    ///
    /// # Errors
    /// The process is dead.
    pub(crate) async fn pass(&self) -> Result<(), Dead> {
        poll_fn(|cx| self.poll_pass(cx)).await
    }
}
