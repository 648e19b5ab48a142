//! Who a token speaks for.

use std::{future::Future, pin::Pin, sync::Arc};

use caffis_schema::{Text, Timestamp, UserId, limits};

use crate::model::caller::Rights;

/// What a good token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The person: the token's `sub`.
    pub user: UserId,
    /// Their name, where the token has one.
    pub name: Option<Text<{ limits::NAME_BYTES }>>,
    /// The address of their picture, where the token has one.
    pub picture: Option<Text<{ limits::URL_BYTES }>>,
    /// When the token was made; a revocation from after that ends it.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The rights of a service of the business, which is in no room itself; none for a person.
    pub service: Option<Rights>,
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours: form, signature, algorithm, issuer or audience. The text never repeats the
    /// token.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// It was good and has ended.
    #[error("the token has expired")]
    Expired,
    /// The keys to check it with cannot be had now.
    #[error("the token cannot be checked now: {0}")]
    Unavailable(String),
}

/// An answer, to come.
pub type IdentityFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Identity, TokenError>> + Send + 'a>>;

/// Checks tokens.
pub trait Authenticator: Send + Sync + 'static {
    /// Who this token speaks for.
    fn identify<'a>(&'a self, token: &'a str) -> IdentityFuture<'a>;
}

/// An authenticator, shared.
pub type SharedAuthenticator = Arc<dyn Authenticator>;
