//! What is wrong with a request, or with the server: problem details (RFC 9457) with the protocol's codes.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use caffis_schema::{Error, ErrorCode, Outcome};

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

/// The status of an error of the protocol.
fn status_of(error: &Error) -> StatusCode {
    let later = error.retry_after_ms.is_some();
    match error.code {
        _ if error.outcome == Outcome::Unknown => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::TokenInvalid | ErrorCode::TokenExpired | ErrorCode::TokenRevoked => {
            StatusCode::UNAUTHORIZED
        }
        ErrorCode::Forbidden | ErrorCode::ReadOnly => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::AlreadyRead
        | ErrorCode::ClientIdReused
        | ErrorCode::Conflict
        | ErrorCode::Deleted
        | ErrorCode::Outdated
        | ErrorCode::Expired
        | ErrorCode::LastAdmin
        | ErrorCode::RoomClass
        | ErrorCode::TooLate => StatusCode::CONFLICT,
        ErrorCode::RateLimited | ErrorCode::SlowMode => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::LimitReached if later => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::LimitReached => StatusCode::CONFLICT,
        ErrorCode::StorageFull | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Invalid
        | ErrorCode::NotAnEmoji
        | ErrorCode::OutOfRange
        | ErrorCode::TextEmpty
        | ErrorCode::TextNotAllowed
        | ErrorCode::TextTooLong
        | ErrorCode::TooLarge => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::HelloExpected
        | ErrorCode::Internal
        | ErrorCode::UnknownCommand
        | ErrorCode::VersionUnsupported
        | ErrorCode::Unknown(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
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
