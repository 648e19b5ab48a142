//! The queue of the commit thread: many writers, one reader that takes everything at once.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use caffis_core::ports::store::{StoreError, Swap, Table, Value};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// The most bytes of batches that wait or are being committed; further writers wait.
pub(crate) const MAX_QUEUED_BYTES: u32 = 64 * 1024 * 1024;

/// What a batch takes of [`MAX_QUEUED_BYTES`] beside its bytes; it bounds how many small ones wait.
pub(crate) const REQUEST_OVERHEAD_BYTES: usize = 4 * 1024;

/// The most requests that are committed together.
const MAX_GROUP_REQUESTS: usize = 1_024;

/// One operation, encoded.
pub(crate) enum Encoded {
    Put { table: &'static str, key: Vec<u8>, value: Vec<u8> },
    Delete { table: &'static str, key: Vec<u8> },
    DeleteRange { table: &'static str, start: Vec<u8>, end: Option<Vec<u8>> },
}

/// What a request wants.
pub(crate) enum Work {
    Write(Vec<Encoded>),
    Insert { table: &'static Table, key: Vec<u8>, value: Vec<u8> },
    Swap { table: &'static Table, key: Vec<u8>, expected: Vec<Value>, value: Vec<u8> },
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was written.
    Done,
    /// A condition did not hold; these are the values that are there.
    Found(Option<Vec<Value>>),
}

impl Outcome {
    /// The answer of a compare-and-set.
    pub(crate) fn swap(self, key: caffis_core::ports::store::Key) -> Swap {
        match self {
            Self::Done => Swap::Done,
            Self::Found(values) => {
                Swap::Found(values.map(|values| caffis_core::ports::store::Row { key, values }))
            }
        }
    }
}

/// A request in the queue.
pub(crate) struct Request {
    pub(crate) work: Work,
    pub(crate) reply: oneshot::Sender<Result<Outcome, StoreError>>,
    /// Its share of [`MAX_QUEUED_BYTES`], free again when it is answered.
    pub(crate) _share: OwnedSemaphorePermit,
}

#[derive(Default)]
struct State {
    requests: VecDeque<Request>,
    closed: bool,
    waiting: bool,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request; gives it back when the store is closing.
    pub(crate) fn push(&self, request: Request) -> Result<(), Request> {
        let mut state = self.lock();
        if state.closed {
            return Err(request);
        }
        state.requests.push_back(request);
        let wake = std::mem::take(&mut state.waiting);
        drop(state);
        // Only a sleeping reader needs a wake, which is a system call.
        if wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Takes what has gathered; waits for the first, but not longer than `patience`. None when the
    /// queue is closed and empty.
    pub(crate) fn take(&self, patience: Duration) -> Option<Vec<Request>> {
        let mut state = self.lock();
        if state.requests.is_empty() && !state.closed {
            state.waiting = true;
            let waited = self.arrived.wait_timeout(state, patience);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting = false;
        }
        if state.requests.is_empty() && state.closed {
            return None;
        }
        let count = state.requests.len().min(MAX_GROUP_REQUESTS);
        Some(state.requests.drain(..count).collect())
    }

    /// Takes no more requests; what is queued is still served.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Takes no more requests and drops those that are queued.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.requests.clear();
    }
}
