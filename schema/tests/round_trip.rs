//! Random frames: there is one encoding of each value, and nothing else is accepted.
#![allow(clippy::expect_used, reason = "a helper of tests panics as they do")]

mod support;

use caffis_schema::{
    ClientFrame, ServerFrame,
    codec::{Codec, DecodeError, decode, encode},
};
use serde::{Serialize, de::DeserializeOwned};
use support::Frames;

const FRAMES: usize = 20_000;

/// Decodes what must be good, through both forms, and gives back the value.
fn good<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> T {
    let value: T =
        decode(bytes, Codec::Binary).unwrap_or_else(|error| panic!("{error}: {bytes:x?}"));
    assert_eq!(encode(&value, Codec::Binary).expect("encodes"), bytes);
    // Names and escapes take room: the largest frames have no JSON form within the limit.
    let Ok(json) = encode(&value, Codec::Json) else {
        assert!(bytes.len() > 20_000, "a frame of {} bytes has no JSON form", bytes.len());
        return value;
    };
    let again: T = decode(&json, Codec::Json)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json)));
    assert_eq!(again, value);
    value
}

/// Whatever is accepted is the one encoding of its value.
fn refused_or_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> bool {
    match decode::<T>(bytes, Codec::Binary) {
        Ok(value) => {
            assert_eq!(encode(&value, Codec::Binary).expect("encodes"), bytes);
            false
        }
        Err(_) => true,
    }
}

#[test]
fn frames_come_back_from_both_forms() {
    let mut frames = Frames::new(1);
    for _ in 0..FRAMES {
        good::<ClientFrame>(&frames.client());
        good::<ServerFrame>(&frames.server());
    }
}

#[test]
fn every_truncation_is_refused() {
    let mut frames = Frames::new(2);
    for _ in 0..FRAMES / 10 {
        let (client, server) = (frames.client(), frames.server());
        for end in 0..client.len().min(1_000) {
            decode::<ClientFrame>(&client[..end], Codec::Binary).expect_err("truncated");
        }
        for end in 0..server.len().min(1_000) {
            decode::<ServerFrame>(&server[..end], Codec::Binary).expect_err("truncated");
        }
    }
}

#[test]
fn bytes_after_a_frame_are_refused() {
    let mut frames = Frames::new(3);
    for last in (0..=255).cycle().take(FRAMES / 10) {
        let mut bytes = frames.client();
        bytes.push(last);
        assert_eq!(decode::<ClientFrame>(&bytes, Codec::Binary), Err(DecodeError::Trailing(1)));
    }
}

#[test]
fn a_changed_byte_is_refused_or_means_another_value() {
    let mut frames = Frames::new(4);
    let mut refused = 0;
    for _ in 0..FRAMES {
        let (mut client, mut server) = (frames.client(), frames.server());
        let random = frames.random();
        let (at, byte) = (random.below(client.len()), random.next() as u8);
        client[at] = byte;
        let (at, byte) = (random.below(server.len()), random.next() as u8);
        server[at] = byte;
        refused += usize::from(refused_or_canonical::<ClientFrame>(&client));
        refused += usize::from(refused_or_canonical::<ServerFrame>(&server));
    }
    assert!(refused > FRAMES / 4, "only {refused} of {} were refused", 2 * FRAMES);
}

#[test]
fn a_number_written_with_one_byte_too_many_is_refused() {
    let mut frames = Frames::new(5);
    let (mut tried, mut refused) = (0, 0);
    for _ in 0..FRAMES {
        let mut bytes = frames.server();
        let at = frames.random().below(bytes.len());
        if bytes[at] < 0x80 {
            bytes[at] |= 0x80;
            bytes.insert(at + 1, 0);
            tried += 1;
            refused += usize::from(refused_or_canonical::<ServerFrame>(&bytes));
        }
    }
    // In the bytes of an id or of an unknown kind it is another value, not a longer number.
    assert!(refused * 100 > tried * 99, "only {refused} of {tried} were refused");
}
