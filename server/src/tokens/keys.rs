//! Key sets (RFC 7517): the public keys that check tokens.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};

/// The largest key set, in bytes.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// The most keys in a set.
const MAX_KEYS: usize = 100;

/// Why a key set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// It cannot be read or fetched.
    #[error("the key set {location} cannot be read: {reason}")]
    Unreadable {
        /// The file or address.
        location: String,
        /// Why.
        reason: String,
    },
    /// It is not one.
    #[error("the key set {location} is not usable: {reason}")]
    Malformed {
        /// The file or address.
        location: String,
        /// Why.
        reason: String,
    },
}

/// Public keys, each with its one algorithm.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<TrustedKey>,
}

struct TrustedKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl KeySet {
    /// Reads a set. Keys of other kinds (encryption, shared secrets, other algorithms) are left out.
    ///
    /// # Errors
    /// What is wrong with the whole set.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_BYTES {
            return Err(format!("it has more than {MAX_BYTES} bytes"));
        }
        let set: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
        let entries = set.get("keys").and_then(serde_json::Value::as_array);
        let entries = entries.ok_or("it has no list of keys")?;
        if entries.len() > MAX_KEYS {
            return Err(format!("it has more than {MAX_KEYS} keys"));
        }
        // One key of a kind that is not known here must not make the others unusable.
        let keys: Vec<_> = entries.iter().filter_map(trusted).collect();
        if keys.is_empty() {
            return Err("it has no public key for RS256, ES256 or EdDSA".to_owned());
        }
        Ok(Self { keys })
    }

    /// The key with this id for this algorithm; without an id, the only key for the algorithm.
    #[must_use]
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut found = self
            .keys
            .iter()
            .filter(|key| key.algorithm == algorithm)
            .filter(|key| id.is_none() || key.id.as_deref() == id);
        let first = found.next()?;
        found.next().is_none().then_some(&first.key)
    }

    /// How many keys it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether it has none, as before the first fetch.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

fn trusted(entry: &serde_json::Value) -> Option<TrustedKey> {
    let jwk: Jwk = serde_json::from_value(entry.clone()).ok()?;
    let use_is_other = jwk.common.public_key_use.as_ref();
    if use_is_other.is_some_and(|use_| *use_ != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|wanted| wanted != name) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(TrustedKey { id: jwk.common.key_id, algorithm, key })
}
