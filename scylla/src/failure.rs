//! What an error of the driver means for a request, and which requests are sent again.
//!
//! Reads and batches are sent again to the next replica when a connection breaks, a server is
//! overloaded or sees too few others: they may happen twice, because a batch has one stamp. Nothing is
//! sent again after a timeout, because the time is over by then. A conditional write is never sent
//! again by the driver: the second one could find the first one's row and say "not applied".
//!
//! If any of the attempts may have been carried out, the whole may have been, whatever the last attempt
//! says. So each write has an [`Attempts`] of its own that remembers it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use caffis_core::ports::store::{StoreError, Table};
use scylla::{
    errors::{DbError, ExecutionError, PrepareError, RequestAttemptError},
    policies::retry::{RequestInfo, RetryDecision, RetryPolicy, RetrySession},
};

/// How often a request is sent again, to another replica each time: with three replicas, all of them.
const MAX_RETRIES: u32 = 2;

/// The longest sentence that is kept of a driver's error.
const MAX_SENTENCE_BYTES: usize = 400;

/// The driver's own words, cut where they go on without end.
pub(crate) fn sentence(error: impl std::fmt::Display) -> String {
    let mut text = error.to_string();
    text.truncate(text.floor_char_boundary(MAX_SENTENCE_BYTES));
    text
}

/// What is known after an attempt has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It was not carried out, and another server may do it.
    Not,
    /// It was not carried out, and none would.
    Never,
    /// It may have been carried out, and another server may do it now.
    Perhaps,
    /// It may have been carried out, or may still be, and all the time is used up.
    Late,
}

fn outcome(error: &RequestAttemptError) -> Outcome {
    match error {
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_) => Outcome::Never,
        RequestAttemptError::UnableToAllocStreamId => Outcome::Not,
        RequestAttemptError::DbError(error, _) => match error {
            DbError::SyntaxError
            | DbError::Invalid
            | DbError::AlreadyExists { .. }
            | DbError::AuthenticationError
            | DbError::Unauthorized
            | DbError::ConfigError
            | DbError::ProtocolError => Outcome::Never,
            // The coordinator counts the replicas before it writes anything.
            DbError::Unavailable { .. } | DbError::IsBootstrapping => Outcome::Not,
            DbError::WriteTimeout { .. }
            | DbError::ReadTimeout { .. }
            | DbError::WriteFailure { .. }
            | DbError::ReadFailure { .. } => Outcome::Late,
            _ => Outcome::Perhaps,
        },
        _ => Outcome::Perhaps,
    }
}

/// The retry policy of one write, which remembers whether an attempt may have been carried out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attempts {
    perhaps: Arc<AtomicBool>,
}

impl Attempts {
    /// Whether an attempt that failed may have been carried out.
    pub(crate) fn may_have_happened(&self) -> bool {
        self.perhaps.load(Ordering::Relaxed)
    }
}

impl RetryPolicy for Attempts {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Attempt { perhaps: Some(Arc::clone(&self.perhaps)), retries: 0 })
    }
}

/// The retry policy of all reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadRetries;

impl RetryPolicy for ReadRetries {
    fn new_session(&self) -> Box<dyn RetrySession> {
        Box::new(Attempt { perhaps: None, retries: 0 })
    }
}

struct Attempt {
    perhaps: Option<Arc<AtomicBool>>,
    retries: u32,
}

impl RetrySession for Attempt {
    fn decide_should_retry(&mut self, request: RequestInfo<'_>) -> RetryDecision {
        let outcome = outcome(request.error);
        if let Some(perhaps) = &self.perhaps
            && matches!(outcome, Outcome::Perhaps | Outcome::Late)
        {
            perhaps.store(true, Ordering::Relaxed);
        }
        let again = matches!(outcome, Outcome::Not | Outcome::Perhaps);
        if !again || !request.is_idempotent || self.retries >= MAX_RETRIES {
            return RetryDecision::DontRetry;
        }
        self.retries += 1;
        RetryDecision::RetryNextTarget(None)
    }

    fn reset(&mut self) {
        self.retries = 0;
    }
}

/// A statement that could not be prepared; nothing was sent that writes.
pub(crate) fn prepare(table: &'static Table, error: &PrepareError) -> StoreError {
    match error {
        PrepareError::AllAttemptsFailed {
            first_attempt: RequestAttemptError::DbError(DbError::Invalid | DbError::SyntaxError, _),
        } => StoreError::Invalid { table: table.name, reason: sentence(error) },
        error => StoreError::Unavailable(sentence(error)),
    }
}

