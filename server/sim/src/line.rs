//! The server's end of a link: it passes the doors of the process, and those of the link itself, which
//! may be half open: nothing comes through, and neither side is told.

use std::{
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caffis_link::{
    Farewell, Health, Incoming, Lane, Link, LinkInfo, SendError, memory::MemoryLink,
};

use crate::gate::{Dead, Gate};

/// The server's end of a link.
pub(crate) struct Line {
    pub(crate) link: MemoryLink,
    /// The doors of the process.
    pub(crate) process: Arc<Gate>,
    /// Shut while the link is half open.
    pub(crate) line: Arc<Gate>,
}

impl Line {
    fn poll_pass(&self, cx: &mut Context<'_>) -> Poll<Result<(), Dead>> {
        ready!(self.process.poll_pass(cx))?;
        self.line.poll_pass(cx)
    }

    fn passes_now(&self) -> bool {
        [&self.process, &self.line].iter().all(|gate| !gate.is_shut() && !gate.is_dead())
    }
}

impl Link for Line {
    fn info(&self) -> &LinkInfo {
        self.link.info()
    }

    fn health(&self) -> Health {
        self.link.health()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        match ready!(self.poll_pass(cx)) {
            Ok(()) => self.link.poll_recv(cx),
            Err(Dead) => Poll::Ready(Incoming::Closed(Farewell::abrupt("the process is dead"))),
        }
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.poll_pass(cx)).map_err(|Dead| SendError::Closed)?;
        self.link.poll_ready(lane, cx)
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.link.start_send(lane, payload)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        ready!(self.poll_pass(cx)).map_err(|Dead| SendError::Closed)?;
        self.link.poll_flush(cx)
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        if self.passes_now() { self.link.send_datagram(payload) } else { Ok(()) }
    }

    fn ping(&mut self) -> Result<(), SendError> {
        if self.passes_now() { self.link.ping() } else { Ok(()) }
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.process.poll_pass(cx)).is_err() || !self.passes_now() {
            // Nobody hears it.
            return Poll::Ready(());
        }
        self.link.poll_close(farewell, cx)
    }
}
