//! Tokens: JSON Web Tokens, signed by the business or, in development, by this server.
//!
//! [`Tokens`] is the authenticator that core asks. HS256 is checked with the shared secret; RS256,
//! ES256 and EdDSA with a key set ([`jwks`]) that is read from a file or fetched from an address.
//! The algorithm follows from the key and never from the token: a token names a key, and its header
//! has to name that key's algorithm too. `crypto` gives `jsonwebtoken` its cryptography on ring,
//! `claims` turns what a token says into an identity, [`mint`] makes tokens for development.

mod claims;
mod crypto;
mod jwks;
#[cfg(test)]
mod key_tests;
mod keys;
mod mint;
mod source;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use caffis_core::ports::{
    authenticator::{Authenticator, Identity, IdentityFuture, TokenError},
    clock::SharedClock,
};
use caffis_schema::limits::TOKEN_BYTES;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};

use crate::config::TokenSettings;

pub use jwks::Jwks;
pub use keys::{KeySet, KeySetError};
pub use mint::{Grant, mint};

use claims::{Claims, invalid};

/// The authenticator: who a token speaks for.
pub struct Tokens {
    secret: Option<DecodingKey>,
    jwks: Option<Jwks>,
    settings: TokenSettings,
    clock: SharedClock,
}

impl Tokens {
    /// An authenticator with this shared secret and the key set that the settings name.
    ///
    /// # Errors
    /// A key set's file that cannot be read. An address that cannot be reached now is asked again.
    pub async fn start(
        secret: Option<&str>,
        settings: TokenSettings,
        clock: SharedClock,
    ) -> Result<Self, KeySetError> {
        crypto::install();
        let secret = secret.map(|secret| DecodingKey::from_secret(secret.as_bytes()));
        let jwks = match &settings.jwks {
            Some(location) => Some(Jwks::open(location, &settings).await?),
            None => None,
        };
        Ok(Self { secret, jwks, settings, clock })
    }

    /// Reads the key set again, as SIGHUP asks.
    pub async fn reload(&self) {
        if let Some(jwks) = &self.jwks {
            jwks.reload().await;
        }
    }

    async fn identity(&self, token: &str) -> Result<Identity, TokenError> {
        if token.len() > TOKEN_BYTES {
            return Err(invalid("it is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| {
            invalid("it is not a signed token, or its algorithm is not accepted here")
        })?;
        if header.crit.is_some() {
            return Err(invalid("it demands extensions (crit) that are not known here"));
        }
        let key = self.key(&header).await?;
        let validation = self.validation(header.alg);
        let token = jsonwebtoken::decode::<Claims>(token, &key, &validation)
            .map_err(|error| invalid(reason(error.kind())))?;
        token.claims.identity(self.clock.now(), self.settings.leeway)
    }

    /// The one key that may check a token with this header.
    async fn key(&self, header: &Header) -> Result<DecodingKey, TokenError> {
        match header.alg {
            Algorithm::HS256 => {
                self.secret.clone().ok_or_else(|| invalid("HS256 is not accepted here"))
            }
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA => match &self.jwks {
                Some(jwks) => jwks.key(header.kid.as_deref(), header.alg).await,
                None => Err(invalid("its algorithm is not accepted here")),
            },
            _ => Err(invalid("its algorithm is not accepted here")),
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let TokenSettings { issuers, audiences, .. } = &self.settings;
        let mut validation = Validation::new(algorithm);
        // Times are checked by our own clock, in `claims`.
        validation.validate_exp = false;
        let mut required = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        if !issuers.is_empty() {
            validation.set_issuer(issuers);
            required.insert("iss".to_owned());
        }
        if !audiences.is_empty() {
            validation.set_audience(audiences);
            required.insert("aud".to_owned());
        }
        validation.required_spec_claims = required;
        validation
    }
}

impl Authenticator for Tokens {
    fn identify<'a>(&'a self, token: &'a str) -> IdentityFuture<'a> {
        Box::pin(self.identity(token))
    }
}

/// What is wrong, in words that never repeat a part of the token.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidIssuer => "its issuer is not one of ours",
        ErrorKind::InvalidAudience => "it is not for this service (aud)",
        ErrorKind::InvalidAlgorithm => "its algorithm is not that of its key",
        ErrorKind::MissingRequiredClaim(claim) => match claim.as_str() {
            "exp" => "it never ends (no exp)",
            "sub" => "it names nobody (no sub)",
            "iss" => "it names no issuer",
            "aud" => "it names no audience",
            _ => "it lacks a claim",
        },
        ErrorKind::Json(_) => "its claims are not of the right form",
        _ => "it is malformed",
    }
}
