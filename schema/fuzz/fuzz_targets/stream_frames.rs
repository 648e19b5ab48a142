//! The framing of streams and of WebSocket messages: the pieces in which bytes come change nothing,
//! and whatever is accepted is written back the same.

#![no_main]

use bytes::{BufMut as _, Bytes, BytesMut};
use caffis_link::frame::{
    Decoder, Frame, FrameError, FrameKind, decode_farewell, decode_message, encode_farewell,
    put_header,
};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1_000;

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, Result<bool, FrameError>) {
    let mut decoder = Decoder::new(LIMIT);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Err(error)),
            }
        }
    }
    (frames, Ok(decoder.is_inside_frame()))
}

fuzz_target!(|bytes: &[u8]| {
    let whole = frames(std::iter::once(bytes));
    assert_eq!(whole, frames(bytes.chunks(1)));
    let size = bytes.first().map_or(1, |first| usize::from(*first).max(1));
    assert_eq!(whole, frames(bytes.chunks(size)));

    let mut written = BytesMut::new();
    for frame in &whole.0 {
        assert!(frame.payload.len() <= frame.kind.limit(LIMIT));
        put_header(&mut written, frame.kind, frame.payload.len() as u32);
        written.put_slice(&frame.payload);
        if frame.kind == FrameKind::Farewell
            && let Ok(farewell) = decode_farewell(&frame.payload)
        {
            assert_eq!(encode_farewell(&farewell), frame.payload);
        }
    }
    assert!(bytes.starts_with(&written));
    if whole.1 == Ok(false) {
        assert_eq!(bytes, written);
    }

    if let Ok(frame) = decode_message(Bytes::copy_from_slice(bytes), LIMIT) {
        assert_eq!(bytes[0], frame.kind as u8);
        assert_eq!(bytes[1..], frame.payload);
    }
});
