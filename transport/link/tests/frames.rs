//! The frame decoder against every way to cut a stream, and against what is no frame.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use caffis_link::{
    Farewell,
    frame::{self, Decoder, Frame, FrameError, FrameKind},
};
use proptest::prelude::*;

const LIMIT: usize = 5_000;

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        frame::put_header(&mut out, frame.kind, frame.payload.len() as u32);
        out.extend_from_slice(&frame.payload);
    }
    out
}

fn decode(pieces: impl Iterator<Item = Vec<u8>>) -> Result<Vec<Frame>, FrameError> {
    let mut decoder = Decoder::new(LIMIT);
    let mut frames = Vec::new();
    for piece in pieces {
        decoder.push(&piece);
        while let Some(frame) = decoder.next_frame()? {
            frames.push(frame);
        }
    }
    assert!(!decoder.is_inside_frame());
    Ok(frames)
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let data = proptest::collection::vec(any::<u8>(), 0..LIMIT)
        .prop_map(|payload| Frame { kind: FrameKind::Data, payload: payload.into() });
    let ping = proptest::collection::vec(any::<u8>(), 0..=frame::MAX_PING)
        .prop_map(|payload| Frame { kind: FrameKind::Ping, payload: payload.into() });
    prop_oneof![data, ping]
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(
        frames in proptest::collection::vec(any_frame(), 0..6),
        cuts in proptest::collection::vec(1_usize..700, 1..40),
    ) {
        let bytes = encode(&frames);
        let mut rest = &bytes[..];
        let mut cuts = cuts.iter().cycle();
        let pieces = std::iter::from_fn(|| {
            let (piece, after) = rest.split_at((*cuts.next()?).min(rest.len()));
            rest = after;
            (!piece.is_empty()).then(|| piece.to_vec())
        });
        prop_assert_eq!(decode(pieces), Ok(frames));
    }

    #[test]
    fn garbage_never_panics_and_is_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut decoder = Decoder::new(LIMIT);
        decoder.push(&bytes);
        while let Ok(Some(frame)) = decoder.next_frame() {
            prop_assert!(frame.payload.len() <= LIMIT);
        }
        let _ = frame::decode_farewell(&bytes);
        let _ = frame::decode_message(Bytes::from(bytes), LIMIT);
    }

    #[test]
    fn farewells_round_trip(code in any::<u16>(), reason in ".{0,60}") {
        let farewell = Farewell::new(code, reason);
        prop_assert_eq!(frame::decode_farewell(&frame::encode_farewell(&farewell)), Ok(farewell));
    }
}

#[test]
fn byte_by_byte_works() {
    let frames = [0, 1, 127, 128, LIMIT]
        .map(|size| Frame { kind: FrameKind::Data, payload: vec![7; size].into() });
    let pieces = encode(&frames).into_iter().map(|byte| vec![byte]);
    assert_eq!(decode(pieces), Ok(frames.to_vec()));
}

#[test]
fn bad_headers_are_refused_before_the_payload_comes() {
    let too_large = FrameError::TooLarge { size: LIMIT + 1, limit: LIMIT };
    let mut over = Vec::new();
    frame::put_header(&mut over, FrameKind::Data, LIMIT as u32 + 1);
    let ping = FrameError::TooLarge { size: 9, limit: 8 };
    for (bytes, error) in [
        (over, too_large),
        (vec![9], FrameError::UnknownKind(9)),
        (vec![2, 9], ping),
        (vec![0, 0x80, 0x00], FrameError::BadLength),
        (vec![0, 0xff, 0xff, 0xff, 0xff, 0x10], FrameError::BadLength),
        (vec![0, 0xff, 0xff, 0xff, 0xff, 0xff], FrameError::BadLength),
    ] {
        let mut decoder = Decoder::new(LIMIT);
        decoder.push(&bytes);
        assert_eq!(decoder.next_frame(), Err(error));
    }
}
