//! A link inside one process, for tests and the simulation.
//!
//! It is as strict as a real one: frames move only when they are flushed, buffers are bounded, and
//! a dropped link is an abrupt death. [`Options`] adds what networks do: delay, and datagrams that
//! are lost or overtaken; [`Cut`] kills both sides at once. There is no randomness and no thread: on
//! paused time and one thread, the same calls give the same trace.

mod pipe;

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep_until};

use self::pipe::{Item, Pipe, State, Take};
use crate::{
    link::{Codec, Farewell, Health, Incoming, Kind, Lane, Link, LinkInfo, SendError},
    round_trip::RoundTrip,
};

/// How long a close waits for the peer to take the farewell.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// What happens to one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after this time; a shorter one overtakes a longer one.
    Deliver(Duration),
    /// It is lost.
    Drop,
}

/// Decides the fate of each datagram, in the order in which they are sent. The simulation's seed
/// lives in here.
pub type DatagramHook = Arc<Mutex<dyn FnMut(&Bytes) -> Fate + Send>>;

/// Decides how long each frame is on the way, in the order in which they are sent. Frames of other
/// lanes may overtake it, frames of its own lane never do.
pub type FrameHook = Arc<Mutex<dyn FnMut(Lane, &Bytes) -> Duration + Send>>;

/// How a pair of memory links behaves.
#[derive(Clone)]
pub struct Options {
    /// How payloads are said to be written. Default binary.
    pub codec: Codec,
    /// Lanes. Default 4, at least 1.
    pub lanes: u8,
    /// The largest frame in bytes. Default 64 KiB.
    pub max_frame: usize,
    /// The largest datagram in bytes, or no datagrams. Default 1,000.
    pub max_datagram: Option<usize>,
    /// Bytes per lane and direction that wait at the sender before `poll_ready` is pending, and as
    /// many again on the way. Default 64 KiB.
    pub buffer: usize,
    /// How long a frame is on the way. Default zero.
    pub delay: Duration,
    /// How long each single frame is on the way. Default: all of them `delay`.
    pub frames: Option<FrameHook>,
    /// What happens to datagrams. Default: they arrive after `delay`.
    pub datagrams: Option<DatagramHook>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            codec: Codec::Binary,
            lanes: 4,
            max_frame: 64 * 1024,
            max_datagram: Some(1_000),
            buffer: 64 * 1024,
            delay: Duration::ZERO,
            frames: None,
            datagrams: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("lanes", &self.lanes)
            .field("max_frame", &self.max_frame)
            .field("max_datagram", &self.max_datagram)
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// Two connected links.
#[must_use]
pub fn pair(options: &Options) -> (MemoryLink, MemoryLink) {
    let lanes = options.lanes.max(1);
    let (there, back) = (Pipe::new(lanes), Pipe::new(lanes));
    let left = MemoryLink::new(options, there.clone(), back.clone());
    let right = MemoryLink::new(options, back, there);
    (left, right)
}

/// Kills a pair of links without a farewell: what is in flight is lost.
#[derive(Clone)]
pub struct Cut(Pipe, Pipe);

impl Cut {
    /// Both sides see [`Farewell::ABRUPT`] from now on.
    pub fn cut(&self) {
        self.0.break_now("the link was cut");
        self.1.break_now("the link was cut");
    }
}

impl fmt::Debug for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cut")
    }
}

/// One end of a link inside one process.
pub struct MemoryLink {
    info: LinkInfo,
    options: Options,
    out: Pipe,
    incoming: Pipe,
    /// Frames that wait for `poll_flush` or for room on the way.
    waiting: VecDeque<(Lane, Bytes)>,
    waiting_bytes: Vec<usize>,
    arrival: Option<Pin<Box<Sleep>>>,
    close_wait: Option<Pin<Box<Sleep>>>,
    said_goodbye: bool,
    round_trip: RoundTrip,
}

impl MemoryLink {
    fn new(options: &Options, out: Pipe, incoming: Pipe) -> Self {
        let lanes = options.lanes.max(1);
        let info = LinkInfo {
            kind: Kind::Memory,
            codec: options.codec,
            peer: None,
            lanes,
            max_frame: options.max_frame,
            max_datagram: options.max_datagram,
        };
        Self {
            info,
            options: options.clone(),
            out,
            incoming,
            waiting: VecDeque::new(),
            waiting_bytes: vec![0; usize::from(lanes)],
            arrival: None,
            close_wait: None,
            said_goodbye: false,
            round_trip: RoundTrip::default(),
        }
    }

    /// A handle that kills both sides.
    #[must_use]
    pub fn cutter(&self) -> Cut {
        Cut(self.out.clone(), self.incoming.clone())
    }

    /// The lane that a frame really takes: those that the link lacks are lane 0.
    fn real(&self, lane: Lane) -> Lane {
        if lane.0 < self.info.lanes { lane } else { Lane::MAIN }
    }

