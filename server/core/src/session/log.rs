//! What an operator reads of a session: a line when it opens and one when it ends, or one that says
//! that it was refused.

use std::{mem, net::IpAddr, sync::Mutex};

use caffis_link::{Farewell, Kind};
use caffis_schema::{ErrorCode, SessionId, UserId};
use tokio::time::Instant;

use super::link_loop::End;
use crate::{
    hub::{people::SessionHandle, rate::TokenBucket},
    sync::lock,
};

/// The most refused hellos that are logged in a second: whoever knocks all day fills no disk.
const REFUSALS_LOGGED: u32 = 10;

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

/// Logs refused hellos, as many as are worth reading.
#[derive(Debug)]
pub(crate) struct Refusals(Mutex<Measured>);

#[derive(Debug)]
struct Measured {
    rate: TokenBucket,
    unlogged: u64,
}

impl Measured {
    fn new(now: Instant) -> Self {
        Self { rate: TokenBucket::new(REFUSALS_LOGGED, now), unlogged: 0 }
    }

    /// How many were not logged since the last that was; none when this one is not to be either.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if self.rate.take(now).is_err() {
            self.unlogged += 1;
            return None;
        }
        Some(mem::take(&mut self.unlogged))
    }
}

impl Refusals {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Measured::new(Instant::now())))
    }

    /// Logs why one was refused, by its code only: what it said is not to be believed or kept.
    pub(super) fn log(&self, code: ErrorCode, kind: Kind, address: Option<IpAddr>) {
        let Some(unlogged) = lock(&self.0).take(Instant::now()) else { return };
        tracing::info!(
            error.code = code.name(),
            link.kind = %kind,
            address = address.map(tracing::field::display),
            unlogged,
            "hello refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn refused_hellos_are_logged_at_a_measured_pace_and_the_rest_is_counted() {
        let start = Instant::now();
        let mut refusals = Measured::new(start);
        let logged = (0..1_000).filter_map(|_| refusals.take(start)).collect::<Vec<_>>();
        assert_eq!(logged, [0; REFUSALS_LOGGED as usize]);
        assert_eq!(refusals.take(start + Duration::from_secs(1)), Some(990));
        assert_eq!(refusals.take(start + Duration::from_secs(1)), Some(0));
    }
}
