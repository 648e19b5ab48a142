//! What waits to be written to one session.
//!
//! Replies and durable events go in the order in which they came. Of *latest* events only the newest
//! for each key is kept. *Lossy* signals are a few at most. When a slow client lets more than
//! [`Settings::session_queue_bytes`] wait, entries are dropped and their room is marked: the client
//! hears `behind`, and refetches them by resume. So a slow client costs bounded memory.
//!
//! [`Settings::session_queue_bytes`]: crate::settings::Settings::session_queue_bytes

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use bytes::Bytes;
use caffis_schema::{CloseCode, Codec, Event, RoomId, UserId, event::Head};
use futures_util::task::AtomicWaker;

use super::encoded::Encoded;
use crate::sync::lock;

/// The most different keys of latest events that wait; one more is dropped, and snapshots repair it.
pub const LATEST_KEYS: usize = 2_048;

/// The most signals that wait; the oldest goes first.
pub const LOSSY_SIGNALS: usize = 64;

/// Replies larger than this travel on a lane of their own, in bytes.
pub const BIG_REPLY_BYTES: usize = 16 * 1024;

/// Of what only the newest is worth sending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatestKey {
    /// The head of a large room.
    Head(RoomId),
    /// A member's marker.
    Marker(RoomId, UserId),
    /// The person's own read marker.
    OwnRead(RoomId),
    /// Somebody's presence.
    Presence(UserId),
    /// Who walked into or out of a room.
    Attendance(RoomId, UserId),
    /// Somebody's profile.
    Profile(UserId),
}

/// Something to write.
#[derive(Debug)]
pub enum Item {
    /// The answer to a command, encoded.
    Reply(Bytes),
    /// An event that takes its turn.
    Event(Arc<Encoded>),
    /// A signal that may be lost.
    Signal(Arc<Encoded>),
    /// Nothing follows: say goodbye.
    Close(CloseCode, &'static str),
}

#[derive(Debug, Default)]
struct Queue {
    /// Events wait behind the answer to hello.
    held: bool,
    fifo: VecDeque<(Item, usize)>,
    fifo_bytes: usize,
    replies: usize,
    latest: Latest,
    lossy: VecDeque<Arc<Encoded>>,
    behind: BTreeMap<RoomId, Head>,
    dropped: u64,
    close: Option<(CloseCode, &'static str)>,
}

/// The newest event of each key, in the order in which they came: of what concerns several keys, a
/// count of people for one, the newest comes last.
#[derive(Debug, Default)]
struct Latest {
    order: BTreeMap<u64, (LatestKey, Arc<Encoded>)>,
    keys: BTreeMap<LatestKey, u64>,
    next: u64,
}

impl Latest {
    fn insert(&mut self, key: LatestKey, event: Arc<Encoded>) {
        match self.keys.get(&key) {
            Some(older) => drop(self.order.remove(older)),
            None if self.keys.len() >= LATEST_KEYS => return,
            None => {}
        }
        self.keys.insert(key.clone(), self.next);
        self.order.insert(self.next, (key, event));
        self.next += 1;
    }

    fn pop_first(&mut self) -> Option<Arc<Encoded>> {
        let (_, (key, event)) = self.order.pop_first()?;
        self.keys.remove(&key);
        Some(event)
    }

    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// The queue between the hub and one session's loop.
#[derive(Debug)]
pub struct Outbound {
    codec: Codec,
    datagrams: bool,
    most_bytes: usize,
    queue: Mutex<Queue>,
    waker: AtomicWaker,
}

impl Outbound {
    /// An empty queue that holds events back until [`Outbound::release`].
    #[must_use]
    pub fn new(codec: Codec, datagrams: bool, most_bytes: usize) -> Self {
        let queue = Queue { held: true, ..Queue::default() };
        Self { codec, datagrams, most_bytes, queue: Mutex::new(queue), waker: AtomicWaker::new() }
    }

    /// How this session's frames are written.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether signals travel by datagram.
    #[must_use]
    pub fn has_datagrams(&self) -> bool {
        self.datagrams
    }

    /// Lets events through, after the answer to hello.
    pub fn release(&self, welcome: Bytes) {
        let mut queue = lock(&self.queue);
        queue.held = false;
        queue.replies += 1;
        queue.fifo_bytes += welcome.len();
        let size = welcome.len();
        queue.fifo.push_front((Item::Reply(welcome), size));
        drop(queue);
        self.waker.wake();
    }

