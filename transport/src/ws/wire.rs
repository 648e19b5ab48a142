//! Frames of RFC 6455: reading, joining and writing them.

use bytes::{Buf, Bytes, BytesMut};

use super::{deflate, error::WireError};

/// The largest payload of a control frame.
const MAX_CONTROL: usize = 125;

/// The bits of a frame's first byte: the last one of its message, compressed, without a meaning.
const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const RESERVED: u8 = 0x30;

/// Which side of the connection this is: clients mask what they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// A whole message, or a control frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    /// The close code, if any, and the reason.
    Close(Option<u16>, String),
}

struct Header {
    fin: bool,
    compressed: bool,
    opcode: Opcode,
    mask: Option<[u8; 4]>,
    len: usize,
    /// Bytes of the header itself.
    size: usize,
}

/// Cuts bytes into messages. Holds nothing while the peer is silent.
#[derive(Debug)]
pub(super) struct Reader {
    role: Role,
    limit: usize,
    /// Whether messages may come compressed.
    deflate: bool,
    buffer: BytesMut,
    /// The message whose fragments are arriving.
    fragments: Option<Fragments>,
}

#[derive(Debug)]
struct Fragments {
    opcode: Opcode,
    compressed: bool,
    bytes: BytesMut,
}

impl Reader {
    /// A reader for this side; `limit` is the largest message in bytes, compressed or not.
    pub(super) fn new(role: Role, limit: usize, deflate: bool) -> Self {
        Self { role, limit, deflate, buffer: BytesMut::new(), fragments: None }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next message, or none if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Message>, WireError> {
        loop {
            if self.buffer.is_empty() {
                self.buffer = BytesMut::new();
                return Ok(None);
            }
            let Some(header) = self.header()? else { return Ok(None) };
            let whole = header.size + header.len;
            if self.buffer.len() < whole {
                self.buffer.reserve(whole - self.buffer.len());
                return Ok(None);
            }
            self.buffer.advance(header.size);
            let mut payload = self.buffer.split_to(header.len);
            if let Some(mask) = header.mask {
                apply_mask(&mut payload, mask);
            }
            if let Some(message) = self.complete(&header, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// The header at the front, checked against every rule before any memory is reserved.
    fn header(&self) -> Result<Option<Header>, WireError> {
        let [first, second, rest @ ..] = &self.buffer[..] else { return Ok(None) };
        let fin = first & FIN != 0;
        let compressed = first & COMPRESSED != 0;
        let opcode = match first & 0x0f {
            0 => Opcode::Continuation,
            1 => Opcode::Text,
            2 => Opcode::Binary,
            8 => Opcode::Close,
            9 => Opcode::Ping,
            10 => Opcode::Pong,
            _ => return Err(WireError::Malformed("unknown opcode")),
        };
        // Only the first frame of a message says whether it is compressed.
        let may_be = self.deflate && matches!(opcode, Opcode::Text | Opcode::Binary);
        if first & RESERVED != 0 || (compressed && !may_be) {
            return Err(WireError::Malformed("reserved bits"));
        }
        let (len, extra) = match second & 0x7f {
            126 => match rest.first_chunk::<2>() {
                Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (u64::from_be_bytes(*bytes), 8),
                None => return Ok(None),
            },
            len => (u64::from(len), 0),
        };
        let len = usize::try_from(len).map_err(|_| WireError::TooLarge(self.limit))?;
        self.check(fin, opcode, len)?;
        let masked = second & 0x80 != 0;
        if masked != (self.role == Role::Server) {
            return Err(WireError::Malformed("masking"));
        }
        let mask = match (masked, rest.get(extra..).and_then(<[u8]>::first_chunk::<4>)) {
            (false, _) => None,
            (true, Some(mask)) => Some(*mask),
            (true, None) => return Ok(None),
        };
        let size = 2 + extra + if masked { 4 } else { 0 };
        Ok(Some(Header { fin, compressed, opcode, mask, len, size }))
    }

    fn check(&self, fin: bool, opcode: Opcode, len: usize) -> Result<(), WireError> {
        match opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                if !fin || len > MAX_CONTROL {
                    return Err(WireError::Malformed("control frame"));
                }
            }
            Opcode::Continuation => {
                let Some(so_far) = &self.fragments else {
                    return Err(WireError::Malformed("continuation of nothing"));
                };
                if len > self.limit - so_far.bytes.len().min(self.limit) {
                    return Err(WireError::TooLarge(self.limit));
                }
            }
            Opcode::Text | Opcode::Binary => {
                if self.fragments.is_some() {
                    return Err(WireError::Malformed("message inside a message"));
                }
                if len > self.limit {
                    return Err(WireError::TooLarge(self.limit));
                }
            }
        }
        Ok(())
    }

    fn complete(
        &mut self,
        header: &Header,
        payload: BytesMut,
    ) -> Result<Option<Message>, WireError> {
        let whole = match header.opcode {
            Opcode::Close => return close(&payload).map(Some),
            Opcode::Ping => return Ok(Some(Message::Ping(payload.freeze()))),
            Opcode::Pong => return Ok(Some(Message::Pong)),
            Opcode::Text | Opcode::Binary => {
                let (opcode, compressed) = (header.opcode, header.compressed);
                Fragments { opcode, compressed, bytes: payload }
            }
            Opcode::Continuation => {
                let Some(mut whole) = self.fragments.take() else {
                    return Err(WireError::Malformed("continuation of nothing"));
                };
                whole.bytes.extend_from_slice(&payload);
                whole
            }
        };
        if !header.fin {
            self.fragments = Some(whole);
            return Ok(None);
        }
        let bytes = match whole.compressed {
            true => deflate::decompress(&whole.bytes, self.limit)?.into(),
            false => whole.bytes.freeze(),
        };
        if whole.opcode == Opcode::Binary {
            return Ok(Some(Message::Binary(bytes)));
        }
        if str::from_utf8(&bytes).is_err() {
            return Err(WireError::Malformed("text that is not UTF-8"));
        }
        Ok(Some(Message::Text(bytes)))
    }
}

fn close(payload: &[u8]) -> Result<Message, WireError> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        let empty = payload.is_empty();
        let message = Message::Close(None, String::new());
        return if empty { Ok(message) } else { Err(WireError::Malformed("close frame")) };
    };
    let code = u16::from_be_bytes(*code);
    // Those that RFC 6455 and its registry give a meaning on the wire, and those of applications.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(WireError::Malformed("close code"));
    }
    let reason = str::from_utf8(reason).map_err(|_| WireError::Malformed("close reason"))?;
    Ok(Message::Close(Some(code), reason.to_owned()))
}

