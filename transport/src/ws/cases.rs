//! The cases of the Autobahn test suite, by its chapters, against our reader and tungstenite's: both
//! make the same of the same bytes, however the bytes are cut.

use std::io::{self, Read, Write};

use tokio_tungstenite::tungstenite::{
    self, WebSocket, protocol::Role as ForeignRole, protocol::WebSocketConfig,
};

use super::wire::{Message, Reader, Role};

/// The largest message of these tests.
const LIMIT: usize = 70_000;

const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const FIN: u8 = 0x80;

/// A frame of a client, with the shortest length.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..126 => bytes.push(0x80 | len as u8),
        len @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// What became of the bytes: messages, and at last the close or an error.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>, String),
    Error,
}

fn ours(bytes: &[u8], pieces: usize) -> Vec<Seen> {
    let mut reader = Reader::new(Role::Server, LIMIT, false);
    let mut seen = Vec::new();
    for piece in bytes.chunks(pieces) {
        reader.push(piece);
        loop {
            seen.push(match reader.next() {
                Ok(None) => break,
                Ok(Some(Message::Text(text))) => {
                    Seen::Text(String::from_utf8(text.to_vec()).unwrap())
                }
                Ok(Some(Message::Binary(bytes))) => Seen::Binary(bytes.to_vec()),
                Ok(Some(Message::Ping(payload))) => Seen::Ping(payload.to_vec()),
                Ok(Some(Message::Pong)) => Seen::Pong,
                Ok(Some(Message::Close(code, reason))) => Seen::Close(code, reason),
                Err(_) => Seen::Error,
            });
            if matches!(seen.last(), Some(Seen::Close(..) | Seen::Error)) {
                return seen;
            }
        }
    }
    seen
}

/// Gives bytes in pieces, then nothing more for now; takes everything.
struct Pieces<'a>(std::slice::Chunks<'a, u8>, &'a [u8]);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.1.is_empty() {
            self.1 = self.0.next().ok_or(io::ErrorKind::WouldBlock)?;
        }
        self.1.read(buf)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(bytes: &[u8], pieces: usize) -> Vec<Seen> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT))
        .read_buffer_size(4_096);
    let stream = Pieces(bytes.chunks(pieces), &[]);
    let mut socket = WebSocket::from_raw_socket(stream, ForeignRole::Server, Some(config));
    let mut seen = Vec::new();
    loop {
        seen.push(match socket.read() {
            Ok(tungstenite::Message::Text(text)) => Seen::Text(text.to_string()),
            Ok(tungstenite::Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Ok(tungstenite::Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(tungstenite::Message::Pong(_)) => Seen::Pong,
            Ok(tungstenite::Message::Close(None)) => Seen::Close(None, String::new()),
            // What it makes of a code that is not allowed.
            Ok(tungstenite::Message::Close(Some(close)))
                if close.reason == "Protocol violation" =>
            {
                Seen::Error
            }
            Ok(tungstenite::Message::Close(Some(close))) => {
                Seen::Close(Some(close.code.into()), close.reason.to_string())
            }
            Ok(other) => panic!("{other:?}"),
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return seen;
            }
            Err(_) => Seen::Error,
        });
        if matches!(seen.last(), Some(Seen::Close(..) | Seen::Error)) {
            return seen;
        }
    }
}

/// Both readers make this of the bytes, whole and in pieces.
#[track_caller]
fn check(bytes: &[u8], expected: &[Seen]) {
    let front = &bytes[..bytes.len().min(40)];
    for pieces in [1, 2, 7, 1_000, bytes.len().max(1)] {
        // Single bytes of large messages take long and show nothing new.
        if bytes.len() / pieces < 10_000 {
            assert_eq!(ours(bytes, pieces), expected, "{front:x?} in pieces of {pieces}");
        }
    }
    assert_eq!(theirs(bytes, bytes.len().max(1)), expected, "tungstenite on {front:x?}");
}

fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