    /// Sends flushed frames as far as there is room; keeps the order within each lane.
    fn advance(&mut self, state: &mut State) {
        let waiting = self.waiting.len();
        let mut held = VecDeque::new();
        let now = Instant::now();
        let mut full = vec![false; self.waiting_bytes.len()];
        for (lane, payload) in self.waiting.drain(..) {
            let index = usize::from(lane.0);
            full[index] |= state.on_the_way[index] >= self.options.buffer;
            if full[index] {
                held.push_back((lane, payload));
            } else {
                self.waiting_bytes[index] -= payload.len();
                state.on_the_way[index] += payload.len() + 1;
                let delay = match &self.options.frames {
                    None => self.options.delay,
                    Some(hook) => {
                        (hook.lock().unwrap_or_else(PoisonError::into_inner))(lane, &payload)
                    }
                };
                state.frame(now + delay, lane, payload);
            }
        }
        // Waking for nothing would have two ends wake each other for ever while a lane is full.
        if held.len() < waiting {
            state.wake_receiver();
        }
        self.waiting = held;
    }

    fn open(&self) -> Result<(), SendError> {
        let closed = self.said_goodbye || self.out.lock().is_over();
        if closed { Err(SendError::Closed) } else { Ok(()) }
    }
}

impl fmt::Debug for MemoryLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLink").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Link for MemoryLink {
    fn info(&self) -> &LinkInfo {
        &self.info
    }

    fn health(&self) -> Health {
        Health { round_trip: self.round_trip.smoothed(), ..Health::default() }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            let taken = self.incoming.lock().take(cx.waker());
            match taken {
                Take::Item(Item::Frame(lane, payload)) => {
                    return Poll::Ready(Incoming::Frame { lane, payload });
                }
                Take::Item(Item::Ping) => {
                    self.out.lock().control(Instant::now() + self.options.delay, Item::Pong);
                    return Poll::Ready(Incoming::Ping);
                }
                Take::Item(Item::Pong) => {
                    self.round_trip.answered();
                    return Poll::Ready(Incoming::Pong);
                }
                Take::Item(Item::Farewell(farewell)) => {
                    // After a farewell nothing else is sent.
                    self.out.lock().end(Farewell::abrupt("the other side said goodbye"));
                    return Poll::Ready(Incoming::Closed(farewell));
                }
                Take::Datagram(payload) => return Poll::Ready(Incoming::Datagram(payload)),
                Take::Over(farewell) => return Poll::Ready(Incoming::Closed(farewell)),
                Take::Until(Some(at)) => {
                    let mut sleep = Box::pin(sleep_until(at));
                    if sleep.as_mut().poll(cx).is_pending() {
                        self.arrival = Some(sleep);
                        return Poll::Pending;
                    }
                }
                Take::Until(None) => return Poll::Pending,
            }
        }
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        let index = usize::from(self.real(lane).0);
        if self.waiting_bytes[index] < self.options.buffer {
            return Poll::Ready(Ok(()));
        }
        let out = self.out.clone();
        let mut state = out.lock();
        self.advance(&mut state);
        if self.waiting_bytes[index] < self.options.buffer {
            return Poll::Ready(Ok(()));
        }
        state.sender = Some(cx.waker().clone());
        Poll::Pending
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let (size, limit) = (payload.len(), self.info.max_frame);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        let lane = self.real(lane);
        self.waiting_bytes[usize::from(lane.0)] += size;
        self.waiting.push_back((lane, payload));
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        let out = self.out.clone();
        let mut state = out.lock();
        self.advance(&mut state);
        if self.waiting.is_empty() {
            return Poll::Ready(Ok(()));
        }
        state.sender = Some(cx.waker().clone());
        Poll::Pending
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let limit = self.info.max_datagram.ok_or(SendError::NoDatagrams)?;
        let size = payload.len();
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        let fate = match &self.options.datagrams {
            None => Fate::Deliver(self.options.delay),
            Some(hook) => (hook.lock().unwrap_or_else(PoisonError::into_inner))(&payload),
        };
        if let Fate::Deliver(delay) = fate {
            self.out.lock().datagram(Instant::now() + delay, payload);
        }
        Ok(())
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.open()?;
        self.out.lock().control(Instant::now() + self.options.delay, Item::Ping);
        self.round_trip.asked();
        Ok(())
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        let out = self.out.clone();
        let mut state = out.lock();
        if state.is_over() {
            return Poll::Ready(());
        }
        let wait = self.close_wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WAIT)));
        if wait.as_mut().poll(cx).is_ready() {
            state.end(Farewell::abrupt("the farewell was not taken in time"));
            return Poll::Ready(());
        }
        self.advance(&mut state);
        if self.waiting.is_empty() && !self.said_goodbye {
            self.said_goodbye = true;
            let at = Instant::now() + self.options.delay;
            state.farewell(at, Farewell::new(farewell.code, farewell.reason.clone()));
        }
        state.sender = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for MemoryLink {
    fn drop(&mut self) {
        self.out.lock().end(Farewell::abrupt("the other side went away"));
        self.incoming.lock().end(Farewell::abrupt("this side went away"));
    }
}
