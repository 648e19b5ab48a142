//! Why no certificate was obtained.

use std::{error::Error, time::Duration};

use http::StatusCode;

use crate::CertError;

/// Why no certificate was obtained, in sentences for the operator.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// No answer came, or one that is not ACME.
    #[error("the certificate authority cannot be reached: {0}")]
    Unreachable(String),
    /// The authority refused.
    #[error("the certificate authority refused: {0}")]
    Refused(String),
    /// The authority could not validate a domain.
    #[error("the certificate authority could not validate {domain}: {reason}")]
    NotProven {
        /// Which domain.
        domain: String,
        /// What the authority says.
        reason: String,
    },
    /// The authority offers no challenge that we support.
    #[error("the certificate authority offers no tls-alpn-01 challenge for {0}")]
    NoChallenge(String),
    /// The answer does not follow RFC 8555.
    #[error("the certificate authority gave an unexpected answer: {0}")]
    Strange(String),
    /// It took too long.
    #[error("no certificate came within {0:?}")]
    TimedOut(Duration),
    /// The certificate that came cannot be used, or a file cannot be written.
    #[error(transparent)]
    Certificate(#[from] CertError),
}

impl AcmeError {
    /// Whether trying again soon is harmless and may help.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}

impl From<instant_acme::Error> for AcmeError {
    fn from(error: instant_acme::Error) -> Self {
        match error {
            instant_acme::Error::Api(problem) => Self::Refused(problem.to_string()),
            instant_acme::Error::Other(other) => match other.downcast::<Failure>() {
                Ok(failure) => Self::Unreachable(failure.to_string()),
                Err(other) => Self::Strange(other.to_string()),
            },
            other => Self::Strange(other.to_string()),
        }
    }
}

/// Why a request got no ACME answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Request(String),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(whole(&error))
    }
}

/// An error with its whole chain of sources: reqwest says what failed only there.
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
