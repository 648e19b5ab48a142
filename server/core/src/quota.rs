//! How often a person may do something per day, or per minute.

use std::{collections::BTreeMap, sync::Mutex};

use caffis_schema::{Error, ErrorCode, Timestamp, UserId};

use crate::sync::lock;

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;

/// A minute, in milliseconds.
const MINUTE: u64 = 60_000;

/// People who are counted in one span of time. One more starts the count afresh: what the quota protects is
/// still bounded by the rates of connections and commands.
const PEOPLE: usize = 100_000;

/// A number per day (UTC) or minute for each person. In memory only: a restart starts the span again.
#[derive(Debug)]
pub(crate) struct Quota {
    most: u32,
    /// In milliseconds.
    span: u64,
    /// Of what, in one word.
    what: &'static str,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    span: u64,
    by_person: BTreeMap<UserId, u32>,
}

impl Quota {
    /// A quota of this many a day.
    #[must_use]
    pub(crate) fn daily(most: u32, what: &'static str) -> Self {
        Self { most, span: DAY, what, counted: Mutex::default() }
    }

    /// A quota of this many a minute.
    #[must_use]
    pub(crate) fn each_minute(most: u32, what: &'static str) -> Self {
        Self { span: MINUTE, ..Self::daily(most, what) }
    }

    /// Takes one.
    ///
    /// # Errors
    /// `limit_reached` of a day, `rate_limited` of a minute, with the time until the next one.
    pub(crate) fn take(&self, user: &UserId, now: Timestamp) -> Result<(), Error> {
        let span = now.get() / self.span;
        let mut counted = lock(&self.counted);
        if counted.span != span || counted.by_person.len() >= PEOPLE {
            *counted = Counted { span, ..Counted::default() };
        }
        let count = counted.by_person.entry(user.clone()).or_default();
        if *count >= self.most {
            let (code, word) = match self.span {
                MINUTE => (ErrorCode::RateLimited, "minute"),
                _ => (ErrorCode::LimitReached, "day"),
            };
            let sentence = format!("A person may make {} such {}s a {word}.", self.most, self.what);
            let wait = (span + 1) * self.span - now.get();
            let wait = u32::try_from(wait).unwrap_or(u32::MAX);
            return Err(Error::later(code, &sentence, wait));
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_so_many_a_day_and_others_have_their_own() {
        let quota = Quota::daily(2, "room");
        let user = |name| UserId::new(name).expect("an id");
        let noon = Timestamp(10 * DAY + DAY / 2);
        assert!(quota.take(&user("giulia"), noon).is_ok());
        assert!(quota.take(&user("giulia"), noon).is_ok());
        let error = quota.take(&user("giulia"), noon).expect_err("the third");
        assert_eq!(error.retry_after_ms, Some((DAY / 2) as u32));
        assert!(quota.take(&user("marco"), noon).is_ok());
        assert!(quota.take(&user("giulia"), noon + DAY / 2).is_ok(), "the next day");
        let tries = Quota::each_minute(1, "attempt");
        assert!(tries.take(&user("giulia"), noon + 20_000).is_ok());
        let error = tries.take(&user("giulia"), noon + 20_000).expect_err("the second");
        assert_eq!((error.code, error.retry_after_ms), (ErrorCode::RateLimited, Some(40_000)));
        assert!(tries.take(&user("giulia"), noon + MINUTE).is_ok(), "the next minute");
    }
}