/// A read that failed.
pub(crate) fn read(table: &'static Table, error: &ExecutionError) -> StoreError {
    invalid(table, error).unwrap_or_else(|| StoreError::Unavailable(sentence(error)))
}

/// A write that failed.
pub(crate) fn write(
    table: &'static Table,
    error: &ExecutionError,
    attempts: &Attempts,
) -> StoreError {
    // The driver's own timeout does not ask the retry policy.
    if attempts.may_have_happened() || matches!(error, ExecutionError::RequestTimeout(_)) {
        return StoreError::Unknown(sentence(error));
    }
    match error {
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => StoreError::Unavailable(sentence(error)),
        ExecutionError::LastAttemptError(_) => read(table, error),
        _ => StoreError::Unknown(sentence(error)),
    }
}

/// A conditional write that failed. It goes through several rounds, and a coordinator can find too few
/// replicas in the last of them, when others have accepted it already: only a refusal says that nothing
/// will happen.
pub(crate) fn conditional(
    table: &'static Table,
    error: &ExecutionError,
    attempts: &Attempts,
) -> StoreError {
    match error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::Unavailable { .. },
            _,
        )) => StoreError::Unknown(sentence(error)),
        error => write(table, error, attempts),
    }
}

/// Whether the servers find a statement invalid.
pub(crate) fn is_invalid(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::Invalid | DbError::ConfigError,
            _
        ))
    )
}

/// The error of a request that does not fit.
fn invalid(table: &'static Table, error: &ExecutionError) -> Option<StoreError> {
    match error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::Invalid | DbError::SyntaxError,
            reason,
        )) => Some(StoreError::Invalid { table: table.name, reason: sentence(reason) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use caffis_core::tables::LeaseRow;
    use scylla::{errors::WriteType, statement::Consistency};

    use super::*;

    fn unavailable() -> RequestAttemptError {
        let consistency = Consistency::LocalQuorum;
        let error = DbError::Unavailable { consistency, required: 2, alive: 1 };
        RequestAttemptError::DbError(error, "few".to_owned())
    }

    fn timeout() -> RequestAttemptError {
        let error = DbError::WriteTimeout {
            consistency: Consistency::LocalQuorum,
            received: 1,
            required: 2,
            write_type: WriteType::Simple,
        };
        RequestAttemptError::DbError(error, "late".to_owned())
    }

    fn overloaded() -> RequestAttemptError {
        RequestAttemptError::DbError(DbError::Overloaded, "busy".to_owned())
    }

    #[test]
    fn outcomes_are_never_better_than_what_is_known() {
        assert_eq!(outcome(&unavailable()), Outcome::Not);
        assert_eq!(outcome(&timeout()), Outcome::Late);
        assert_eq!(outcome(&overloaded()), Outcome::Perhaps);
        let invalid = RequestAttemptError::DbError(DbError::Invalid, "large".to_owned());
        assert_eq!(outcome(&invalid), Outcome::Never);
        let table = LeaseRow::TABLE;
        let few: ExecutionError = unavailable().into();
        let attempts = Attempts::default();
        assert!(matches!(write(table, &few, &attempts), StoreError::Unavailable(_)));
        assert!(matches!(conditional(table, &few, &attempts), StoreError::Unknown(_)));
        let late: ExecutionError = timeout().into();
        assert!(matches!(read(table, &late), StoreError::Unavailable(_)));
        let slow = ExecutionError::RequestTimeout(std::time::Duration::from_secs(1));
        assert!(matches!(write(table, &slow, &attempts), StoreError::Unknown(_)));
        let refused: ExecutionError = invalid.into();
        let refused = write(table, &refused, &attempts);
        assert!(matches!(refused, StoreError::Invalid { table: "leases", .. }), "{refused:?}");
        // Once an attempt may have been carried out, a later one that was not says nothing.
        attempts.perhaps.store(true, Ordering::Relaxed);
        assert!(matches!(write(table, &few, &attempts), StoreError::Unknown(_)));
    }

    #[test]
    fn sentences_have_an_end() {
        assert_eq!(sentence("short"), "short");
        assert!(sentence("é".repeat(1_000)).len() <= MAX_SENTENCE_BYTES);
    }
}
