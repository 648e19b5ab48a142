//! A queue with one reader, bounded by items and by bytes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// What waits. What does not fit is refused, so nobody who adds has to wait.
pub(crate) struct Queue<T> {
    most_items: usize,
    most_bytes: usize,
    waiting: Mutex<Waiting<T>>,
    arrived: Notify,
}

struct Waiting<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(most_items: usize, most_bytes: usize) -> Self {
        let waiting = Mutex::new(Waiting { items: VecDeque::new(), bytes: 0, closed: false });
        Self { most_items, most_bytes, waiting, arrived: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item of so many bytes, if it fits.
    pub(crate) fn push(&self, item: T, bytes: usize) -> bool {
        let mut waiting = self.lock();
        let fits = waiting.items.len() < self.most_items
            && waiting.bytes.saturating_add(bytes) <= self.most_bytes
            && !waiting.closed;
        if fits {
            waiting.bytes += bytes;
            waiting.items.push_back((item, bytes));
            drop(waiting);
            self.arrived.notify_one();
        }
        fits
    }

    /// Adds a mark, also to a full queue, unless the last item is the same already.
    pub(crate) fn mark(&self, mark: T)
    where
        T: PartialEq,
    {
        let mut waiting = self.lock();
        if waiting.items.back().is_none_or(|(last, _)| *last != mark) {
            waiting.items.push_back((mark, 0));
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Ends the queue. What waits is still read.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// What comes next; none when the queue has ended. Dropping the future loses nothing.
    pub(crate) async fn next(&self) -> Option<T> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut waiting = self.lock();
                if let Some((item, bytes)) = waiting.items.pop_front() {
                    waiting.bytes -= bytes;
                    return Some(item);
                }
                if waiting.closed {
                    return None;
                }
            }
            arrived.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_fit_is_refused() {
        let queue = Queue::new(3, 10);
        assert!(queue.push("five", 5));
        assert!(queue.push("again", 5));
        assert!(!queue.push("one byte more", 1));
        assert!(queue.push("nothing", 0));
        assert!(!queue.push("a fourth", 0));
        // One mark stands for everything that was refused in its place.
        queue.mark("gap");
        queue.mark("gap");
        for expected in ["five", "again", "nothing", "gap"] {
            assert_eq!(queue.next().await, Some(expected));
        }
        assert!(queue.push("there is room again", 10));
        queue.close();
        assert!(!queue.push("too late", 0));
        assert_eq!(queue.next().await, Some("there is room again"));
        assert_eq!(queue.next().await, None);
    }
}
