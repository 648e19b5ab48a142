//! JSON from a client: whatever decodes comes back from both forms.

#![no_main]

use caffis_schema::{
    ClientFrame,
    codec::{Codec, decode, encode},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(frame) = decode::<ClientFrame>(text, Codec::Json) {
        for codec in [Codec::Binary, Codec::Json] {
            let bytes = encode(&frame, codec).expect("a decoded frame can be encoded");
            assert_eq!(decode(&bytes, codec).as_ref(), Ok(&frame));
        }
    }
});
