//! Bytes from a server: whatever decodes is the one encoding of its value, in JSON too.

#![no_main]

use caffis_schema::{
    ServerFrame,
    codec::{Codec, decode, encode},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(frame) = decode::<ServerFrame>(bytes, Codec::Binary) {
        assert_eq!(encode(&frame, Codec::Binary).as_deref(), Ok(bytes));
        let json = encode(&frame, Codec::Json).expect("a decoded frame has a JSON form");
        assert_eq!(decode(&json, Codec::Json), Ok(frame));
    }
});
