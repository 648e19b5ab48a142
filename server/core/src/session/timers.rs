//! When a session has to do something by itself. One timer for all of it.

use std::time::Duration;

use tokio::time::Instant;

use crate::settings::Settings;

/// How long before its token ends a session is told.
const TOKEN_WARNING: Duration = Duration::from_secs(60);

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Ask whether the peer is there.
    Ping,
    /// The peer was silent for too long.
    Idle,
    /// Tell that the token ends soon.
    TokenWarning,
    /// The token has ended.
    TokenExpired,
}

/// The times that matter to a session.
#[derive(Debug)]
pub(super) struct Timers {
    idle_timeout: Duration,
    heard: Instant,
    pinged: bool,
    token_ends: Instant,
    warned: bool,
}

impl Timers {
    pub(super) fn new(settings: &Settings, token_left: Duration) -> Self {
        let heard = Instant::now();
        let idle_timeout = settings.idle_timeout;
        let token_ends = heard + token_left;
        Self { idle_timeout, heard, pinged: false, token_ends, warned: false }
    }

    /// The peer was heard.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    /// The session has a new token.
    pub(super) fn refreshed(&mut self, token_left: Duration) {
        self.token_ends = Instant::now() + token_left;
        self.warned = false;
    }

    /// For how many milliseconds the token is still good.
    pub(super) fn token_left_ms(&self) -> u64 {
        let left = self.token_ends.saturating_duration_since(Instant::now());
        left.as_millis().try_into().unwrap_or(u64::MAX)
    }

    /// When to look again.
    pub(super) fn next(&self) -> Instant {
        let silence = if self.pinged { self.idle_timeout } else { self.idle_timeout / 2 };
        let token = if self.warned { self.token_ends } else { self.warning() };
        (self.heard + silence).min(token)
    }

    fn warning(&self) -> Instant {
        self.token_ends.checked_sub(TOKEN_WARNING).unwrap_or(self.token_ends)
    }

    /// What is due now; each thing once.
    pub(super) fn due(&mut self) -> Due {
        let now = Instant::now();
        if now >= self.token_ends {
            return Due::TokenExpired;
        }
        if now >= self.warning() && !self.warned {
            self.warned = true;
            return Due::TokenWarning;
        }
        let silence = now.saturating_duration_since(self.heard);
        if silence >= self.idle_timeout {
            return Due::Idle;
        }
        if silence >= self.idle_timeout / 2 && !self.pinged {
            self.pinged = true;
            return Due::Ping;
        }
        Due::Nothing
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn timers(token_left: u64) -> Timers {
        Timers::new(&Settings::default(), Duration::from_secs(token_left))
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_asked_about_once_and_then_ends_the_session() {
        let mut timers = timers(86_400);
        assert_eq!(timers.next(), Instant::now() + Duration::from_secs(15));
        advance(Duration::from_secs(15)).await;
        assert_eq!([timers.due(), timers.due()], [Due::Ping, Due::Nothing]);
        timers.heard();
        advance(Duration::from_secs(29)).await;
        assert_eq!([timers.due(), timers.due()], [Due::Ping, Due::Nothing]);
        assert_eq!(timers.next(), Instant::now() + Duration::from_secs(1));
        advance(Duration::from_secs(1)).await;
        assert_eq!(timers.due(), Due::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_warns_once_and_ends_unless_it_is_refreshed() {
        let mut timers = timers(65);
        timers.heard();
        advance(Duration::from_secs(5)).await;
        assert_eq!([timers.due(), timers.due()], [Due::TokenWarning, Due::Nothing]);
        timers.refreshed(Duration::from_secs(100));
        advance(Duration::from_secs(39)).await;
        timers.heard();
        assert_eq!(timers.due(), Due::Nothing);
        advance(Duration::from_secs(1)).await;
        assert_eq!(timers.due(), Due::TokenWarning);
        advance(Duration::from_secs(60)).await;
        timers.heard();
        assert_eq!(timers.due(), Due::TokenExpired);
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_that_is_as_good_as_over_warns_at_once() {
        let mut timers = timers(1);
        assert_eq!(timers.due(), Due::TokenWarning);
        advance(Duration::from_secs(1)).await;
        assert_eq!(timers.due(), Due::TokenExpired);
    }
}
