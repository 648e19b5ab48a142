//! A WebSocket connection as a link.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use caffis_link::{
    Codec, Farewell, Health, Incoming, Lane, Link, LinkInfo, RoundTrip, SendError, codes,
    frame::{self, FrameKind},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

use super::wire::{Message, Opcode, Reader, Role, put_frame, put_message};
use crate::limits::{CLOSE_WAIT, WRITE_BUFFER};

/// Bytes read at once. On the stack, so that an idle link holds no buffer.
const READ_CHUNK: usize = 8 * 1024;

/// Bytes of answers to pings that may wait above [`WRITE_BUFFER`]; further pings go unanswered.
const PONG_ROOM: usize = 1024;

/// A WebSocket connection after its handshake.
pub(super) struct WsLink<S> {
    io: S,
    role: Role,
    info: LinkInfo,
    /// Whether both sides compress large messages.
    deflate: bool,
    reader: Reader,
    /// Encoded frames; those before `written` are out. Freed when all are.
    out: Vec<u8>,
    written: usize,
    /// Whether TLS or the system may still hold bytes that were written.
    unflushed: bool,
    /// Pings whose answer is awaited.
    pings: u32,
    round_trip: RoundTrip,
    state: State,
    close_wait: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum State {
    Open,
    /// Our close frame is queued; the peer's is awaited.
    Closing,
    /// The peer broke the protocol: say so, then report this.
    Failing(Farewell),
    /// Nothing more can be written.
    Over(Farewell),
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> WsLink<S> {
    /// A link over `io`, of which `tail` was read already; both sides agreed on compression or not.
    pub(super) fn new(io: S, role: Role, info: LinkInfo, deflate: bool, tail: &[u8]) -> Self {
        // The kind byte is part of a binary message.
        let limit = info.max_frame.max(frame::MAX_FAREWELL) + 1;
        let mut reader = Reader::new(role, limit, deflate);
        reader.push(tail);
        Self {
            io,
            role,
            info,
            deflate,
            reader,
            out: Vec::new(),
            written: 0,
            unflushed: false,
            pings: 0,
            round_trip: RoundTrip::default(),
            state: State::Open,
            close_wait: None,
        }
    }

    fn put(&mut self, opcode: Opcode, parts: [&[u8]; 2]) {
        put_frame(&mut self.out, self.role, opcode, parts);
    }

    fn put_kind(&mut self, kind: FrameKind, payload: &[u8]) {
        self.put(Opcode::Binary, [&[kind as u8], payload]);
    }

    fn put_goodbye(&mut self, farewell: &Farewell) {
        if self.info.codec == Codec::Binary {
            self.put_kind(FrameKind::Farewell, &frame::encode_farewell(farewell));
        }
        let code = codes::WEBSOCKET_BASE.saturating_add(farewell.code).min(4999).to_be_bytes();
        self.put(Opcode::Close, [&code, farewell.reason.as_bytes()]);
    }

    fn end(&mut self, farewell: Farewell) -> Farewell {
        self.out = Vec::new();
        self.written = 0;
        self.state = State::Over(farewell.clone());
        farewell
    }

    fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes what is queued, with as few system calls as possible.
    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waiting() > 0 {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.out[self.written..]))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += count;
            self.unflushed = true;
        }
        self.out = Vec::new();
        self.written = 0;
        if self.unflushed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Frees the bytes at the front that were written, so that a stuck peer costs one buffer at most.
    fn compact(&mut self) {
        if self.written >= WRITE_BUFFER {
            self.out.drain(..self.written);
            self.written = 0;
        }
    }

    /// Reads once. Ready with the count of bytes; 0 is the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [MaybeUninit::uninit(); READ_CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut chunk))?;
        self.reader.push(chunk.filled());
        Poll::Ready(Ok(chunk.filled().len()))
    }

    /// What a message means. The answer to a ping is queued.
    fn interpret(&mut self, message: Message) -> Result<Incoming, String> {
        match (message, self.info.codec) {
            (Message::Ping(payload), _) => {
                if self.waiting() < WRITE_BUFFER + PONG_ROOM {
                    self.put(Opcode::Pong, [&payload, &[]]);
                }
                Ok(Incoming::Ping)
            }
            (Message::Pong, _) => Ok(self.pong()),
            (Message::Close(code, reason), _) => Ok(Incoming::Closed(farewell_of(code, reason))),
            (Message::Text(payload), Codec::Json) if payload.len() <= self.info.max_frame => {
                Ok(Incoming::Frame { lane: Lane::MAIN, payload })
            }
            (Message::Text(_), Codec::Json) => Err("a frame over the limit".to_owned()),
            (Message::Binary(message), Codec::Binary) => self.interpret_binary(message),
            (Message::Text(_), Codec::Binary) => Err("text on a binary link".to_owned()),
            (Message::Binary(_), Codec::Json) => Err("bytes on a text link".to_owned()),
        }
    }

    /// What a pong means: it may be unsolicited.
    fn pong(&mut self) -> Incoming {
        let asked = self.pings > 0;
        self.pings = self.pings.saturating_sub(1);
        self.round_trip.answered();
        if asked { Incoming::Pong } else { Incoming::Ping }
    }

    fn interpret_binary(&mut self, message: Bytes) -> Result<Incoming, String> {
        let frame = frame::decode_message(message, self.info.max_frame)
            .map_err(|error| error.to_string())?;
        Ok(match frame.kind {
            FrameKind::Data => Incoming::Frame { lane: Lane::MAIN, payload: frame.payload },
            FrameKind::Ping => {
                if self.waiting() < WRITE_BUFFER + PONG_ROOM {
                    self.put_kind(FrameKind::Pong, &frame.payload);
                }
                Incoming::Ping
            }
            FrameKind::Pong => self.pong(),
            FrameKind::Farewell => {
                let farewell =
                    frame::decode_farewell(&frame.payload).map_err(|error| error.to_string())?;
                Incoming::Closed(farewell)
            }
        })
    }

    /// Sends what is queued, then waits for the peer's close frame or the end of the connection.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.close_wait.get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_WAIT)));
        if wait.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match ready!(self.poll_write_out(cx)) {
            Ok(()) => {}
            Err(_) => return Poll::Ready(()),
        }
        // Unread bytes would turn the end of the connection into a reset, which can overtake the
        // farewell: so read on and throw away.
        let failing = matches!(self.state, State::Failing(_));
        loop {
            if !failing && self.is_answered() {
                return self.poll_shutdown(cx);
            }
            match ready!(self.poll_fill(cx)) {
                Ok(0) | Err(_) => return Poll::Ready(()),
                Ok(_) if failing => self.reader = Reader::new(self.role, 0, false),
                Ok(_) => {}
            }
        }
    }

    /// Whether the peer's close frame has been read.
    fn is_answered(&mut self) -> bool {
        loop {
            match self.reader.next() {
                Ok(Some(Message::Close(..))) | Err(_) => return true,
                Ok(Some(_)) => {}
                Ok(None) => return false,
            }
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.io).poll_shutdown(cx).map(|_| ())
    }

    fn open(&self) -> Result<(), SendError> {
        if matches!(self.state, State::Open) { Ok(()) } else { Err(SendError::Closed) }
    }
}

