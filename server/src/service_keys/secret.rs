//! What a key looks like: `cck_`, its name, `_`, and 256 random bits as hexadecimal digits. The prefix lets
//! scanners of source code find keys that leaked.

use bytes::Bytes;
use caffis_core::ports::entropy::{self, Entropy};
use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

/// What all keys begin with.
pub const PREFIX: &str = "cck_";

/// The longest name, in bytes.
const NAME_BYTES: usize = 32;

/// The digits of a secret: 256 bits.
const DIGITS: usize = 64;

/// A key that was made just now: its text is shown once and kept nowhere.
pub struct NewKey {
    /// What the service gives with each request.
    pub text: String,
    /// What the store keeps.
    pub digest: Bytes,
}

impl NewKey {
    /// A key of this name with a new secret.
    #[must_use]
    pub fn make(name: &str, entropy: &dyn Entropy) -> Self {
        let secret: [u8; DIGITS / 2] = entropy::bytes(entropy);
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{PREFIX}{name}_{digits}");
        Self { digest: digest_of(&text), text }
    }
}

/// Whether a key can have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=NAME_BYTES).contains(&name.len()) && name.bytes().all(letter)
}

/// The name in a key, if the text can be one.
pub(super) fn name_in(text: &str) -> Option<&str> {
    let (name, digits) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    (is_name(name) && digits.len() == DIGITS && digits.bytes().all(digit)).then_some(name)
}

/// What the store keeps of a key. Its secret cannot be guessed, so one round is enough.
pub(super) fn digest_of(text: &str) -> Bytes {
    Bytes::copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref())
}

/// Whether two digests are the same, in a time that does not tell where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    #[test]
    fn a_key_says_its_name_and_nothing_else_is_one() {
        let key = NewKey::make("map-2", &SystemEntropy::default());
        assert_eq!(name_in(&key.text), Some("map-2"));
        assert_eq!(key.text.len(), "cck_map-2_".len() + 64);
        assert!(same(&key.digest, &digest_of(&key.text)) && key.digest.len() == 32);
        let other = NewKey::make("map-2", &SystemEntropy::default());
        assert!(!same(&key.digest, &other.digest) && !same(&key.digest, &other.digest[1..]));
        let digits = "0".repeat(64);
        for text in [
            String::new(),
            "cck_".to_owned(),
            format!("cck__{digits}"),
            format!("cck_map_{digits}0"),
            format!("cck_Map_{digits}"),
            format!("cck_map_x_{digits}"),
            format!("ccx_map_{digits}"),
            format!("cck_map_{}", digits.replace('0', "A")),
            format!("cck_{}_{digits}", "m".repeat(33)),
        ] {
            assert_eq!(name_in(&text), None, "{text}");
        }
    }
}
