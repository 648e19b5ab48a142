//! What is wrong with a request, or with the server: problem details (RFC 9457) with the protocol's codes.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use caffis_schema::{Error, ErrorCode, Outcome, catalogue::UNKNOWN_STATUS};

use crate::http::reply;

/// What callers who are not let in are told to give.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"caffis-chat\"");

/// Why something was not done, or that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    error: Error,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { status: status_of(&error), error }
    }
}

impl Problem {
    /// What came cannot be read.
    pub(super) fn bad(code: ErrorCode, sentence: &str) -> Self {
        Self::with(StatusCode::BAD_REQUEST, Error::refused(code, sentence))
    }

    /// An error with a status of its own.
    pub(super) fn with(status: StatusCode, error: Error) -> Self {
        Self { status, error }
    }

    /// What the caller is answered; `keyed` if the same can be sent again with its key.
    pub(super) fn answer(&self, keyed: bool) -> Response {
        let Self { status, error } = self;
        let code = error.code.name();
        let mut response = match (error.outcome, keyed) {
            (Outcome::Unknown, true) => {
                let sentence = "Send it again with the same Idempotency-Key.";
                let detail = format!("{} {sentence}", error.sentence);
                reply::detailed(*status, code, &detail, error)
            }
            _ => reply::error(*status, error),
        };
        if *status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
        }
        response
    }
}

/// The status of an error of the protocol, as the catalogue has it.
fn status_of(error: &Error) -> StatusCode {
    let status = match error.outcome {
        Outcome::Unknown => UNKNOWN_STATUS,
        Outcome::Refused => error.code.status(error.retry_after_ms.is_some()),
    };
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_happened_is_never_a_refusal() {
        for code in ErrorCode::ALL {
            let unknown = Problem::from(Error::unknown(*code, "?", 500));
            assert_eq!(unknown.status, StatusCode::GATEWAY_TIMEOUT, "{code}");
            let response = unknown.answer(true);
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
        }
    }
}
