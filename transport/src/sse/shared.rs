//! What the link, the response and the POSTs of one stream share.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Waker},
};

use caffis_link::{Codec, Farewell, codes};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use super::{
    error::Refused,
    options::{POST_FRAMES, POSTS_WAITING, TURN_WAIT, post_bytes},
    post::{Item, Post},
};

/// One stream.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) codec: Codec,
    pub(super) max_frame: usize,
    state: Mutex<State>,
    /// A POST may have its turn now.
    turn: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Events that the response has not taken yet.
    pub(super) out: Vec<u8>,
    /// What came and was not received yet.
    inbox: VecDeque<Item>,
    inbox_bytes: usize,
    /// The number of the last POST that was applied.
    last: u64,
    waiting: usize,
    /// What came cannot be read: the link says goodbye with this.
    pub(super) broken: Option<Farewell>,
    /// The client no longer reads the response.
    pub(super) unread: bool,
    /// The link is done: the response ends after what is left in `out`.
    pub(super) finished: bool,
    link: Option<Waker>,
    response: Option<Waker>,
}

impl Shared {
    pub(super) fn new(codec: Codec, max_frame: usize) -> Self {
        Self { codec, max_frame, state: Mutex::default(), turn: Notify::new() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing that came. Makes room for POSTs that wait.
    pub(super) fn receive(&self) -> Option<Item> {
        let mut state = self.state();
        let item = state.inbox.pop_front()?;
        if let Item::Frame(payload) = &item {
            state.inbox_bytes -= payload.len();
        }
        if state.inbox.is_empty() {
            state.inbox = VecDeque::new();
        }
        if state.waiting > 0 {
            self.turn.notify_waiters();
        }
        Some(item)
    }

    /// The client no longer reads.
    pub(super) fn leave_unread(&self) {
        let mut state = self.state();
        state.unread = true;
        state.out = Vec::new();
        state.wake_link();
        self.turn.notify_waiters();
    }

    /// The link is done.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        state.finished = true;
        state.inbox = VecDeque::new();
        state.wake_response();
        self.turn.notify_waiters();
    }

    /// Applies a POST when it has its turn, or finds that it was applied before.
    pub(super) async fn take(&self, post: Post) -> Result<(), Refused> {
        let number = post.number;
        let mut items = match post.items(self.codec, self.max_frame) {
            Ok(items) => items,
            Err(malformed) => {
                let mut state = self.state();
                state.broken.get_or_insert(Farewell::new(codes::PROTOCOL, malformed.0));
                state.wake_link();
                return Err(malformed.into());
            }
        };
        let end = Instant::now() + TURN_WAIT;
        let mut place = None;
        loop {
            // Made before the look, so that no turn is missed in between.
            let turn = self.turn.notified();
            let why_not = match self.try_take(number, &mut items) {
                Ok(()) => return Ok(()),
                Err(Refused::Ended) => return Err(Refused::Ended),
                Err(why_not) => why_not,
            };
            if place.is_none() {
                place = Some(Waiting::new(self).ok_or(Refused::Full)?);
            }
            timeout_at(end, turn).await.map_err(|_| why_not)?;
        }
    }

    fn try_take(&self, number: u64, items: &mut Vec<Item>) -> Result<(), Refused> {
        let mut state = self.state();
        if state.unread || state.finished || state.broken.is_some() {
            return Err(Refused::Ended);
        }
        if number <= state.last {
            return Ok(());
        }
        if number > state.last + 1 {
            return Err(Refused::OutOfTurn(state.last + 1));
        }
        let bytes: usize = items.iter().map(Item::bytes).sum();
        let fits = state.inbox_bytes + bytes <= post_bytes(self.max_frame)
            && state.inbox.len() + items.len() <= POST_FRAMES;
        if !state.inbox.is_empty() && !fits {
            return Err(Refused::Full);
        }
        state.inbox.extend(items.drain(..));
        state.inbox_bytes += bytes;
        state.last = number;
        state.wake_link();
        if state.waiting > 0 {
            self.turn.notify_waiters();
        }
        Ok(())
    }
}

impl State {
    pub(super) fn link_waits(&mut self, cx: &Context<'_>) {
        keep(&mut self.link, cx);
    }

    pub(super) fn response_waits(&mut self, cx: &Context<'_>) {
        keep(&mut self.response, cx);
    }

    pub(super) fn wake_link(&mut self) {
        if let Some(waker) = self.link.take() {
            waker.wake();
        }
    }

    pub(super) fn wake_response(&mut self) {
        if let Some(waker) = self.response.take() {
            waker.wake();
        }
    }
}

fn keep(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

/// One of the POSTs that wait; no longer when it is dropped.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared) -> Option<Self> {
        let mut state = shared.state();
        if state.waiting == POSTS_WAITING {
            return None;
        }
        state.waiting += 1;
        Some(Self(shared))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Frame(payload) => payload.len(),
            Self::Ping | Self::Pong | Self::Farewell(_) => 0,
        }
    }
}
