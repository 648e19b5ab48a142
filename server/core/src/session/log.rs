//! What an operator reads of a session: a line when it opens and one when it ends.

use std::net::IpAddr;

use caffis_link::{Farewell, Kind};
use caffis_schema::{SessionId, UserId};
use tokio::time::Instant;

use super::end::End;
use crate::hub::people::SessionHandle;

/// A session whose beginning is in the log.
pub(super) struct SessionLog {
    user: UserId,
    session: SessionId,
    since: Instant,
}

impl SessionLog {
    /// Logs that a session is open.
    pub(super) fn opened(session: &SessionHandle, kind: Kind, address: Option<IpAddr>) -> Self {
        let log = Self { user: session.user.clone(), session: session.id, since: Instant::now() };
        tracing::info!(
            user.id = %log.user,
            session.id = %log.session,
            link.kind = %kind,
            address = address.map(tracing::field::display),
            "session opened"
        );
        log
    }

    /// Logs that it ended; a link that broke has no code.
    pub(super) fn ended(self, end: &End) {
        let code = match end {
            End::Gone | End::Left(Farewell::ABRUPT) => None,
            End::Left(code) => Some(*code),
            End::Farewell(code, _) => Some(code.number()),
        };
        tracing::info!(
            user.id = %self.user,
            session.id = %self.session,
            close.code = code,
            close.by_server = matches!(end, End::Farewell(..)),
            seconds = self.since.elapsed().as_secs(),
            "session ended"
        );
    }
}
