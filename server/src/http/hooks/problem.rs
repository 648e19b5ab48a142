//! Why a webhook is refused: what its sender is answered, and what the operator reads.

use axum::{http::StatusCode, response::Response};
use caffis_schema::{Error, ErrorCode, Outcome, hooks::HookError};

use crate::http::{reply, sources::Refusal};

/// Why a webhook is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// No source has this name.
    UnknownSource,
    /// The body is over the limit.
    TooLarge,
    /// The body did not come whole.
    Unread,
    /// It is not taken from its source.
    Refused(Refusal),
    /// The body is no event.
    Body(HookError),
    /// The source may not send events of this kind.
    KindNotAllowed(&'static str),
    /// Core did not do an event of this kind.
    NotDone(&'static str, Error),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<HookError> for Problem {
    fn from(error: HookError) -> Self {
        Self::Body(error)
    }
}

impl Problem {
    /// A word for programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::UnknownSource => "unknown_source",
            Self::TooLarge => "too_large",
            Self::Unread => "unread",
            Self::Refused(Refusal::Header(_)) => "header_invalid",
            Self::Refused(Refusal::Signature) => "signature_invalid",
            Self::Refused(Refusal::Window) => "timestamp_outside_window",
            Self::Body(HookError::Envelope(_)) => "malformed",
            Self::Body(HookError::UnknownKind) => "unknown_kind",
            Self::Body(HookError::Data { .. }) => "data_invalid",
            Self::KindNotAllowed(_) => "kind_not_allowed",
            Self::NotDone(_, error) if error.code == ErrorCode::ClientIdReused => {
                "webhook_id_reused"
            }
            Self::Refused(Refusal::Rate(error)) | Self::NotDone(_, error) => error.code.name(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::UnknownSource => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unread | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::Refused(Refusal::Rate(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::KindNotAllowed(_) => StatusCode::FORBIDDEN,
            Self::NotDone(_, error) => status_of(error),
        }
    }

    fn error(&self) -> Error {
        let refused = |sentence: &str| Error::refused(ErrorCode::Invalid, sentence);
        match self {
            Self::UnknownSource => refused("There is no source of this name."),
            Self::TooLarge => refused("The body is over 262144 bytes."),
            Self::Unread => refused("The body did not come whole."),
            Self::Refused(Refusal::Header(name)) => {
                refused(&format!("The header {name} is missing or not good."))
            }
            Self::Refused(Refusal::Signature) => {
                refused("No secret of this source fits the signature.")
            }
            Self::Refused(Refusal::Window) => {
                refused("It was signed more than 5 minutes ago or ahead: sign it anew.")
            }
            Self::Body(error) => refused(&error.to_string()),
            Self::KindNotAllowed(kind) => refused(&format!("This source may not send {kind}.")),
            Self::Refused(Refusal::Rate(error)) | Self::NotDone(_, error) => error.clone(),
        }
    }

    /// What the operator, or the sender's author, can do about it.
    fn hint(&self) -> &'static str {
        match self {
            Self::UnknownSource => "correct the sender's address, or add it to hook_secrets",
            Self::TooLarge => "the sender has to send less in one event",
            Self::Unread => "the connection broke; the sender sends it again",
            Self::Refused(Refusal::Header(_)) => {
                "the sender has to sign as Standard Webhooks 1.0 says"
            }
            Self::Refused(Refusal::Signature) => {
                "compare the sender's secret with hook_secrets; list both to change it"
            }
            Self::Refused(Refusal::Window) => {
                "set the clocks, and have the sender sign each attempt anew"
            }
            Self::Refused(Refusal::Rate(_)) => {
                "raise hook_rates, or have the sender wait as Retry-After says"
            }
            Self::Body(HookError::UnknownKind) => {
                "this server does not know the kind: update it, or \
                                                   correct the sender"
            }
            Self::Body(_) => "compare what is sent with the JSON Schema at /api/chat/schemas/hooks",
            Self::KindNotAllowed(_) => "add the kind to hook_kinds, if the source may send it",
            Self::NotDone(_, error) => match (status_of(error), error.code) {
                (StatusCode::SERVICE_UNAVAILABLE, _) => "the sender sends it again",
                (_, ErrorCode::Conflict) => "the sender has to count a version up with each change",
                (_, ErrorCode::ClientIdReused) => "the sender has to give each event its own id",
                _ => "correct what is sent",
            },
        }
    }

    /// One line for the operator, without what was sent.
    pub(super) fn log(&self, source: &str, id: &str) {
        let (code, hint, error) = (self.code(), self.hint(), self.error());
        let kind = match self {
            Self::KindNotAllowed(kind) | Self::NotDone(kind, _) => kind,
            Self::Body(HookError::Data { kind, .. }) => kind,
            _ => "",
        };
        tracing::warn!(
            hook.source = source,
            hook.id = id,
            hook.kind = kind,
            code,
            hint,
            "webhook refused: {}",
            error.sentence
        );
    }

    /// What the sender is answered.
    pub(super) fn answer(&self) -> Response {
        reply::coded(self.status(), self.code(), &self.error())
    }
}

/// 4xx: it makes no sense to send this again unchanged. 503: it does.
fn status_of(error: &Error) -> StatusCode {
    match error.outcome {
        Outcome::Unknown => StatusCode::SERVICE_UNAVAILABLE,
        Outcome::Refused => StatusCode::from_u16(error.code.status(error.retry_after_ms.is_some()))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::catalogue;

    use super::*;

    #[test]
    fn every_problem_is_in_the_catalogue() {
        let refused = |code| Error::refused(code, "No.");
        let data = HookError::Data { kind: "user.deleted", reason: "no".to_owned() };
        let problems = [
            Problem::UnknownSource,
            Problem::TooLarge,
            Problem::Unread,
            Problem::Refused(Refusal::Header("webhook-id")),
            Problem::Refused(Refusal::Signature),
            Problem::Refused(Refusal::Window),
            Problem::Refused(Refusal::Rate(Error::later(ErrorCode::RateLimited, "No.", 1))),
            Problem::Body(HookError::UnknownKind),
            Problem::Body(data),
            Problem::KindNotAllowed("user.deleted"),
            Problem::NotDone("user.deleted", refused(ErrorCode::ClientIdReused)),
            Problem::NotDone("user.deleted", refused(ErrorCode::Conflict)),
        ];
        for problem in &problems {
            let found = catalogue::all().find(|explained| explained.code == problem.code());
            let found = found.unwrap_or_else(|| panic!("{problem:?} is not in the catalogue"));
            let status = problem.status().as_u16();
            assert!(found.statuses.contains(&status), "{problem:?}: {status}");
        }
        let named = |code: &str| problems.iter().any(|problem| problem.code() == code);
        assert!(catalogue::HOOK_CODES.iter().all(|explained| named(explained.code)));
    }
}