/// The farewell that a close frame stands for.
fn farewell_of(code: Option<u16>, reason: String) -> Farewell {
    match code {
        Some(code) if (codes::WEBSOCKET_BASE..5000).contains(&code) => {
            Farewell::new(code - codes::WEBSOCKET_BASE, reason)
        }
        None | Some(1000 | 1001) => Farewell::new(codes::NORMAL, reason),
        Some(1002 | 1003 | 1007 | 1009) => Farewell::new(codes::PROTOCOL, reason),
        Some(_) => Farewell::abrupt(reason),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Link for WsLink<S> {
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
            let interpreted = match self.reader.next() {
                Ok(Some(message)) => self.interpret(message),
                Err(error) => Err(error.to_string()),
                Ok(None) => match ready!(self.poll_fill(cx)) {
                    Ok(0) => Ok(Incoming::Closed(Farewell::abrupt("the connection ended"))),
                    Ok(_) => continue,
                    Err(error) => Ok(Incoming::Closed(Farewell::abrupt(error.kind().to_string()))),
                },
            };
            match interpreted {
                Ok(Incoming::Ping) => {
                    // The answer leaves now if it can, otherwise with the next flush.
                    let _ = self.poll_write_out(cx);
                    return Poll::Ready(Incoming::Ping);
                }
                Ok(Incoming::Closed(farewell)) => {
                    self.put(Opcode::Close, [&1000_u16.to_be_bytes(), &[]]);
                    let _ = self.poll_write_out(cx);
                    return Poll::Ready(Incoming::Closed(self.end(farewell)));
                }
                Ok(incoming) => return Poll::Ready(incoming),
                Err(reason) => {
                    let farewell = Farewell::new(codes::PROTOCOL, reason);
                    self.put_goodbye(&farewell);
                    self.state = State::Failing(farewell);
                }
            }
        }
    }

    fn poll_ready(&mut self, _lane: Lane, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        if self.waiting() < WRITE_BUFFER {
            return Poll::Ready(Ok(()));
        }
        match self.poll_write_out(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => {
                self.end(Farewell::abrupt(error.kind().to_string()));
                Poll::Ready(Err(SendError::Closed))
            }
            Poll::Pending => {
                self.compact();
                if self.waiting() < WRITE_BUFFER { Poll::Ready(Ok(())) } else { Poll::Pending }
            }
        }
    }

    fn start_send(&mut self, _lane: Lane, payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        let (size, limit) = (payload.len(), self.info.max_frame);
        if size > limit {
            return Err(SendError::TooLarge { size, limit });
        }
        let (opcode, kind) = match self.info.codec {
            Codec::Binary => (Opcode::Binary, &[FrameKind::Data as u8][..]),
            Codec::Json => (Opcode::Text, &[][..]),
        };
        put_message(&mut self.out, (self.role, self.deflate), opcode, [kind, &payload]);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        self.open()?;
        match ready!(self.poll_write_out(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => {
                self.end(Farewell::abrupt(error.kind().to_string()));
                Poll::Ready(Err(SendError::Closed))
            }
        }
    }

    fn send_datagram(&mut self, _payload: Bytes) -> Result<(), SendError> {
        self.open()?;
        Err(SendError::NoDatagrams)
    }

    fn ping(&mut self) -> Result<(), SendError> {
        self.open()?;
        if self.waiting() < WRITE_BUFFER + PONG_ROOM {
            self.pings += 1;
            self.round_trip.asked();
            self.put(Opcode::Ping, [&[], &[]]);
        }
        Ok(())
    }

    fn poll_close(&mut self, farewell: &Farewell, cx: &mut Context<'_>) -> Poll<()> {
        match self.state {
            State::Open => {
                self.put_goodbye(farewell);
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
