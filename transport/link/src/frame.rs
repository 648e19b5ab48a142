//! The framing of streams: kind byte, payload length as LEB128, payload.
//!
//! QUIC and WebTransport lanes carry a sequence of such frames. A binary WebSocket message is the
//! kind byte and the payload; its length is the message's. The decoder checks a length against the
//! limit before it reserves memory for it.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::link::Farewell;

/// Bytes that the header of a frame takes at most: the kind and a length of 32 bits.
pub const MAX_HEADER: usize = 1 + MAX_VARINT;

/// Bytes of a 32-bit number in LEB128 at most.
const MAX_VARINT: usize = 5;

/// The largest payload of a farewell: code, length of the reason, reason.
pub const MAX_FAREWELL: usize = 3 + 2 + Farewell::MAX_REASON;

/// The largest payload of a ping or a pong.
pub const MAX_PING: usize = 8;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FrameKind {
    /// A payload of the layer above.
    Data = 0,
    /// The last frame: why the connection ends. Only on lane 0.
    Farewell = 1,
    /// Asks for a pong with the same payload. Only on lane 0.
    Ping = 2,
    /// Answers a ping. Only on lane 0.
    Pong = 3,
}

impl FrameKind {
    /// The kind that a byte stands for.
    ///
    /// # Errors
    /// [`FrameError::UnknownKind`].
    pub fn from_byte(byte: u8) -> Result<Self, FrameError> {
        match byte {
            0 => Ok(Self::Data),
            1 => Ok(Self::Farewell),
            2 => Ok(Self::Ping),
            3 => Ok(Self::Pong),
            _ => Err(FrameError::UnknownKind(byte)),
        }
    }

    /// The largest payload of this kind, where data has `max_data`.
    #[must_use]
    pub fn limit(self, max_data: usize) -> usize {
        match self {
            Self::Data => max_data,
            Self::Farewell => MAX_FAREWELL,
            Self::Ping | Self::Pong => MAX_PING,
        }
    }
}

/// Bytes that are not a valid frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The kind byte is none of [`FrameKind`].
    #[error("a frame of unknown kind {0}")]
    UnknownKind(u8),
    /// The length is not the shortest LEB128 form of a 32-bit number.
    #[error("a malformed frame length")]
    BadLength,
    /// The payload is over the limit.
    #[error("a frame of {size} bytes is over the limit of {limit}")]
    TooLarge {
        /// The size that the header names.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A farewell's payload is malformed.
    #[error("a malformed farewell")]
    BadFarewell,
    /// The bytes ended inside a frame, or a message had no kind byte.
    #[error("a truncated frame")]
    Truncated,
}

/// A frame, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: FrameKind,
    /// Its payload.
    pub payload: Bytes,
}

/// Appends the header of a frame of `len` payload bytes.
pub fn put_header(out: &mut impl BufMut, kind: FrameKind, len: u32) {
    out.put_u8(kind as u8);
    put_varint(out, len);
}

/// Appends a number in LEB128.
fn put_varint(out: &mut impl BufMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// A number in LEB128 at the front of `bytes` and the bytes it takes; none when more are needed.
fn get_varint(bytes: &[u8]) -> Result<Option<(u32, usize)>, FrameError> {
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().take(MAX_VARINT).enumerate() {
        let bits = u32::from(byte & 0x7f);
        if index == MAX_VARINT - 1 && *byte > 0x0f {
            return Err(FrameError::BadLength);
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            let overlong = index > 0 && *byte == 0;
            return if overlong {
                Err(FrameError::BadLength)
            } else {
                Ok(Some((value, index + 1)))
            };
        }
    }
    Ok(None)
}

/// The payload of a farewell frame: the code in LEB128, the reason's length in LEB128, the reason.
#[must_use]
pub fn encode_farewell(farewell: &Farewell) -> Bytes {
    let reason = farewell.reason.as_bytes();
    let mut out = BytesMut::with_capacity(MAX_FAREWELL);
    put_varint(&mut out, u32::from(farewell.code));
    put_varint(&mut out, reason.len() as u32);
    out.put_slice(reason);
    out.freeze()
}

/// The farewell in the payload of a farewell frame.
///
/// # Errors
/// [`FrameError::BadFarewell`].
pub fn decode_farewell(payload: &[u8]) -> Result<Farewell, FrameError> {
    let bad = FrameError::BadFarewell;
    let (code, used) = get_varint(payload).ok().flatten().ok_or(bad.clone())?;
    let code = u16::try_from(code).map_err(|_| bad.clone())?;
    let rest = payload.get(used..).ok_or(bad.clone())?;
    let (len, used) = get_varint(rest).ok().flatten().ok_or(bad.clone())?;
    let reason = rest.get(used..).ok_or(bad.clone())?;
    if reason.len() != len as usize || reason.len() > Farewell::MAX_REASON {
        return Err(bad);
    }
    let reason = str::from_utf8(reason).map_err(|_| bad)?;
    Ok(Farewell::new(code, reason))
}

/// The frame in a binary WebSocket message: kind byte, then payload.
///
/// # Errors
/// [`FrameError::Truncated`] without a kind byte, [`FrameError::UnknownKind`] and
/// [`FrameError::TooLarge`].
pub fn decode_message(mut message: Bytes, max_data: usize) -> Result<Frame, FrameError> {
    if message.is_empty() {
        return Err(FrameError::Truncated);
    }
    let kind = FrameKind::from_byte(message.get_u8())?;
    let (size, limit) = (message.len(), kind.limit(max_data));
    if size > limit {
        return Err(FrameError::TooLarge { size, limit });
    }
    Ok(Frame { kind, payload: message })
}

/// Cuts a stream of bytes, arriving in any pieces, into frames.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    max_data: usize,
}

impl Decoder {
    /// A decoder whose data frames carry at most `max_data` bytes.
    #[must_use]
    pub fn new(max_data: usize) -> Self {
        Self { buffer: BytesMut::new(), max_data }
    }

    /// Takes in the next bytes of the stream. Call [`Decoder::next_frame`] until it gives none before
    /// the next piece, and the buffer never holds more than one frame and one piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole frame, or none if more bytes are needed.
    ///
    /// # Errors
    /// Any [`FrameError`]; the stream cannot be read on after it.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(first) = self.buffer.first() else {
            // An idle stream keeps no memory.
            self.buffer = BytesMut::new();
            return Ok(None);
        };
        let kind = FrameKind::from_byte(*first)?;
        let Some((size, used)) = get_varint(&self.buffer[1..])? else { return Ok(None) };
        let (size, limit) = (size as usize, kind.limit(self.max_data));
        if size > limit {
            return Err(FrameError::TooLarge { size, limit });
        }
        let header = 1 + used;
        if self.buffer.len() < header + size {
            self.buffer.reserve(header + size - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(header);
        let payload = self.buffer.split_to(size).freeze();
        Ok(Some(Frame { kind, payload }))
    }

    /// Whether the stream stopped inside a frame.
    #[must_use]
    pub fn is_inside_frame(&self) -> bool {
        !self.buffer.is_empty()
    }
}
