//! A stream as the server's link.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caffis_link::{Farewell, Health, Incoming, Lane, Link, LinkInfo, RoundTrip, SendError};
use tokio::time::Sleep;

use super::{
    event,
    post::{Item, StreamName},
    shared::Shared,
};
use crate::{
    admit::Permit,
    limits::{CLOSE_WAIT, WRITE_BUFFER},
};

/// Bytes of pings and their answers that may wait above [`WRITE_BUFFER`]; further ones are left out.
const PING_ROOM: usize = 1024;

/// A stream, on the side of the server.
pub(super) struct SseLink {
    shared: Arc<Shared>,
    info: LinkInfo,
    round_trip: RoundTrip,
    pings: u32,
    state: State,
    close_wait: Option<Pin<Box<Sleep>>>,
    /// Its place among the streams of the node.
    _registered: Permit,
}

#[derive(Debug)]
enum State {
    Open,
    /// The farewell is queued.
    Closing,
    /// The client broke the protocol: the farewell is queued, then this is reported.
    Failing(Farewell),
    /// Nothing more can be written.
    Over(Farewell),
}

impl SseLink {
    pub(super) fn new(
        shared: Arc<Shared>,
        info: LinkInfo,
        name: StreamName,
        registered: Permit,
    ) -> Self {
        event::put(&mut shared.state().out, "stream", &name.to_string());
        Self {
            shared,
            info,
            round_trip: RoundTrip::default(),
            pings: 0,
            state: State::Open,
            close_wait: None,
            _registered: registered,
        }
    }

    fn open(&self) -> Result<(), SendError> {
        match self.state {
            State::Open => Ok(()),
            _ => Err(SendError::Closed),
        }
    }

    fn end(&mut self, farewell: Farewell) -> Farewell {
        self.shared.finish();
        self.state = State::Over(farewell.clone());
        farewell
    }

    fn put_farewell(&self, farewell: &Farewell) {
        let mut state = self.shared.state();
        if !state.unread {
            event::put_farewell(&mut state.out, farewell);
            state.wake_response();
        }
    }

    /// Whether there was room.
    fn put_control(&self, kind: &str) -> bool {
        let mut state = self.shared.state();
        let room = state.out.len() < WRITE_BUFFER + PING_ROOM && !state.unread;
        if room {
            event::put(&mut state.out, kind, "");
        }
        room
    }

    /// Ready when the response has taken all, nobody reads it, or it takes too long.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        {
            let mut state = self.shared.state();
            if state.out.is_empty() || state.unread {
                return Poll::Ready(());
            }
            state.link_waits(cx);
        }
        let wait = self.close_wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WAIT)));
        wait.as_mut().poll(cx)
    }

    fn interpret(&mut self, item: Item) -> Incoming {
        match item {
            Item::Frame(payload) => Incoming::Frame { lane: Lane::MAIN, payload },
            Item::Ping => {
                if self.put_control("pong") {
                    self.shared.state().wake_response();
                }
                Incoming::Ping
            }
            Item::Pong => {
                // It may be unsolicited.
                if self.pings > 0 {
                    self.pings -= 1;
                    self.round_trip.answered();
                }
                Incoming::Pong
            }
            Item::Farewell(farewell) => Incoming::Closed(self.end(farewell)),
        }
    }
}

impl Link for SseLink {
    fn info(&self) -> &LinkInfo {
        &self.info
    }

    fn health(&self) -> Health {
        Health { round_trip: self.round_trip.smoothed(), ..Health::default() }
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            if let State::Failing(farewell) = &self.state {
                let farewell = farewell.clone();
                ready!(self.poll_goodbye(cx));
                return Poll::Ready(Incoming::Closed(self.end(farewell)));
            }
            if let State::Over(farewell) = &self.state {
                return Poll::Ready(Incoming::Closed(farewell.clone()));
            }
            // Before the look, so that nothing comes unnoticed in between.
            self.shared.state().link_waits(cx);
            if let Some(item) = self.shared.receive() {
                return Poll::Ready(self.interpret(item));
            }
            let (broken, unread) = {
                let state = self.shared.state();
                (state.broken.clone(), state.unread)
            };
            if unread {
                let gone = Farewell::abrupt("the client no longer reads the stream");
                return Poll::Ready(Incoming::Closed(self.end(gone)));
            }
            let Some(farewell) = broken else { return Poll::Pending };
            self.put_farewell(&farewell);
            self.state = State::Failing(farewell);
        }
    }

    fn poll_ready(&mut self, _lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        let mut state = self.shared.state();
        if state.unread {
            return Poll::Ready(Err(SendError::Closed));
        }
        if state.out.len() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        state.link_waits(cx);
        state.wake_response();
        Poll::Pending
    }

    fn start_send(&mut self, _lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let (size, limit) = (payload.len(), self.info.max_frame);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        let mut state = self.shared.state();
        if state.unread {
            return Err(SendError::Closed);
        }
        event::put_frame(&mut state.out, self.info.codec, &payload);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        let mut state = self.shared.state();
        if state.unread {
            return Poll::Ready(Err(SendError::Closed));
        }
        if state.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        state.link_waits(cx);
        state.wake_response();
        Poll::Pending
    }

    fn send_datagram(&mut self, _payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        Err(SendError::NoDatagrams)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.open()?;
        if self.put_control("ping") {
            self.pings += 1;
            self.round_trip.asked();
        }
        Ok(())
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Open => {
                self.put_farewell(farewell);
                self.state = State::Closing;
            }
            State::Closing | State::Failing(_) => {}
            State::Over(_) => return Poll::Ready(()),
        }
        ready!(self.poll_goodbye(cx));
        self.end(Farewell::abrupt("this side closed"));
        Poll::Ready(())
    }
}

impl Drop for SseLink {
    fn drop(&mut self) {
        self.shared.finish();
    }
}
