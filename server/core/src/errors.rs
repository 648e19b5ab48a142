//! The store's errors as clients hear them: mapped here and nowhere else.

use caffis_schema::{Error, ErrorCode};

use crate::ports::{index::IndexError, store::StoreError};

/// How long a client should wait before it asks again when the store does not answer.
const RETRY_MS: u32 = 1_000;

/// How long a client should wait before it asks again when the disk is full.
const FULL_RETRY_MS: u32 = 5_000;

/// How long a client should wait before it asks again for a room that has no owner.
const MOVING_RETRY_MS: u32 = 500;

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => {
                let sentence = "The store is full; nothing was written.";
                Self::later(ErrorCode::StorageFull, sentence, FULL_RETRY_MS)
            }
            StoreError::Unavailable(_) => not_now(),
            StoreError::Unknown(_) => {
                let sentence = "The store did not say whether this was written: ask again.";
                Self::unknown(ErrorCode::Unavailable, sentence, RETRY_MS)
            }
            StoreError::Corrupt { .. } => {
                tracing::error!(%error, "the store holds a row that cannot be read");
                Self::refused(ErrorCode::Internal, "This could not be read.")
            }
            StoreError::Invalid { .. } => {
                tracing::error!(%error, "the store refused a request");
                Self::refused(ErrorCode::Internal, "This could not be stored.")
            }
        }
    }
}

impl From<IndexError> for Error {
    fn from(error: IndexError) -> Self {
        tracing::warn!(%error, "the search index does not answer");
        Self::later(ErrorCode::Unavailable, "Search is not available now.", RETRY_MS)
    }
}

/// The answer when the store cannot be reached, or something is not in memory now.
pub(crate) fn not_now() -> Error {
    Error::later(ErrorCode::Unavailable, "The store cannot be reached now.", RETRY_MS)
}

/// The answer for a room that no node owns now.
pub(crate) fn no_owner() -> Error {
    Error::later(ErrorCode::Unavailable, "The room is moving to another server.", MOVING_RETRY_MS)
}

/// The answer when the room's owner went away in the middle of a command.
pub(crate) fn owner_stopped() -> Error {
    let sentence = "The room's owner stopped: ask again.";
    Error::unknown(ErrorCode::Internal, sentence, RETRY_MS)
}

/// A POST names a connection that there is not.
pub(crate) fn no_stream() -> Error {
    let sentence = "There is no such stream, or it has ended: open another.";
    Error::refused(ErrorCode::NotFound, sentence)
}

#[cfg(test)]
mod tests {
    use caffis_schema::Outcome;

    use super::*;

    #[test]
    fn only_a_write_of_unknown_outcome_may_have_happened() {
        let unknown = Error::from(StoreError::Unknown("late".to_owned()));
        assert_eq!((unknown.outcome, unknown.retry_after_ms), (Outcome::Unknown, Some(RETRY_MS)));
        let (table, reason) = ("rooms", "a reason".to_owned());
        for (error, code) in [
            (StoreError::Full, ErrorCode::StorageFull),
            (StoreError::Unavailable("closing".to_owned()), ErrorCode::Unavailable),
            (StoreError::Corrupt { table, reason: reason.clone() }, ErrorCode::Internal),
            (StoreError::Invalid { table, reason }, ErrorCode::Internal),
        ] {
            let error = Error::from(error);
            assert_eq!((error.code, error.outcome), (code, Outcome::Refused));
        }
    }
}
