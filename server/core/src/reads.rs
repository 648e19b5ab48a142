//! Reads of a room's log from the store, shared: whoever asks for entries that somebody else is reading, or has
//! just read, gets the same ones.
//!
//! A read belongs to the room's head at that time. Whatever changes an entry is an entry itself, so what was
//! read before a change is never found after it. When 1,000 people open the same old page at once, the store is
//! read once; what is kept takes at most [`Settings::page_cache_bytes`], for [`KEPT`].
//!
//! [`Settings::page_cache_bytes`]: crate::Settings::page_cache_bytes

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    mem::size_of,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{Entry, Position, RoomId};
use tokio::{sync::OnceCell, time::Instant};

use crate::{
    model::{page, room::Bucket},
    ports::store::{Store, StoreError},
    room::{read_back, read_forward},
    statistics::{Hits, Lookups},
    sync::lock,
};

/// How long the entries of a read are kept.
const KEPT: Duration = Duration::from_secs(10);

/// Reads that are kept or under way, whatever they hold. Each of those under way has somebody who waits for it;
/// further ones are not shared.
const MOST_READS: usize = 10_000;

/// What a read with its key takes beside its entries, about.
const READ_BYTES: usize = 256;

/// A room's log, as far as somebody knows where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) room: RoomId,
    /// The room's last position.
    pub(crate) head: Position,
    /// Where the entries are.
    pub(crate) buckets: &'a [Bucket],
}

/// Which entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    /// The newest ones up to a position, after another.
    Back { last: Position, after: Position },
    /// The oldest ones between two.
    Forward { first: Position, last: Position },
}

/// A read: of which entries, and how many. Somebody may know only some of the buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    room: RoomId,
    head: Position,
    range: Range,
    limit: usize,
    first_bucket: Position,
    buckets: usize,
}

impl Key {
    fn new(log: Stored<'_>, range: Range, limit: usize) -> Self {
        Self {
            room: log.room,
            head: log.head,
            range,
            limit,
            first_bucket: log.buckets.first().map_or(Position::ZERO, |bucket| bucket.first),
            buckets: log.buckets.len(),
        }
    }
}

type Entries = Vec<Arc<Entry>>;

/// A read that is under way or has ended.
type Read = Arc<OnceCell<Result<Entries, StoreError>>>;

/// The reads that are shared.
#[derive(Debug)]
pub(crate) struct Reads {
    most_bytes: usize,
    lookups: Lookups,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    reads: BTreeMap<Key, Read>,
    /// Those that have ended, in that order, each with its size.
    ended: VecDeque<(Instant, Key, usize)>,
    bytes: usize,
}

impl Reads {
    /// Keeps so many bytes, about.
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { most_bytes, lookups: Lookups::default(), state: Mutex::default() }
    }

    /// The newest entries up to `last`, but after `after`, in order; as [`read_back`].
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn back(
        &self,
        store: &dyn Store,
        log: Stored<'_>,
        (last, after): (Position, Position),
        limit: usize,
    ) -> Result<Entries, StoreError> {
        let key = Key::new(log, Range::Back { last, after }, limit);
        let read = || read_back(store, (log.room, log.buckets), last, after, limit);
        self.share(key, read).await
    }

    /// The oldest entries from `first` to `last`, in order; as [`read_forward`].
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn forward(
        &self,
        store: &dyn Store,
        log: Stored<'_>,
        (first, last): (Position, Position),
        limit: usize,
    ) -> Result<Entries, StoreError> {
        let key = Key::new(log, Range::Forward { first, last }, limit);
        let read = || read_forward(store, (log.room, log.buckets), first, last, limit);
        self.share(key, read).await
    }

    async fn share<F>(&self, key: Key, read: impl Fn() -> F) -> Result<Entries, StoreError>
    where
        F: Future<Output = Result<Entries, StoreError>>,
    {
        let Some(shared) = lock(&self.state).find(key) else {
            self.lookups.count(false);
            return read().await;
        };
        let waiter = Waiter { reads: self, key, shared };
        let mut own = false;
        // If whoever reads goes away, the next one of those who wait begins again.
        let found = waiter.shared.get_or_init(|| {
            own = true;
            read()
        });
        let found = found.await.clone();
        self.lookups.count(!own);
        if own {
            lock(&self.state).end(key, found.as_ref().ok(), self.most_bytes);
        }
        found
    }

    /// How often entries were there already, or on their way.
    pub(crate) fn lookups(&self) -> Hits {
        self.lookups.read()
    }

    /// What the entries that are kept take, in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        lock(&self.state).bytes
    }
}

/// Somebody who waits for a read.
struct Waiter<'a> {
    reads: &'a Reads,
    key: Key,
    shared: Read,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.reads.state);
        // Given up under the lock, so that of several who go at once the last one knows that it is.
        self.shared = Read::default();
        // Nobody waits for it any more.
        let left = |read: &Read| !read.initialized() && Arc::strong_count(read) == 1;
        if state.reads.get(&self.key).is_some_and(left) {
            state.reads.remove(&self.key);
        }
    }
}

