//! Frames as the generator writes and reads them. Frequent frames are parsed by hand, without an
//! allocation; all others go through the schema's codec.

use std::time::Instant;

use caffis_schema::{
    Body, ClientFrame, Codec, Command, DeviceId, List, PROTOCOL_VERSION, Position, Request, RoomId,
    ServerFrame, Text, codec,
    command::{Cursor, Hello, Send},
    event::TextBody,
    room::ClientKey,
};

/// The length of a message's text in bytes; the first 16 are the time of sending.
pub(crate) const TEXT_BYTES: usize = 200;

/// The generator's clock, in nanoseconds since its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Microseconds since that time.
    pub(crate) fn since(self, nanoseconds: u64) -> u64 {
        self.now().saturating_sub(nanoseconds) / 1_000
    }
}

/// An encoded command.
pub(crate) fn request(id: u32, command: Command) -> Vec<u8> {
    let frame = ClientFrame::Request(Request { id, command });
    codec::encode(&frame, Codec::Binary).unwrap_or_default()
}

pub(crate) fn hello(user: &str, cursors: Vec<Cursor>) -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        client: Text::cut("caffis-bench"),
        device: DeviceId([7; 16]),
        token: Text::cut(&crate::token::mint(user)),
        cursors: List::cut(cursors),
        capabilities: 0,
    }
}

/// An encoded message that says when it was sent.
pub(crate) fn message(id: u32, room: RoomId, key: ClientKey, now: u64) -> Vec<u8> {
    let mut text = format!("{now:016x}");
    text.extend(std::iter::repeat_n('x', TEXT_BYTES - text.len()));
    let body = Body::Text(TextBody { text: Text::cut(&text) });
    request(id, Command::Send(Send::new(key, room, body)))
}

/// What a frame is, as far as the scenarios need it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// An entry of a room.
    Entry {
        room: u64,
        position: Position,
        /// When it was sent, if it is a message of [`message`].
        sent: Option<u64>,
    },
    /// The answer to a command: whether it was done.
    Answer { id: u32, done: bool },
    /// Anything else.
    Other,
}

/// Parses a frame of the server.
pub(crate) fn came(payload: &[u8]) -> Came {
    read(payload).unwrap_or(Came::Other)
}

fn read(payload: &[u8]) -> Option<Came> {
    let mut cursor = Reader(payload);
    match (cursor.byte()?, ()) {
        (0, ()) => {
            let id = u32::try_from(cursor.number()?).ok()?;
            Some(Came::Answer { id, done: cursor.byte()? == 0 })
        }
        (1, ()) if cursor.byte()? == 0 => {
            cursor.number()?;
            let (room, position) = (cursor.number()?, Position(cursor.number()?));
            Some(Came::Entry { room, position, sent: sent(&mut cursor) })
        }
        _ => Some(Came::Other),
    }
}

/// Parses the rest of an entry up to the beginning of a message's text.
fn sent(cursor: &mut Reader<'_>) -> Option<u64> {
    let _time = cursor.number()?;
    if cursor.number()? != 1 {
        return None;
    }
    let (_bytes, _number) = (cursor.number()?, cursor.number()?);
    if cursor.byte()? == 1 {
        let length = usize::try_from(cursor.number()?).ok()?;
        cursor.skip(length)?;
    }
    if cursor.byte()? == 1 {
        cursor.skip(16)?;
        cursor.number()?;
    }
    if cursor.number()? != 0 {
        return None;
    }
    let (_bytes, _length) = (cursor.number()?, cursor.number()?);
    let digits = cursor.0.get(..16)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, bytes: usize) -> Option<()> {
        self.0 = self.0.get(bytes..)?;
        Some(())
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

/// Decodes a whole frame.
pub(crate) fn decode(payload: &[u8]) -> anyhow::Result<ServerFrame> {
    Ok(codec::decode(payload, Codec::Binary)?)
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        ClientId, Entry, EntryKind, Event, MessageNumber, Reply, Timestamp, UserId,
        event::{Answer, Answered, RoomEntry},
        open::Empty,
        room::Message,
    };

    use super::*;

    fn encoded(frame: &ServerFrame) -> Vec<u8> {
        codec::encode(frame, Codec::Binary).unwrap()
    }

    #[test]
    fn the_reader_by_hand_agrees_with_the_codec() {
        let room = RoomId::from_random(u64::MAX);
        let (id, time) = (ClientId([5; 16]), Timestamp(1_000_000));
        let key = ClientKey { id, time, head: Position(776) };
        let sent = message(3, room, key, 0xabc);
        let ClientFrame::Request(Request { command: Command::Send(send), .. }) =
            codec::decode(&sent, Codec::Binary).unwrap()
        else {
            panic!()
        };
        for sender in [None, Some(UserId::new("ada").unwrap())] {
            let key = Some(send.key.into());
            let message = Message::new(MessageNumber(300), sender, key, send.body.clone());
            let entry = Entry {
                position: Position(777),
                time: Timestamp(1 << 40),
                kind: EntryKind::Message(message),
            };
            let event = Event::Entry(RoomEntry { room, entry });
            let came = came(&encoded(&ServerFrame::Event(event)));
            assert_eq!(
                came,
                Came::Entry { room: room.get(), position: Position(777), sent: Some(0xabc) }
            );
        }
        let reply = Answer { id: 400, result: Answered::Ok(Reply::Done(Empty {})) };
        let came = came(&encoded(&ServerFrame::Reply(reply)));
        assert_eq!(came, Came::Answer { id: 400, done: true });
        assert_eq!(super::came(&[1]), Came::Other);
    }
}
