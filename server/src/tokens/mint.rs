//! Making tokens, for development: HS256 with the shared secret.

use std::time::Duration;

use caffis_core::model::caller::Rights;
use caffis_schema::{Timestamp, UserId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use super::{claims::SERVICE_SCOPE, crypto};

/// What a token should say.
#[derive(Clone, Debug)]
pub struct Grant {
    /// For whom.
    pub user: UserId,
    /// Their name.
    pub name: Option<String>,
    /// When it is made.
    pub issued: Timestamp,
    /// For how long it holds.
    pub lifetime: Duration,
    /// The rights of a service, or none for a person.
    pub service: Option<Rights>,
    /// Who makes it.
    pub issuer: Option<String>,
    /// For whom it is made.
    pub audience: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
}

/// The words that give a service these rights.
fn scope(rights: Rights) -> String {
    if rights == Rights::USUAL {
        return SERVICE_SCOPE.to_owned();
    }
    let words: Vec<_> = rights.granted().map(|name| format!("{SERVICE_SCOPE}:{name}")).collect();
    words.join(" ")
}

/// Makes a token.
///
/// # Errors
/// The signing failed.
pub fn mint(secret: &str, grant: &Grant) -> Result<String, jsonwebtoken::errors::Error> {
    crypto::install();
    let issued = grant.issued.get() / 1000;
    let claims = Claims {
        sub: grant.user.as_str(),
        iat: issued,
        exp: issued.saturating_add(grant.lifetime.as_secs()),
        name: grant.name.as_deref(),
        scope: grant.service.map(scope),
        iss: grant.issuer.as_deref(),
        aud: grant.audience.as_deref(),
    };
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
}
