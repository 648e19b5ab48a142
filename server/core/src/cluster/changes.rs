//! Telling any number of tasks that something has changed.
//!
//! Tasks wake in the order in which they began to wait. Those of tokio's `watch` wake in a random one, with which
//! a life of the simulation would not repeat.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

/// What has changed so often; dropping it ends all [`Changes`].
#[derive(Debug, Default)]
pub(super) struct Marks(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    count: AtomicU64,
    ended: AtomicBool,
    marked: Notify,
}

/// One who wants to hear of changes.
#[derive(Debug)]
pub struct Changes {
    shared: Arc<Shared>,
    seen: u64,
}

impl Marks {
    /// It has changed.
    pub(super) fn mark(&self) {
        self.0.count.fetch_add(1, Ordering::AcqRel);
        self.0.marked.notify_waiters();
    }

    /// Tells of what changes from now on.
    pub(super) fn follow(&self) -> Changes {
        Changes { shared: self.0.clone(), seen: self.0.count.load(Ordering::Acquire) }
    }
}

impl Drop for Marks {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
        self.0.marked.notify_waiters();
    }
}

impl Changes {
    /// Whether something has changed since the last change that was told, which it is now.
    pub fn take(&mut self) -> bool {
        let count = self.shared.count.load(Ordering::Acquire);
        std::mem::replace(&mut self.seen, count) != count
    }

    /// Waits for a change since the last one that was told; false when nothing will change any more.
    pub async fn changed(&mut self) -> bool {
        loop {
            let shared = self.shared.clone();
            // Before looking, so that no change falls between.
            let mut marked = pin!(shared.marked.notified());
            marked.as_mut().enable();
            if self.take() {
                return true;
            }
            if shared.ended.load(Ordering::Acquire) {
                return false;
            }
            marked.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::task::yield_now;

    use super::*;
    use crate::sync::lock;

    #[tokio::test]
    #[allow(clippy::disallowed_methods, reason = "each waits in a task of its own")]
    async fn all_wake_in_the_order_in_which_they_began_to_wait() {
        let (marks, order) = (Marks::default(), Arc::<std::sync::Mutex<Vec<u32>>>::default());
        for number in 0..100 {
            let (mut changes, order) = (marks.follow(), order.clone());
            tokio::spawn(async move {
                assert!(changes.changed().await);
                lock(&order).push(number);
            });
            yield_now().await;
        }
        marks.mark();
        while lock(&order).len() < 100 {
            yield_now().await;
        }
        assert!(lock(&order).is_sorted());
    }

    #[tokio::test]
    async fn whoever_did_not_wait_hears_of_it_once_and_the_end_is_told() {
        let marks = Marks::default();
        let mut changes = marks.follow();
        marks.mark();
        marks.mark();
        assert!(changes.take() && !changes.take());
        marks.mark();
        assert_eq!(changes.changed().now_or_never(), Some(true));
        let mut waiting = Box::pin(changes.changed());
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(marks);
        assert!(!waiting.await);
    }
}
