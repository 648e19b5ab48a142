//! How often a person may do something per day.

use std::{collections::BTreeMap, sync::Mutex};

use caffis_schema::{Error, ErrorCode, Timestamp, UserId};

use crate::sync::lock;

/// A day, in milliseconds.
const DAY: u64 = 86_400_000;

/// People who are counted in one day. One more starts the count afresh: what the quota protects is
/// still bounded by the rates of connections and commands.
const PEOPLE: usize = 100_000;

/// A number per day (UTC) for each person. In memory only: a restart starts the day again.
#[derive(Debug)]
pub(crate) struct DailyQuota {
    per_day: u32,
    /// Of what, in one word.
    what: &'static str,
    counted: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    day: u64,
    by_person: BTreeMap<UserId, u32>,
}

impl DailyQuota {
    /// A quota of this many a day.
    #[must_use]
    pub(crate) fn new(per_day: u32, what: &'static str) -> Self {
        Self { per_day, what, counted: Mutex::default() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// `limit_reached`, with the time until the next day.
    pub(crate) fn take(&self, user: &UserId, now: Timestamp) -> Result<(), Error> {
        let day = now.get() / DAY;
        let mut counted = lock(&self.counted);
        if counted.day != day || counted.by_person.len() >= PEOPLE {
            *counted = Counted { day, ..Counted::default() };
        }
        let count = counted.by_person.entry(user.clone()).or_default();
        if *count >= self.per_day {
            let sentence = format!("A person may make {} such {}s a day.", self.per_day, self.what);
            let wait = (day + 1) * DAY - now.get();
            let wait = u32::try_from(wait).unwrap_or(u32::MAX);
            return Err(Error::later(ErrorCode::LimitReached, &sentence, wait));
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
        let quota = DailyQuota::new(2, "room");
        let user = |name| UserId::new(name).expect("an id");
        let noon = Timestamp(10 * DAY + DAY / 2);
        assert!(quota.take(&user("giulia"), noon).is_ok());
        assert!(quota.take(&user("giulia"), noon).is_ok());
        let error = quota.take(&user("giulia"), noon).expect_err("the third");
        assert_eq!(error.retry_after_ms, Some((DAY / 2) as u32));
        assert!(quota.take(&user("marco"), noon).is_ok());
        assert!(quota.take(&user("giulia"), noon + DAY / 2).is_ok(), "the next day");
    }
}
