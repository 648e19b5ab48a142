//! A link with a planted bug: the server hears nothing of what the client holds.

use std::task::{Context, Poll};

use bytes::Bytes;
use caffis_link::{
    Farewell, Health, Incoming, Lane, Link, LinkInfo, SendError, memory::MemoryLink,
};
use caffis_schema::{ClientFrame, Codec, Command, List, Request, codec, command::Hello};

/// Drops every resume that the client sends, and the cursors of its hello.
pub(crate) struct Deaf(pub(crate) MemoryLink);

impl Link for Deaf {
    fn info(&self) -> &LinkInfo {
        self.0.info()
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        self.0.poll_recv(cx)
    }

    fn poll_ready(&mut self, lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.poll_ready(lane, cx)
    }

    fn start_send(&mut self, lane: Lane, payload: Bytes) -> Result<(), SendError> {
        match codec::decode(&payload, Codec::Binary) {
            Ok(ClientFrame::Request(Request { command: Command::Resume(_), .. })) => Ok(()),
            Ok(ClientFrame::Request(Request { id, command: Command::Hello(hello) })) => {
                let command = Command::Hello(Hello { cursors: List::default(), ..hello });
                let request = ClientFrame::Request(Request { id, command });
                let shorter = codec::encode(&request, Codec::Binary);
                self.0.start_send(lane, shorter.map_or(payload, Bytes::from))
            }
            _ => self.0.start_send(lane, payload),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.0.poll_flush(cx)
    }

    fn send_datagram(&mut self, payload: Bytes) -> Result<(), SendError> {
        self.0.send_datagram(payload)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.0.ping()
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_close(farewell, cx)
    }
}
