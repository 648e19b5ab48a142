//! What is in flight from one end of a memory link to the other.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::link::{Farewell, Lane};

/// Datagrams that wait for the receiver at most; more are dropped.
const MAX_WAITING_DATAGRAMS: usize = 256;

/// Pings, pongs and farewells that wait at most in one direction; further pings are not answered.
const MAX_WAITING_CONTROL: usize = 64;

/// One direction, held by both ends.
#[derive(Clone)]
pub(super) struct Pipe(Arc<Mutex<State>>);

impl Pipe {
    pub(super) fn new(lanes: u8) -> Self {
        Self(Arc::new(Mutex::new(State {
            queue: VecDeque::new(),
            datagrams: Vec::new(),
            sequence: 0,
            on_the_way: vec![0; usize::from(lanes)],
            last: vec![Instant::now(); usize::from(lanes)],
            over: None,
            receiver: None,
            sender: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn break_now(&self, reason: &str) {
        let mut state = self.lock();
        state.queue.clear();
        state.datagrams.clear();
        state.end(Farewell::abrupt(reason));
    }
}

pub(super) enum Item {
    Frame(Lane, Bytes),
    Ping,
    Pong,
    Farewell(Farewell),
}

pub(super) enum Take {
    Item(Item),
    Datagram(Bytes),
    Over(Farewell),
    Until(Option<Instant>),
}

pub(super) struct State {
    /// Sorted by arrival, then by the order of sending.
    queue: VecDeque<(Instant, Item)>,
    /// Sorted by arrival, then by the order of sending.
    datagrams: Vec<(Instant, u64, Bytes)>,
    sequence: u64,
    pub(super) on_the_way: Vec<usize>,
    /// When the last frame of each lane arrives.
    last: Vec<Instant>,
    over: Option<Farewell>,
    receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
}

impl State {
    pub(super) fn is_over(&self) -> bool {
        self.over.is_some()
    }

    pub(super) fn end(&mut self, farewell: Farewell) {
        self.over.get_or_insert(farewell);
        self.wake_receiver();
        self.wake_sender();
    }

    pub(super) fn wake_receiver(&mut self) {
        self.receiver.take().into_iter().for_each(Waker::wake);
    }

    fn wake_sender(&mut self) {
        self.sender.take().into_iter().for_each(Waker::wake);
    }

    pub(super) fn frame(&mut self, at: Instant, lane: Lane, payload: Bytes) {
        let last = &mut self.last[usize::from(lane.0)];
        *last = at.max(*last);
        let at = *last;
        self.insert(at, Item::Frame(lane, payload));
    }

    /// Nothing arrives after a farewell.
    pub(super) fn farewell(&mut self, at: Instant, farewell: Farewell) {
        let last = self.queue.back().map_or(at, |(last, _)| at.max(*last));
        self.insert(last, Item::Farewell(farewell));
        self.wake_receiver();
    }

    fn insert(&mut self, at: Instant, item: Item) {
        let index = self.queue.partition_point(|(other, _)| *other <= at);
        self.queue.insert(index, (at, item));
    }

    pub(super) fn control(&mut self, at: Instant, item: Item) {
        let waiting = self.queue.iter().filter(|(_, i)| !matches!(i, Item::Frame(..))).count();
        if waiting < MAX_WAITING_CONTROL {
            self.insert(at, item);
            self.wake_receiver();
        }
    }

    pub(super) fn datagram(&mut self, at: Instant, payload: Bytes) {
        if self.datagrams.len() < MAX_WAITING_DATAGRAMS {
            let key = (at, self.sequence);
            self.sequence += 1;
            let index = self.datagrams.partition_point(|(at, sequence, _)| (*at, *sequence) < key);
            self.datagrams.insert(index, (key.0, key.1, payload));
            self.wake_receiver();
        }
    }

    /// The next thing that has arrived by now, or when the next one will.
    pub(super) fn take(&mut self, waker: &Waker) -> Take {
        let now = Instant::now();
        if self.datagrams.first().is_some_and(|(at, ..)| *at <= now) {
            return Take::Datagram(self.datagrams.remove(0).2);
        }
        if self.queue.front().is_some_and(|(at, _)| *at <= now)
            && let Some((_, item)) = self.queue.pop_front()
        {
            match &item {
                Item::Frame(lane, payload) => {
                    self.on_the_way[usize::from(lane.0)] -= payload.len() + 1;
                }
                Item::Farewell(farewell) => self.over = Some(farewell.clone()),
                Item::Ping | Item::Pong => {}
            }
            self.wake_sender();
            return Take::Item(item);
        }
        if self.queue.is_empty()
            && let Some(farewell) = &self.over
        {
            return Take::Over(farewell.clone());
        }
        self.receiver = Some(waker.clone());
        let frame = self.queue.front().map(|(at, _)| *at);
        let datagram = self.datagrams.first().map(|(at, ..)| *at);
        Take::Until(frame.into_iter().chain(datagram).min())
    }
}
