//! What waits to be written to one session.
//!
//! Replies and durable events go in the order in which they came. Of *latest* events only the newest
//! for each key is kept. *Lossy* signals are a few at most. When a slow client lets events of more than
//! [`Settings::session_queue_bytes`] wait, entries are dropped and their room is marked: the client
//! hears `behind`, and refetches them by resume. Replies are what the client asked for and count apart: when as much
//! of them waits, no more commands are read. So a slow client costs bounded memory.
//!
//! [`Settings::session_queue_bytes`]: crate::settings::Settings::session_queue_bytes

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Waker},
};

use bytes::Bytes;
use caffis_schema::{CloseCode, Codec, Event, RoomId, event::Head};
use futures_util::task::AtomicWaker;

use super::{
    encoded::Encoded,
    latest::{Latest, LatestKey},
};
use crate::sync::lock;

/// The most signals that wait; the oldest goes first.
pub const LOSSY_SIGNALS: usize = 64;

/// What is gathered is written at once when it has come to this many bytes.
const GATHER_BYTES: usize = 16 * 1024;

/// Replies larger than this travel on a lane of their own, in bytes.
pub const BIG_REPLY_BYTES: usize = 16 * 1024;

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

/// What the session's loop has to do.
#[derive(Debug)]
pub enum Next {
    /// Write this, and ask again.
    Write(Item),
    /// Something waits that may be gathered with what follows: ask again a moment later. Until then
    /// the loop is woken only by what cannot wait.
    Gather,
    /// Nothing waits.
    Nothing,
}

/// How much waits for a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Entries and notices, in bytes.
    pub event_bytes: usize,
    /// Answers, with the one to hello.
    pub replies: usize,
    /// Events of which only the newest counts.
    pub latest: usize,
    /// Signals that may be lost.
    pub signals: usize,
    /// Rooms that are behind.
    pub behind: usize,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It waits to be written.
    Waits,
    /// There was no room for it: the client hears that its room is behind.
    Dropped,
    /// The session is ending.
    Ended,
}

/// An item that takes its turn.
#[derive(Debug)]
struct Queued {
    item: Item,
    size: usize,
    /// The room that it tells of.
    room: Option<RoomId>,
}

#[derive(Debug, Default)]
struct Queue {
    /// Events wait behind the answer to hello.
    held: bool,
    /// The loop sleeps on until this many bytes wait, because it will look by itself.
    wake_from: usize,
    fifo: VecDeque<Queued>,
    event_bytes: usize,
    replies: usize,
    reply_bytes: usize,
    latest: Latest,
    lossy: VecDeque<(Option<RoomId>, Arc<Encoded>)>,
    behind: BTreeMap<RoomId, Head>,
    dropped: u64,
    close: Option<(CloseCode, &'static str)>,
}

impl Queue {
    /// A reply or a farewell waits, for which nothing is gathered.
    fn is_urgent(&self) -> bool {
        self.replies > 0 || self.close.is_some()
    }

    fn is_waiting(&self) -> bool {
        let empty = self.fifo.is_empty()
            && self.latest.is_empty()
            && self.lossy.is_empty()
            && self.behind.is_empty();
        self.close.is_some() || !(self.held || empty)
    }

    fn pop(&mut self) -> Option<Item> {
        if let Some((code, reason)) = self.close {
            // Answers that are ready still go out: they say why the session ends.
            while let Some(item) = self.pop_fifo() {
                if matches!(item, Item::Reply(_)) {
                    return Some(item);
                }
            }
            return Some(Item::Close(code, reason));
        }
        if let Some(item) = self.pop_fifo() {
            return Some(item);
        }
        if let Some((_, head)) = self.behind.pop_first() {
            return Some(Item::Event(Encoded::event(Event::Behind(head))));
        }
        if let Some(event) = self.latest.pop_first() {
            return Some(Item::Event(event));
        }
        self.lossy.pop_front().map(|(_, signal)| Item::Signal(signal))
    }

    fn pop_fifo(&mut self) -> Option<Item> {
        let Queued { item, size, .. } = self.fifo.pop_front()?;
        if matches!(item, Item::Reply(_)) {
            self.replies -= 1;
            self.reply_bytes -= size;
        } else {
            self.event_bytes -= size;
        }
        Some(item)
    }

    fn reply(&mut self, bytes: Bytes) -> Queued {
        let size = bytes.len();
        self.replies += 1;
        self.reply_bytes += size;
        Queued { item: Item::Reply(bytes), size, room: None }
    }

    fn push_event(&mut self, event: &Arc<Encoded>, size: usize, room: Option<RoomId>) {
        self.event_bytes += size;
        self.fifo.push_back(Queued { item: Item::Event(event.clone()), size, room });
    }

    /// Drops everything that waits of a room.
    fn forget_room(&mut self, room: RoomId) {
        let event_bytes = &mut self.event_bytes;
        self.fifo.retain(|queued| {
            let stays = queued.room != Some(room);
            if !stays {
                // Replies are of no room.
                *event_bytes -= queued.size;
            }
            stays
        });
        self.behind.remove(&room);
        self.latest.forget_room(room);
        self.lossy.retain(|(of, _)| *of != Some(room));
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
        let queued = queue.reply(welcome);
        queue.fifo.push_front(queued);
        self.wake_for(queue);
    }

    /// Adds the answer to a command. Bounded, because the session reads no more commands while too
    /// many answers wait, or too many bytes of them ([`Outbound::reply_bytes`]). Wakes nobody: the session's loop adds
    /// these itself, before it writes.
    pub fn reply(&self, bytes: Bytes) {
        let mut queue = lock(&self.queue);
        let queued = queue.reply(bytes);
        queue.fifo.push_back(queued);
    }

