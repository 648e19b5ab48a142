//! What a token says, and the identity that follows from it.

use std::time::Duration;

use caffis_core::{
    model::{caller::Rights, text::clean_name},
    ports::authenticator::{Identity, TokenError},
};
use caffis_schema::{Text, Timestamp, UserId};
use serde::Deserialize;

/// The scope of a service's tokens: alone it gives the usual rights, with a colon and the name of a
/// right that right.
pub(super) const SERVICE_SCOPE: &str = "service";

/// The largest time in seconds that is understood: the year 9999.
const MAX_SECONDS: f64 = 253_402_300_799.0;

#[derive(Deserialize)]
pub(super) struct Claims {
    // Both must be there: `Validation` says so first, with a better reason.
    sub: Option<String>,
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
    name: Option<String>,
    picture: Option<String>,
    scope: Option<Scope>,
}

/// A scope: words in one text (RFC 8693) or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scope {
    Text(String),
    List(Vec<String>),
}

impl Scope {
    /// The rights that the words grant to a service, or none if no word is about services.
    fn rights(&self) -> Option<Rights> {
        let words: Vec<&str> = match self {
            Self::Text(text) => text.split(' ').collect(),
            Self::List(list) => list.iter().map(String::as_str).collect(),
        };
        let mut rights = words.contains(&SERVICE_SCOPE).then_some(Rights::USUAL);
        for word in words {
            let name = word.strip_prefix(SERVICE_SCOPE).and_then(|rest| rest.strip_prefix(':'));
            if let Some(name) = name {
                rights.get_or_insert_default().grant(name);
            }
        }
        rights
    }
}

impl Claims {
    /// The identity, if the token holds at this time by clocks that differ by at most `leeway`.
    pub(super) fn identity(self, now: Timestamp, leeway: Duration) -> Result<Identity, TokenError> {
        let leeway = u64::try_from(leeway.as_millis()).unwrap_or(u64::MAX);
        let (Some(sub), Some(exp)) = (self.sub, self.exp) else {
            return Err(invalid("it lacks sub or exp"));
        };
        let ends = milliseconds(exp, "exp")?;
        if ends + leeway <= now {
            return Err(TokenError::Expired);
        }
        if let Some(begins) = self.nbf
            && milliseconds(begins, "nbf")? > now + leeway
        {
            return Err(invalid("it does not hold yet (nbf)"));
        }
        // A token that does not say when it was made counts as made before any revocation.
        let issued = self.iat.map_or(Ok(Timestamp::ZERO), |made| milliseconds(made, "iat"))?;
        if issued > now + leeway {
            return Err(invalid("it was made in the future (iat)"));
        }
        let user = UserId::new(&sub).map_err(|error| invalid(&format!("sub is {error}")))?;
        Ok(Identity {
            user,
            name: self.name.and_then(|name| clean_name(&name)),
            picture: self.picture.filter(|url| is_web(url)).and_then(|url| Text::new(url).ok()),
            issued,
            expires: if ends > now { ends } else { ends + leeway },
            service: self.scope.and_then(|scope| scope.rights()),
        })
    }
}

/// Whether an address may stand in a page as a picture.
fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn milliseconds(seconds: f64, claim: &str) -> Result<Timestamp, TokenError> {
    if (0.0..=MAX_SECONDS).contains(&seconds) {
        Ok(Timestamp((seconds * 1000.0) as u64))
    } else {
        Err(invalid(&format!("{claim} is no time")))
    }
}

/// A token that is not one of ours, and why.
pub(super) fn invalid(reason: &str) -> TokenError {
    TokenError::Invalid(reason.to_owned())
}
