//! Payloads as lines.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use caffis_link::Codec;

use super::error::Malformed;

/// A payload as one line.
pub(super) fn put_payload(out: &mut Vec<u8>, codec: Codec, payload: &[u8]) {
    match codec {
        Codec::Binary => {
            let start = out.len();
            out.resize(start + payload.len().div_ceil(3) * 4, 0);
            let written = BASE64_STANDARD.encode_slice(payload, &mut out[start..]);
            out.truncate(start + written.unwrap_or_default());
        }
        // In JSON a line break can only stand where a space can.
        Codec::Json => {
            let is_break = |byte: u8| matches!(byte, b'\n' | b'\r');
            out.extend(payload.iter().map(|byte| if is_break(*byte) { b' ' } else { *byte }));
        }
    }
}

/// The payload that a line stands for.
pub(super) fn payload_of(line: Bytes, codec: Codec, max_frame: usize) -> Result<Bytes, Malformed> {
    let payload = match codec {
        Codec::Binary => BASE64_STANDARD
            .decode(&line)
            .map_err(|_| Malformed("a frame that is not base64"))?
            .into(),
        Codec::Json if str::from_utf8(&line).is_err() => {
            return Err(Malformed("a frame that is not UTF-8"));
        }
        Codec::Json => line,
    };
    if payload.len() > max_frame {
        return Err(Malformed("a frame over the limit"));
    }
    Ok(payload)
}