    /// How many bytes of answers wait.
    #[must_use]
    pub fn reply_bytes(&self) -> usize {
        lock(&self.queue).reply_bytes
    }

    /// Adds an entry of a room; drops it and marks the room when too much waits.
    pub fn entry(&self, event: &Arc<Encoded>, head: impl FnOnce() -> Head, room: RoomId) -> Put {
        let size = event.bytes(self.codec).len();
        let mut queue = lock(&self.queue);
        if queue.close.is_some() {
            return Put::Ended;
        }
        // Once a room is behind, everything of it waits for the resume.
        let fits = queue.event_bytes + size <= self.most_bytes && !queue.behind.contains_key(&room);
        if fits {
            queue.push_event(event, size, Some(room));
        } else {
            queue.behind.insert(room, head());
            queue.dropped += 1;
        }
        self.wake_for(queue);
        if fits { Put::Waits } else { Put::Dropped }
    }

    /// Marks a room as one of which entries may be missing: the client compares and resumes.
    pub fn behind(&self, head: Head) {
        let mut queue = lock(&self.queue);
        if queue.close.is_none() {
            queue.behind.insert(head.room, head);
            self.wake_for(queue);
        }
    }

    /// Adds an event that takes its turn and belongs to no log. There are few of them; a session
    /// that lets them fill its queue is closed and starts afresh.
    pub fn notice(&self, event: &Arc<Encoded>) {
        self.queue_notice(event, None, false);
    }

    /// Adds the news that the person is in a room now.
    pub fn room_added(&self, room: RoomId, event: &Arc<Encoded>) {
        self.queue_notice(event, Some(room), false);
    }

    /// Adds the news that the person is no longer in a room, and drops everything else that waits of
    /// it: nothing of the room leaves any more.
    pub fn room_removed(&self, room: RoomId, event: &Arc<Encoded>) {
        self.queue_notice(event, Some(room), true);
    }

    fn queue_notice(&self, event: &Arc<Encoded>, room: Option<RoomId>, forget: bool) {
        let size = event.bytes(self.codec).len();
        let mut queue = lock(&self.queue);
        if queue.close.is_some() {
            return;
        }
        if let Some(room) = room.filter(|_| forget) {
            queue.forget_room(room);
        }
        if queue.event_bytes + size > self.most_bytes.saturating_mul(2) {
            queue.close = Some((CloseCode::Abuse, "too much waits to be read"));
        } else {
            queue.push_event(event, size, room);
        }
        self.wake_for(queue);
    }

    /// Adds an event of which only the newest counts.
    pub fn latest(&self, key: LatestKey, event: &Arc<Encoded>) {
        let mut queue = lock(&self.queue);
        queue.latest.insert(key, event.clone());
        self.wake_for(queue);
    }

    /// Adds an event that says what changed. When an earlier one of the same key still waits, `whole`
    /// takes its place: the event that says all of it.
    pub fn latest_change(
        &self,
        key: LatestKey,
        change: &Arc<Encoded>,
        whole: impl FnOnce() -> Arc<Encoded>,
    ) {
        let mut queue = lock(&self.queue);
        let event = if queue.latest.contains(&key) { whole() } else { change.clone() };
        queue.latest.insert(key, event);
        self.wake_for(queue);
    }

    /// Adds a signal that may be lost; `room` is the one that it tells of.
    pub fn lossy(&self, room: Option<RoomId>, signal: &Arc<Encoded>) {
        let mut queue = lock(&self.queue);
        if queue.held {
            return;
        }
        if queue.lossy.len() >= LOSSY_SIGNALS {
            queue.lossy.pop_front();
        }
        queue.lossy.push_back((room, signal.clone()));
        self.wake_for(queue);
    }

    /// Ends the session: what waits is dropped, and the farewell goes out.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        let mut queue = lock(&self.queue);
        queue.close.get_or_insert((code, reason));
        self.wake_for(queue);
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

    /// Wakes the loop after something was added, unless it will look by itself soon enough.
    fn wake_for(&self, mut queue: MutexGuard<'_, Queue>) {
        let wake = queue.is_urgent() || (!queue.held && queue.event_bytes >= queue.wake_from);
        if wake {
            queue.wake_from = 0;
        }
        drop(queue);
        if wake {
            self.waker.wake();
        }
    }

    /// Whether anything waits that may be written.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        lock(&self.queue).is_waiting()
    }

    /// What to write next. `busy` is asked when there is something that could be gathered.
    pub fn next(&self, busy: impl FnOnce() -> bool) -> Next {
        let mut queue = lock(&self.queue);
        queue.wake_from = 0;
        if !queue.is_waiting() {
            return Next::Nothing;
        }
        if !queue.is_urgent() && queue.event_bytes < GATHER_BYTES && busy() {
            queue.wake_from = GATHER_BYTES;
            return Next::Gather;
        }
        queue.pop().map_or(Next::Nothing, Next::Write)
    }

    /// The link takes nothing at present, and its own waking will bring the loop back: what is added
    /// meanwhile need not. Gives the farewell that waits, for which nothing else does.
    pub fn stall(&self) -> Option<(CloseCode, &'static str)> {
        let mut queue = lock(&self.queue);
        queue.wake_from = usize::MAX;
        queue.close
    }

    /// How much waits.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        let queue = lock(&self.queue);
        Waiting {
            event_bytes: queue.event_bytes,
            replies: queue.replies,
            latest: queue.latest.len(),
            signals: queue.lossy.len(),
            behind: queue.behind.len(),
        }
    }

    /// How many entries were dropped so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        lock(&self.queue).dropped
    }
}

#[cfg(test)]
#[path = "outbound_tests.rs"]
mod tests;