    /// How many answers wait.
    #[must_use]
    pub fn replies(&self) -> usize {
        lock(&self.queue).replies
    }

    /// Adds the answer to a command. Bounded, because the session reads no more commands while too
    /// many answers wait.
    pub fn reply(&self, bytes: Bytes) {
        let mut queue = lock(&self.queue);
        queue.replies += 1;
        queue.fifo_bytes += bytes.len();
        let size = bytes.len();
        queue.fifo.push_back((Item::Reply(bytes), size));
        drop(queue);
        self.waker.wake();
    }

    /// Adds an entry of a room; drops it and marks the room when too much waits.
    pub fn entry(&self, event: &Arc<Encoded>, head: impl FnOnce() -> Head, room: RoomId) {
        let size = event.bytes(self.codec).len();
        let mut queue = lock(&self.queue);
        if queue.close.is_some() {
            return;
        }
        // Once a room is behind, everything of it waits for the resume.
        if queue.fifo_bytes + size > self.most_bytes || queue.behind.contains_key(&room) {
            queue.behind.insert(room, head());
            queue.dropped += 1;
        } else {
            queue.fifo_bytes += size;
            queue.fifo.push_back((Item::Event(event.clone()), size));
        }
        let wake = !queue.held;
        drop(queue);
        if wake {
            self.waker.wake();
        }
    }

    /// Adds an event that takes its turn and belongs to no log: rooms that come and go. There are
    /// few of them; a session that lets them fill its queue is closed and starts afresh.
    pub fn notice(&self, event: &Arc<Encoded>) {
        let size = event.bytes(self.codec).len();
        let mut queue = lock(&self.queue);
        if queue.close.is_some() {
            return;
        }
        if queue.fifo_bytes + size > self.most_bytes.saturating_mul(2) {
            queue.close = Some((CloseCode::Abuse, "too much waits to be read"));
        } else {
            queue.fifo_bytes += size;
            queue.fifo.push_back((Item::Event(event.clone()), size));
        }
        drop(queue);
        self.waker.wake();
    }

    /// Adds an event of which only the newest counts.
    pub fn latest(&self, key: LatestKey, event: &Arc<Encoded>) {
        let mut queue = lock(&self.queue);
        queue.latest.insert(key, event.clone());
        let wake = !queue.held;
        drop(queue);
        if wake {
            self.waker.wake();
        }
    }

    /// Adds a signal that may be lost.
    pub fn lossy(&self, signal: &Arc<Encoded>) {
        let mut queue = lock(&self.queue);
        if queue.held {
            return;
        }
        if queue.lossy.len() >= LOSSY_SIGNALS {
            queue.lossy.pop_front();
        }
        queue.lossy.push_back(signal.clone());
        drop(queue);
        self.waker.wake();
    }

    /// Ends the session: what waits is dropped, and the farewell goes out.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        let mut queue = lock(&self.queue);
        queue.close.get_or_insert((code, reason));
        drop(queue);
        self.waker.wake();
    }

    /// Wakes the session's loop when something is added. Register, then look.
    pub fn register(&self, cx: &Context<'_>) {
        self.waker.register(cx.waker());
    }

    /// Wakes the loop without adding anything.
    pub fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            Waker::wake(waker);
        }
    }