impl State {
    /// The read of a key, begun by somebody or to be begun; none when there are too many.
    fn find(&mut self, key: Key) -> Option<Read> {
        self.drop_old();
        if self.reads.len() >= MOST_READS && !self.reads.contains_key(&key) {
            return None;
        }
        Some(self.reads.entry(key).or_default().clone())
    }

    /// Keeps what a read found. A failure is for those who have waited for it only.
    fn end(&mut self, key: Key, found: Option<&Entries>, most_bytes: usize) {
        let size = found.map(|entries| READ_BYTES + entries.iter().map(size).sum::<usize>());
        let Some(size) = size.filter(|size| *size <= most_bytes) else {
            self.reads.remove(&key);
            return;
        };
        self.ended.push_back((Instant::now(), key, size));
        self.bytes += size;
        while self.bytes > most_bytes {
            self.drop_oldest();
        }
    }

    fn drop_old(&mut self) {
        while self.ended.front().is_some_and(|(at, ..)| at.elapsed() >= KEPT) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, key, size)) = self.ended.pop_front() {
            self.reads.remove(&key);
            self.bytes -= size;
        }
    }
}

fn size(entry: &Arc<Entry>) -> usize {
    size_of::<Entry>() + page::size(entry)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use caffis_schema::{EntryKind, Timestamp, open::Unknown};
    use futures_util::{FutureExt, future::join_all};
    use tokio::time::{advance, sleep};

    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn key(head: u64) -> Key {
        let log = Stored { room: RoomId::from_random(7), head: Position(head), buckets: &[] };
        Key::new(log, Range::Forward { first: Position(1), last: Position(9) }, 50)
    }

    fn entries() -> Entries {
        let kind = EntryKind::Unknown(Unknown { tag: 200, bytes: Default::default() });
        vec![Arc::new(Entry { position: Position(1), time: Timestamp::default(), kind })]
    }

    /// A read that takes a millisecond and is counted.
    async fn slow(
        count: &AtomicU64,
        found: Result<Entries, StoreError>,
    ) -> Result<Entries, StoreError> {
        count.fetch_add(1, Ordering::Relaxed);
        sleep(MILLISECOND).await;
        found
    }

    #[tokio::test(start_paused = true)]
    async fn a_thousand_at_once_read_once() {
        let (reads, count) = (Reads::new(1_000_000), AtomicU64::default());
        let asking = (0..1_000).map(|_| reads.share(key(9), || slow(&count, Ok(entries()))));
        assert!(join_all(asking).await.into_iter().all(|found| found == Ok(entries())));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(reads.lookups(), Hits { hits: 999, misses: 1 });
        // Whatever changed an entry moved the head.
        reads.share(key(10), || slow(&count, Ok(entries()))).await.expect("read");
        assert_eq!(count.load(Ordering::Relaxed), 2);
        advance(KEPT).await;
        reads.share(key(9), || slow(&count, Ok(entries()))).await.expect("read");
        assert_eq!(count.load(Ordering::Relaxed), 3);
        assert_eq!(lock(&reads.state).reads.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_to_those_who_waited_and_forgotten() {
        let (reads, count) = (Reads::new(1_000_000), AtomicU64::default());
        let failed = || Err(StoreError::Full);
        let asking = (0..10).map(|_| reads.share(key(9), || slow(&count, failed())));
        assert!(join_all(asking).await.into_iter().all(|found| found == failed()));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        assert_eq!(reads.share(key(9), || slow(&count, Ok(entries()))).await, Ok(entries()));
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_one_who_reads_goes_away_another_reads() {
        let (reads, count) = (Reads::new(1_000_000), AtomicU64::default());
        let mut first = Box::pin(reads.share(key(9), || slow(&count, Ok(entries()))));
        let mut second = Box::pin(reads.share(key(9), || slow(&count, Ok(entries()))));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert_eq!(second.await, Ok(entries()));
        assert_eq!(count.load(Ordering::Relaxed), 2);
        // Nothing stays of those who all went away.
        let mut gone = Box::pin(reads.share(key(10), || slow(&count, Ok(entries()))));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        assert_eq!(lock(&reads.state).reads.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let size = READ_BYTES + size(&entries()[0]);
        let (reads, count) = (Reads::new(3 * size), AtomicU64::default());
        for head in 0..10 {
            reads.share(key(head), || slow(&count, Ok(entries()))).await.expect("read");
            assert!(reads.bytes() <= 3 * size);
        }
        assert_eq!(lock(&reads.state).reads.len(), 3);
        let none = Reads::new(0);
        none.share(key(0), || slow(&count, Ok(entries()))).await.expect("read");
        assert_eq!((none.bytes(), lock(&none.state).reads.len()), (0, 0));
    }
}
