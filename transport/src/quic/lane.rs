//! One lane of a QUIC link: what is written on it, and what is read from it.

use std::{
    mem::MaybeUninit,
    task::{Context, Poll, ready},
};

use caffis_link::{
    Farewell, Lane,
    frame::{self, Decoder, Frame, FrameKind},
};
use tokio::io::ReadBuf;

use super::{
    config::LANES,
    stream::{ReceiveHalf, SendHalf, Waiting, unreadable},
};

/// Bytes read from a stream at once.
const READ_CHUNK: usize = 8 * 1024;

/// What is written on one lane.
#[derive(Default)]
pub(super) struct SendLane {
    pub(super) stream: Option<SendHalf>,
    pub(super) opening: Option<Waiting<SendHalf>>,
    /// Encoded frames; those before `written` are out. Freed when all are.
    pub(super) out: Vec<u8>,
    pub(super) written: usize,
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
}

/// What is read from one lane.
pub(super) struct ReceiveLane {
    pub(super) stream: ReceiveHalf,
    /// Not known until the first byte of a unidirectional stream came.
    pub(super) lane: Option<Lane>,
    pub(super) decoder: Decoder,
}

/// What reading from a lane came to.
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
