//! What a client sends: a first line with the stream's name and the POST's number, then one line for each
//! frame. Lines that begin with a colon are the transport's own: `:ping`, `:pong`, and `:bye` with the code
//! and the reason of a farewell.

use std::{fmt, str::FromStr};

use bytes::{Buf, Bytes};
use caffis_link::{Codec, Farewell};

use super::{
    error::Malformed,
    options::POST_FRAMES,
    payload::{payload_of, put_payload},
};

/// The name of a stream: the number of its node and 128 random bits. In text 48 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StreamName {
    pub(super) node: u64,
    pub(super) secret: u128,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:032x}", self.node, self.secret)
    }
}

/// Whoever has the name can send: no log gets it.
impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamName({:016x}…)", self.node)
    }
}

impl FromStr for StreamName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = Malformed("the name of a stream has 48 hexadecimal digits");
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 48 || !digits {
            return Err(bad);
        }
        let (node, secret) = text.split_at(16);
        Ok(Self {
            node: u64::from_str_radix(node, 16).map_err(|_| bad)?,
            secret: u128::from_str_radix(secret, 16).map_err(|_| bad)?,
        })
    }
}

/// One line of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Frame(Bytes),
    Ping,
    Pong,
    Farewell(Farewell),
}

/// A POST whose first line was read.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) name: StreamName,
    pub(super) number: u64,
    lines: Bytes,
}

/// The number of the node to which a POST has to go.
///
/// # Errors
/// Its first line cannot be read.
pub fn destination(body: &Bytes) -> Result<u64, Malformed> {
    Post::read(body.clone()).map(|post| post.name.node)
}

impl Post {
    /// Reads the first line.
    pub(super) fn read(mut body: Bytes) -> Result<Self, Malformed> {
        let bad = Malformed(
            "a POST begins with a line: the name of the stream, a space, a number from 1",
        );
        let line = take_line(&mut body);
        let (name, number) =
            str::from_utf8(&line).ok().and_then(|line| line.split_once(' ')).ok_or(bad)?;
        let is_plain = !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| is_plain).ok_or(bad)?;
        Ok(Self { name: name.parse()?, number, lines: body })
    }

    /// Reads the other lines. Each ends with a line break; the last may do without.
    pub(super) fn items(mut self, codec: Codec, max_frame: usize) -> Result<Vec<Item>, Malformed> {
        let mut items = Vec::new();
        while !self.lines.is_empty() {
            if items.len() == POST_FRAMES {
                return Err(Malformed("too many frames in one POST"));
            }
            let line = take_line(&mut self.lines);
            items.push(match &line[..] {
                b":ping" => Item::Ping,
                b":pong" => Item::Pong,
                [b':', control @ ..] => Item::Farewell(farewell(control)?),
                _ => Item::Frame(payload_of(line, codec, max_frame)?),
            });
        }
        Ok(items)
    }
}

fn take_line(bytes: &mut Bytes) -> Bytes {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.split_to(end);
    bytes.advance(bytes.len().min(1));
    line
}

fn farewell(control: &[u8]) -> Result<Farewell, Malformed> {
    let bad = Malformed(
        "a line that begins with a colon is :ping, :pong, or :bye with a code and a reason",
    );
    let text =
        str::from_utf8(control).ok().and_then(|text| text.strip_prefix("bye ")).ok_or(bad)?;
    read_farewell(text).ok_or(bad)
}

/// A farewell from its code and, after a space, its reason.
pub(super) fn read_farewell(text: &str) -> Option<Farewell> {
    let (code, reason) = text.split_once(' ')?;
    if reason.len() > Farewell::MAX_REASON {
        return None;
    }
    Some(Farewell::new(code.parse().ok()?, reason))
}

/// A farewell as text on one line.
pub(super) fn farewell_text(farewell: &Farewell) -> String {
    let reason = farewell.reason.replace(['\n', '\r'], " ");
    format!("{} {reason}", farewell.code)
}

/// The first line of a POST.
pub(super) fn head(name: &str, number: u64) -> String {
    format!("{name} {number}\n")
}

/// Appends the line of a frame.
pub(super) fn put_frame(lines: &mut Vec<u8>, codec: Codec, payload: &[u8]) {
    put_payload(lines, codec, payload);
    lines.push(b'\n');
}

/// Appends a line of the transport's own.
pub(super) fn put_control(lines: &mut Vec<u8>, control: &str) {
    lines.push(b':');
    lines.extend_from_slice(control.as_bytes());
    lines.push(b'\n');
}
