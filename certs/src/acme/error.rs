//! Why no certificate was obtained.

use std::{error::Error, time::Duration};

use crate::CertError;

/// Why no certificate was obtained, in sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// No answer came, or one that is not ACME.
    #[error("the certificate authority cannot be reached: {0}")]
    Unreachable(String),
    /// The authority says no.
    #[error("the certificate authority refused: {0}")]
    Refused(String),
    /// The authority did not find our proof at a domain, or did not look.
    #[error("{domain} was not proven to the certificate authority: {reason}")]
    NotProven {
        /// Which domain.
        domain: String,
        /// What the authority says.
        reason: String,
    },
    /// The authority offers no challenge that we can meet.
    #[error("the certificate authority offers no tls-alpn-01 challenge for {0}")]
    NoChallenge(String),
    /// The authority answers in a way that RFC 8555 does not foresee.
    #[error("the certificate authority answers strangely: {0}")]
    Strange(String),
    /// It took too long.
    #[error("no certificate came within {0:?}")]
    TimedOut(Duration),
    /// The certificate that came cannot be used, or a file cannot be written.
    #[error(transparent)]
    Certificate(#[from] CertError),
}

impl AcmeError {
    /// Whether asking again soon costs the authority nothing and may help.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::Refused(problem.to_string()),
            instant_acme::Error::Other(other) => match other.downcast::<super::http::Failure>() {
                Ok(failure) => Self::Unreachable(failure.to_string()),
                Err(other) => Self::Strange(other.to_string()),
            },
            other => Self::Strange(other.to_string()),
        }
    }
}

/// An error with all that is behind it: reqwest says what failed only there.
pub(super) fn whole(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let part = error.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        source = error.source();
    }
    text
}