/// Appends one message whose payload is `parts`, joined; a large one compressed, if that was agreed.
pub(super) fn put_message(
    out: &mut Vec<u8>,
    (role, deflate): (Role, bool),
    opcode: Opcode,
    parts: [&[u8]; 2],
) {
    let is_large = parts[1].len() > deflate::COMPRESS_ABOVE;
    match (deflate && is_large).then(|| deflate::compress(parts)).flatten() {
        Some(small) => put(out, role, FIN | COMPRESSED | opcode as u8, [&small, &[]]),
        None => put_frame(out, role, opcode, parts),
    }
}

/// Appends one unfragmented frame whose payload is `parts`, joined.
pub(super) fn put_frame(out: &mut Vec<u8>, role: Role, opcode: Opcode, parts: [&[u8]; 2]) {
    put(out, role, FIN | opcode as u8, parts);
}

fn put(out: &mut Vec<u8>, role: Role, first: u8, parts: [&[u8]; 2]) {
    let len = parts[0].len() + parts[1].len();
    out.reserve(len + 14);
    out.push(first);
    let bit = if role == Role::Client { 0x80 } else { 0 };
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len), _) if len < 126 => out.push(bit | len),
        (_, Ok(len)) => {
            out.push(bit | 126);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(bit | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    if role == Role::Server {
        out.extend_from_slice(parts[0]);
        out.extend_from_slice(parts[1]);
        return;
    }
    let mask: [u8; 4] = rand::random();
    out.extend_from_slice(&mask);
    let start = out.len();
    out.extend_from_slice(parts[0]);
    out.extend_from_slice(parts[1]);
    apply_mask(&mut out[start..], mask);
}

fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3],
    ]);
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}
