//! What was refused for good a moment ago.
//!
//! A client that hears nothing sends its command again, so two copies can be on their way. If one of them
//! was refused and the other came when it would be accepted, something would happen after all that the
//! client was told did not. So whatever was refused is refused again for as long as a copy can be on its
//! way (rule 20). What may be tried again later is not kept here: it is meant to come again. Nor is what is
//! refused before a room is read, to those who may not know of it.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use caffis_schema::{ClientId, Error, Outcome, UserId};
use tokio::time::Instant;

/// The most that are kept of one room: beyond that the oldest are forgotten.
const REFUSED: usize = 256;

/// How long a copy can be on its way: longer than a link may be silent, and as long as a node waits for an
/// answer at most.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

type Key = (UserId, ClientId);

/// The commands of a room that were refused a moment ago.
#[derive(Debug, Default)]
pub(super) struct Refused {
    map: BTreeMap<Key, Error>,
    order: VecDeque<(Instant, Key)>,
}

impl Refused {
    /// How a command was refused.
    pub(super) fn get(&self, user: &UserId, client: ClientId) -> Option<Error> {
        if self.map.is_empty() {
            return None;
        }
        self.map.get(&(user.clone(), client)).cloned()
    }

    /// Keeps the refusal of a command, if it is for good.
    pub(super) fn insert(&mut self, user: &UserId, client: ClientId, error: &Error) {
        if error.outcome != Outcome::Refused || error.retry_after_ms.is_some() {
            return;
        }
        let key = (user.clone(), client);
        if self.map.insert(key.clone(), error.clone()).is_none() {
            self.order.push_back((Instant::now(), key));
        }
        if self.order.len() > REFUSED {
            self.forget_first();
        }
    }

    /// Forgets those of which no copy can be on its way any more.
    pub(super) fn forget_old(&mut self) {
        while self.order.front().is_some_and(|(since, _)| since.elapsed() > ON_ITS_WAY) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.order.pop_front() {
            self.map.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::ErrorCode;

    use super::*;

    fn client(number: u64) -> ClientId {
        ClientId(u128::from(number).to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_is_kept_for_a_while_and_within_bounds() {
        let (mut refused, user) = (Refused::default(), UserId::new("giulia").expect("an id"));
        let good = Error::refused(ErrorCode::Forbidden, "no");
        for number in 0..=REFUSED as u64 {
            refused.insert(&user, client(number), &good);
        }
        assert_eq!(refused.get(&user, client(0)), None, "the oldest");
        assert_eq!(refused.get(&user, client(1)), Some(good));
        tokio::time::advance(ON_ITS_WAY / 2).await;
        refused.forget_old();
        assert!(refused.get(&user, client(1)).is_some());
        tokio::time::advance(ON_ITS_WAY).await;
        refused.forget_old();
        assert!(refused.map.is_empty() && refused.order.is_empty());
    }

    #[test]
    fn what_may_come_again_is_not_kept() {
        let (mut refused, user) = (Refused::default(), UserId::new("giulia").expect("an id"));
        refused.insert(&user, client(1), &Error::later(ErrorCode::Unavailable, "later", 5));
        refused.insert(&user, client(2), &Error::unknown(ErrorCode::Unavailable, "perhaps", 5));
        assert!(refused.map.is_empty());
    }
}
