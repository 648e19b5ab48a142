//! Events as they are written and read (the HTML standard's `text/event-stream`).
//!
//! A frame is an event without a type. The transport's own have one: `stream` with the stream's name, `ping`,
//! `pong`, and `farewell` with a code and a reason.

use bytes::{Bytes, BytesMut};
use caffis_link::{Codec, Farewell};

use super::{
    error::Malformed,
    payload::{payload_of, put_payload},
    post::{farewell_text, read_farewell},
};

/// Nothing, for proxies that end what is silent.
pub(super) const COMMENT: &[u8] = b":\n\n";

/// Bytes of a line besides those of a payload in it.
const LINE_EXTRA: usize = 256;

/// An event, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Stream(String),
    Frame(Bytes),
    Ping,
    Pong,
    Farewell(Farewell),
}

/// Appends the event of a frame.
pub(super) fn put_frame(out: &mut Vec<u8>, codec: Codec, payload: &[u8]) {
    out.extend_from_slice(b"data: ");
    put_payload(out, codec, payload);
    out.extend_from_slice(b"\n\n");
}

/// Appends an event of the transport's own.
pub(super) fn put(out: &mut Vec<u8>, kind: &str, data: &str) {
    out.extend_from_slice(format!("event: {kind}\ndata: {data}\n\n").as_bytes());
}

/// Appends a farewell.
pub(super) fn put_farewell(out: &mut Vec<u8>, farewell: &Farewell) {
    put(out, "farewell", &farewell_text(farewell));
}

/// Cuts a response into events.
#[derive(Debug)]
pub(super) struct Parser {
    codec: Codec,
    max_frame: usize,
    buffer: BytesMut,
    kind: Option<Bytes>,
    data: Option<Bytes>,
}

impl Parser {
    pub(super) fn new(codec: Codec, max_frame: usize) -> Self {
        Self { codec, max_frame, buffer: BytesMut::new(), kind: None, data: None }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next event, or none if more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Malformed> {
        loop {
            let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                if self.buffer.len() > self.max_frame.div_ceil(3) * 4 + LINE_EXTRA {
                    return Err(Malformed("a line over the limit"));
                }
                return Ok(None);
            };
            let line = self.buffer.split_to(end + 1).freeze().slice(..end);
            if line.is_empty() {
                let (kind, data) = (self.kind.take(), self.data.take());
                // Without data there is no event.
                if let Some(data) = data
                    && let Some(event) = self.event(kind.as_deref(), data)?
                {
                    return Ok(Some(event));
                }
            } else if let Some(value) = line.strip_prefix(b"event: ") {
                self.kind = Some(line.slice_ref(value));
            } else if let Some(value) = line.strip_prefix(b"data: ") {
                self.data = Some(line.slice_ref(value));
            }
            // Comments, and what a newer server may add, mean nothing here.
        }
    }

    /// The event, if it is of a type that is known.
    fn event(&self, kind: Option<&[u8]>, data: Bytes) -> Result<Option<Event>, Malformed> {
        let text = |data: &Bytes| String::from_utf8(data.to_vec()).ok();
        Ok(Some(match kind {
            None => Event::Frame(payload_of(data, self.codec, self.max_frame)?),
            Some(b"ping") => Event::Ping,
            Some(b"pong") => Event::Pong,
            Some(b"stream") => {
                Event::Stream(text(&data).ok_or(Malformed("the stream's name is not text"))?)
            }
            Some(b"farewell") => {
                let farewell = text(&data).and_then(|text| read_farewell(&text));
                Event::Farewell(farewell.ok_or(Malformed("a malformed farewell"))?)
            }
            Some(_) => return Ok(None),
        }))
    }
}
