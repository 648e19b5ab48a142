//! A digest that tells a resend from another command with the same client id.

use caffis_schema::{Codec, codec};
use serde::Serialize;

/// FNV-1a over the value's encoding, in 63 bits so that it fits a signed column.
///
/// Not a secret and not against forgery: it compares what one person sent with what the same person
/// sent before.
#[must_use]
pub fn digest<T: Serialize>(value: &T) -> u64 {
    let bytes = codec::encode(value, Codec::Binary).unwrap_or_default();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash >> 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_with_the_value_and_fits_a_signed_column() {
        assert_eq!(digest(&"one"), digest(&"one"));
        assert_ne!(digest(&"one"), digest(&"two"));
        assert!((0..1_000_u32).all(|n| digest(&n) <= i64::MAX as u64));
    }
}
