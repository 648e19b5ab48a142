//! How a session ends, and what that means for the next one.

use std::time::Duration;

use caffis_link::Farewell;
use caffis_schema::CloseCode;

use crate::events::Ended;

/// How a session, or the attempt at one, ended.
pub(crate) enum End {
    /// For good.
    Over(Ended),
    /// The client connects again.
    Lost {
        /// What happened, for people.
        reason: String,
        /// The delay that the server asked for.
        advised: Option<Duration>,
    },
}

impl End {
    pub(crate) fn lost(reason: impl Into<String>) -> Self {
        Self::Lost { reason: reason.into(), advised: None }
    }

    /// What to do after a farewell.
    pub(crate) fn farewell(farewell: Farewell, advised: Option<Duration>) -> Self {
        if CloseCode::from_number(farewell.code).is_none_or(CloseCode::reconnects) {
            Self::Lost { reason: farewell.reason, advised }
        } else {
            Self::Over(Ended::Closed(farewell))
        }
    }

    /// Ends a session so that the client connects again at once.
    pub(crate) fn reconnect(reason: &str) -> Self {
        Self::Lost { reason: reason.to_owned(), advised: Some(Duration::ZERO) }
    }
}
