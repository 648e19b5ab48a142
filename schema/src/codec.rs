//! Frames to bytes and back: postcard or JSON.
//!
//! Decoding is strict: bytes left over, overlong varints, arrays for objects, values outside their type
//! and text over its bound are all [`DecodeError`]s. Each value has exactly one encoding, so two implementations that
//! agree on a value agree on its bytes.

use serde::{Serialize, de::DeserializeOwned};

use crate::{json, limits::FRAME_BYTES, output};

/// How payloads are written; the same choice as the link's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// postcard.
    Binary,
    /// JSON text.
    Json,
}

/// Bytes that are not the expected frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Longer than [`FRAME_BYTES`].
    #[error("{0} bytes are over the limit of {FRAME_BYTES}")]
    TooLarge(usize),
    /// The value is valid, but bytes are left over.
    #[error("{0} bytes are left over")]
    Trailing(usize),
    /// The value is valid, but there is a shorter encoding.
    #[error("the encoding is not canonical")]
    NotCanonical,
    /// Anything else: truncated, a bad tag, a bound exceeded, invalid UTF-8.
    #[error("malformed: {0}")]
    Malformed(String),
}

/// A value that cannot be encoded: larger than a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot be encoded: {0}")]
pub struct EncodeError(String);

/// Encodes a value.
///
/// # Errors
/// [`EncodeError`] when the result is larger than [`FRAME_BYTES`].
pub fn encode<T: Serialize>(value: &T, codec: Codec) -> Result<Vec<u8>, EncodeError> {
    let bytes = match codec {
        Codec::Binary => output::to_bytes(value).map_err(|e| EncodeError(e.to_string()))?,
        Codec::Json => serde_json::to_vec(value).map_err(|e| EncodeError(e.to_string()))?,
    };
    if bytes.len() > FRAME_BYTES {
        return Err(EncodeError(format!("{} bytes are over {FRAME_BYTES}", bytes.len())));
    }
    Ok(bytes)
}

/// Decodes a value, strictly.
///
/// # Errors
/// [`DecodeError`]; nothing larger than the input is allocated.
pub fn decode<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    codec: Codec,
) -> Result<T, DecodeError> {
    if bytes.len() > FRAME_BYTES {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    match codec {
        Codec::Json => json::from_slice(bytes).map_err(|e| DecodeError::Malformed(e.to_string())),
        Codec::Binary => {
            let (value, rest) = postcard::take_from_bytes::<T>(bytes)
                .map_err(|e| DecodeError::Malformed(e.to_string()))?;
            if !rest.is_empty() {
                return Err(DecodeError::Trailing(rest.len()));
            }
            // postcard accepts overlong varints: a frame with one does not encode back to the same bytes.
            match output::is_encoded_as(&value, bytes) {
                true => Ok(value),
                false => Err(DecodeError::NotCanonical),
            }
        }
    }
}