#[test]
fn chapter_1_messages_of_every_length_encoding() {
    for size in [0, 1, 125, 126, 127, 128, 65_535, 65_536, LIMIT] {
        let payload = vec![b'*'; size];
        check(&frame(FIN | TEXT, &payload), &[text(&"*".repeat(size))]);
        check(&frame(FIN | BINARY, &payload), &[Seen::Binary(payload)]);
    }
    check(&frame(FIN | BINARY, &vec![0; LIMIT + 1]), &[Seen::Error]);
    let huge = [FIN | BINARY, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    check(&huge, &[Seen::Error]);
    check(&[FIN | BINARY, 1, 0], &[Seen::Error]);
}

#[test]
fn chapter_2_pings_and_pongs() {
    let all: Vec<u8> = (0..125).collect();
    for payload in [&b""[..], b"Hello", &[0, 0xff, 0xfe], &all] {
        check(&frame(FIN | PING, payload), &[Seen::Ping(payload.to_vec())]);
        check(&frame(FIN | PONG, payload), &[Seen::Pong]);
    }
    check(&frame(FIN | PING, &[0; 126]), &[Seen::Error]);
    check(&frame(FIN | PONG, &[0; 126]), &[Seen::Error]);
    let ten: Vec<u8> = (0..10).flat_map(|n| frame(FIN | PING, &[n])).collect();
    check(&ten, &(0..10).map(|n| Seen::Ping(vec![n])).collect::<Vec<_>>());
}

#[test]
fn chapter_3_reserved_bits() {
    for reserved in 1..8 {
        for opcode in [TEXT, BINARY, PING, PONG, CLOSE] {
            let odd = frame(FIN | reserved << 4 | opcode, b"");
            check(&odd, &[Seen::Error]);
            check(&[frame(FIN | TEXT, b"a"), odd].concat(), &[text("a"), Seen::Error]);
        }
    }
}

#[test]
fn chapter_4_opcodes_without_a_meaning() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for payload in [&b""[..], b"x"] {
            let odd = frame(FIN | opcode, payload);
            check(&odd, &[Seen::Error]);
            check(&[frame(FIN | TEXT, b"a"), odd].concat(), &[text("a"), Seen::Error]);
        }
    }
}

#[test]
fn chapter_5_fragments_and_control_frames_between_them() {
    let [first, middle, last] = [frame(TEXT, b"one "), frame(0, b"two "), frame(FIN, b"three")];
    let ping = frame(FIN | PING, b"?");
    let pinged = Seen::Ping(b"?".to_vec());
    let whole = || text("one two three");
    check(&[&first[..], &middle, &last].concat(), &[whole()]);
    check(&[&first[..], &ping, &middle, &last].concat(), &[pinged, whole()]);
    let parts = [&first[..], &frame(FIN | PONG, b""), &middle, &frame(FIN | PONG, b"x"), &last];
    check(&parts.concat(), &[Seen::Pong, Seen::Pong, whole()]);
    let empty = [frame(BINARY, b""), frame(0, b""), frame(FIN, b"")].concat();
    check(&empty, &[Seen::Binary(Vec::new())]);
    for wrong in [
        frame(PING, b""),
        frame(PONG, b""),
        frame(CLOSE, b""),
        frame(0, b"x"),
        frame(FIN, b"x"),
        [&first[..], &frame(FIN | TEXT, b"x")].concat(),
        [&first[..], &frame(BINARY, b"x")].concat(),
        [frame(BINARY, &[0; LIMIT]), frame(FIN, b"x")].concat(),
    ] {
        check(&wrong, &[Seen::Error]);
    }
    let after = [&first[..], &last, &last].concat();
    check(&after, &[text("one three"), Seen::Error]);
}

#[test]
fn chapter_6_text_is_utf_8_wherever_it_is_cut() {
    let words = "Hello-µ@ßöäüàá-UTF-8!! κόσμε \u{800} \u{fffd} \u{10000} \u{10ffff} 日本語";
    for at in 0..=words.len() {
        let (front, back) = words.as_bytes().split_at(at);
        check(&[frame(TEXT, front), frame(FIN, back)].concat(), &[text(words)]);
    }
    let each: Vec<u8> = words.bytes().flat_map(|byte| frame(0, &[byte])).collect();
    check(&[frame(TEXT, b""), each, frame(FIN, b"")].concat(), &[text(words)]);
    for wrong in [
        &b"\xc0\xaf"[..],
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xed\xa0\x80",
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
        b"\xff",
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce",
        b"abc\xed\xa0\x80def",
    ] {
        check(&frame(FIN | TEXT, wrong), &[Seen::Error]);
        let (front, back) = wrong.split_at(wrong.len() / 2);
        check(&[frame(TEXT, front), frame(FIN, back)].concat(), &[Seen::Error]);
        check(&frame(FIN | BINARY, wrong), &[Seen::Binary(wrong.to_vec())]);
    }
}

#[test]
fn chapter_7_closes_and_their_codes() {
    check(&frame(FIN | CLOSE, b""), &[Seen::Close(None, String::new())]);
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        check(&close(code, b""), &[Seen::Close(Some(code), String::new())]);
        let reason = "r".repeat(123);
        check(&close(code, reason.as_bytes()), &[Seen::Close(Some(code), reason)]);
    }
    for code in [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535] {
        check(&close(code, b""), &[Seen::Error]);
    }
    check(&frame(FIN | CLOSE, &[3]), &[Seen::Error]);
    check(&close(1000, &[b'r'; 124]), &[Seen::Error]);
    check(&close(1000, b"\xed\xa0\x80"), &[Seen::Error]);
    let after = [close(1000, b"bye"), frame(FIN | TEXT, b"x"), frame(FIN | PING, b"")].concat();
    check(&after, &[Seen::Close(Some(1000), "bye".to_owned())]);
}