    /// Whether a reply or a farewell waits, for which nothing is gathered.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        let queue = lock(&self.queue);
        queue.replies > 0 || queue.close.is_some()
    }

    /// How many bytes of replies and events wait, and whether anything at all does.
    #[must_use]
    pub fn waiting(&self) -> (usize, bool) {
        let queue = lock(&self.queue);
        let empty = queue.fifo.is_empty()
            && queue.latest.is_empty()
            && queue.lossy.is_empty()
            && queue.behind.is_empty();
        let any = queue.close.is_some() || !(queue.held || empty);
        (queue.fifo_bytes, any)
    }

    /// The next thing to write.
    pub fn take(&self) -> Option<Item> {
        let mut queue = lock(&self.queue);
        if let Some((code, reason)) = queue.close {
            // Answers that are ready still go out: they say why the session ends.
            while let Some((item, size)) = queue.fifo.pop_front() {
                queue.fifo_bytes -= size;
                if matches!(item, Item::Reply(_)) {
                    queue.replies -= 1;
                    return Some(item);
                }
            }
            return Some(Item::Close(code, reason));
        }
        if queue.held {
            return None;
        }
        if let Some((item, size)) = queue.fifo.pop_front() {
            queue.fifo_bytes -= size;
            if matches!(item, Item::Reply(_)) {
                queue.replies -= 1;
            }
            return Some(item);
        }
        if let Some((_, head)) = queue.behind.pop_first() {
            return Some(Item::Event(Encoded::event(Event::Behind(head))));
        }
        if let Some(event) = queue.latest.pop_first() {
            return Some(Item::Event(event));
        }
        queue.lossy.pop_front().map(Item::Signal)
    }

    /// How many entries were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.queue).dropped
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        Entry, EntryKind, event::RoomEntry, open::Unknown, room::Availability, room::Presence,
    };

    use super::*;

    const ROOM: RoomId = RoomId::from_random(7);

    fn entry(position: u64) -> Arc<Encoded> {
        let kind = EntryKind::Unknown(Unknown { tag: 99, bytes: Default::default() });
        let entry = Entry { position, time: 0, kind };
        Encoded::event(Event::Entry(RoomEntry { room: ROOM, entry }))
    }

    fn head(position: u64) -> Head {
        Head { room: ROOM, head: position, number: 0, preview: None }
    }

    fn presence(version: u64) -> Arc<Encoded> {
        Encoded::event(Event::Presence(Presence {
            user: UserId::new("giulia").expect("an id"),
            version,
            availability: Availability::Online,
            last_seen: None,
            status: None,
        }))
    }

    #[test]
    fn a_full_queue_drops_entries_and_says_behind() {
        let size = entry(1).bytes(Codec::Binary).len();
        let outbound = Outbound::new(Codec::Binary, false, size * 2);
        outbound.release(Bytes::new());
        (1..=5).for_each(|n| outbound.entry(&entry(n), || head(n), ROOM));
        assert_eq!(outbound.dropped(), 3);
        assert!(matches!(outbound.take(), Some(Item::Reply(_))));
        assert!(matches!(outbound.take(), Some(Item::Event(_))));
        // There is room again, but what comes now would leave a gap: it waits for the resume too.
        outbound.entry(&entry(6), || head(6), ROOM);
        assert!(matches!(outbound.take(), Some(Item::Event(_))));
        let Some(Item::Event(behind)) = outbound.take() else { panic!("behind is due") };
        let expected = Encoded::event(Event::Behind(head(6)));
        assert_eq!(behind.bytes(Codec::Binary), expected.bytes(Codec::Binary));
        assert!(outbound.take().is_none());
        outbound.entry(&entry(7), || head(7), ROOM);
        assert!(matches!(outbound.take(), Some(Item::Event(_))));
    }

    #[test]
    fn the_newest_of_latest_events_wins() {
        let outbound = Outbound::new(Codec::Binary, false, 1_000);
        outbound.release(Bytes::new());
        outbound.take();
        let key = LatestKey::Presence(UserId::new("giulia").expect("an id"));
        outbound.latest(key.clone(), &presence(1));
        outbound.latest(key, &presence(2));
        let Some(Item::Event(event)) = outbound.take() else { panic!("one is due") };
        assert_eq!(event.bytes(Codec::Binary), presence(2).bytes(Codec::Binary));
        assert!(outbound.take().is_none());
    }

    #[test]
    fn nothing_passes_before_the_welcome_and_only_replies_before_the_farewell() {
        let outbound = Outbound::new(Codec::Binary, false, 1_000);
        outbound.entry(&entry(1), || head(1), ROOM);
        assert!(outbound.take().is_none());
        outbound.release(Bytes::from_static(b"welcome"));
        assert!(matches!(outbound.take(), Some(Item::Reply(bytes)) if bytes == "welcome"));
        outbound.reply(Bytes::from_static(b"answer"));
        outbound.close(CloseCode::Revoked, "signed out");
        assert!(matches!(outbound.take(), Some(Item::Reply(bytes)) if bytes == "answer"));
        assert!(matches!(outbound.take(), Some(Item::Close(CloseCode::Revoked, _))));
    }
}
