//! One lane of a QUIC link: its sending and its receiving side.

use std::{
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use caffis_link::{
    Farewell, Lane,
    frame::{self, Decoder, Frame, FrameKind},
};
use tokio::io::ReadBuf;

use super::{
    config::LANES,
    stream::{Connection, ReceiveHalf, SendHalf, Waiting, unreadable, unwritable},
};
use crate::limits::WRITE_BUFFER;

/// Bytes read from a stream at once.
const READ_CHUNK: usize = 8 * 1024;

/// The sending side of a lane.
#[derive(Default)]
pub(super) struct SendLane {
    pub(super) stream: Option<SendHalf>,
    opening: Option<Waiting<SendHalf>>,
    /// Encoded frames; those before `written` are out. Freed when all are.
    out: Vec<u8>,
    written: usize,
    pub(super) finished: bool,
}

impl SendLane {
    pub(super) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    pub(super) fn put(&mut self, kind: FrameKind, payload: &[u8]) {
        self.out.reserve(frame::MAX_HEADER + payload.len());
        // A payload is at most `max_frame`, which is far below 32 bits.
        frame::put_header(&mut self.out, kind, payload.len() as u32);
        self.out.extend_from_slice(payload);
    }

    /// Writes what is queued; opens the lane's stream when it has none, and begins it with `number`.
    pub(super) fn poll_write(
        &mut self,
        number: u8,
        connection: &Connection,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Farewell>> {
        if self.waiting() == 0 {
            return Poll::Ready(Ok(()));
        }
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let opening = self.opening.get_or_insert_with(|| connection.open_uni());
                let stream = ready!(opening.as_mut().poll(cx))?;
                self.opening = None;
                self.out.insert(self.written, number);
                self.stream.insert(stream)
            }
        };
        while self.written < self.out.len() {
            let rest = &self.out[self.written..];
            match ready!(Pin::new(stream.quic()).poll_write(cx, rest)) {
                Ok(count) => self.written += count,
                Err(error) => return Poll::Ready(Err(unwritable(&error))),
            }
        }
        self.out = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Frees the bytes that were written, once they are many.
    pub(super) fn compact(&mut self) {
        if self.written >= WRITE_BUFFER {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }
}

/// The receiving side of a lane.
pub(super) struct ReceiveLane {
    pub(super) stream: ReceiveHalf,
    /// Not known until the first byte of a unidirectional stream came.
    pub(super) lane: Option<Lane>,
    pub(super) decoder: Decoder,
}

/// What was read from a lane.
pub(super) enum Read {
    Frame(Lane, Frame),
    /// The stream ended between two frames.
    End,
    Lost(Farewell),
    Broken(String),
}

impl ReceiveLane {
    /// Reads on one lane until a frame is whole.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        loop {
            if let Some(number) = self.lane {
                match self.decoder.next_frame() {
                    Ok(Some(frame)) => return Poll::Ready(Read::Frame(number, frame)),
                    Ok(None) => {}
                    Err(error) => return Poll::Ready(Read::Broken(error.to_string())),
                }
            }
            let mut chunk = [MaybeUninit::uninit(); READ_CHUNK];
            let mut chunk = ReadBuf::uninit(&mut chunk);
            let read = ready!(self.stream.quic().poll_read_buf(cx, &mut chunk));
            let mut bytes = match read {
                Err(error) => {
                    return Poll::Ready(Read::Lost(unreadable(&error)));
                }
                Ok(()) => chunk.filled(),
            };
            if bytes.is_empty() {
                let inside = self.lane.is_none() || self.decoder.is_inside_frame();
                return Poll::Ready(if inside {
                    Read::Broken("a stream ended inside a frame".to_owned())
                } else {
                    Read::End
                });
            }
            if self.lane.is_none() {
                let number = bytes[0];
                if number == 0 || number >= LANES {
                    return Poll::Ready(Read::Broken(format!("there is no lane {number}")));
                }
                self.lane = Some(Lane(number));
                bytes = &bytes[1..];
            }
            self.decoder.push(bytes);
        }
    }
}
