//! What was refused for good a moment ago.
//!
//! A client that hears nothing sends its command again, so two copies can be on their way. If one of them
//! was refused and the other came when it would be accepted, something would happen after all that the
//! client was told did not. So whatever was refused is refused again for as long as a copy can be on its
//! way (rule 20). What may be tried again later is not kept here: it is meant to come again.
//!
//! It is kept apart from the rooms, which may leave memory meanwhile or not be there at all.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use caffis_schema::{ClientId, Error, Outcome, RoomId, UserId};
use tokio::time::Instant;

use crate::{cluster::Shard, sync::lock};

/// The parts of the memory, each with its own lock.
const PARTS: usize = 64;

/// The most that are kept in one part: beyond that the oldest are forgotten. All parts together take some
/// 10 MB at most.
pub(crate) const REFUSED: usize = 1_024;

/// How long a copy can be on its way: longer than a link may be silent, and as long as a node waits for an
/// answer at most.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

type Key = (RoomId, UserId, ClientId);

/// The commands that this process refused a moment ago.
#[derive(Debug)]
pub(super) struct Refusals(Vec<Mutex<Refused>>);

impl Default for Refusals {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }
}

impl Refusals {
    /// The commands of a room, among others.
    pub(super) fn of(&self, room: RoomId) -> MutexGuard<'_, Refused> {
        // There is a part for each remainder.
        let mut refused = lock(&self.0[Shard::of(room).get() as usize % PARTS]);
        refused.forget_old();
        refused
    }

    /// How many commands the fullest part has.
    pub(super) fn fullest(&self) -> usize {
        self.0.iter().map(|part| lock(part).order.len()).max().unwrap_or_default()
    }
}

/// Some of the commands that were refused a moment ago.
#[derive(Debug, Default)]
pub(super) struct Refused {
    map: BTreeMap<Key, Error>,
    order: VecDeque<(Instant, Key)>,
}

impl Refused {
    /// How a command was refused.
    pub(super) fn get(&self, room: RoomId, user: &UserId, client: ClientId) -> Option<Error> {
        if self.map.is_empty() {
            return None;
        }
        self.map.get(&(room, user.clone(), client)).cloned()
    }

    /// Keeps the refusal of a command, if it is for good.
    pub(super) fn insert(&mut self, room: RoomId, user: &UserId, client: ClientId, error: &Error) {
        if error.outcome != Outcome::Refused || error.retry_after_ms.is_some() {
            return;
        }
        let key = (room, user.clone(), client);
        if self.map.insert(key.clone(), error.clone()).is_none() {
            self.order.push_back((Instant::now(), key));
        }
        if self.order.len() > REFUSED {
            self.forget_first();
        }
    }

    /// Forgets those of which no copy can be on its way any more.
    fn forget_old(&mut self) {
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
        let room = RoomId::from_random(1);
        for number in 0..=REFUSED as u64 {
            refused.insert(room, &user, client(number), &good);
        }
        assert_eq!(refused.get(room, &user, client(0)), None, "the oldest");
        assert_eq!(refused.get(room, &user, client(1)), Some(good));
        assert_eq!(refused.get(RoomId::from_random(2), &user, client(1)), None, "another room");
        tokio::time::advance(ON_ITS_WAY / 2).await;
        refused.forget_old();
        assert!(refused.get(room, &user, client(1)).is_some());
        tokio::time::advance(ON_ITS_WAY).await;
        refused.forget_old();
        assert!(refused.map.is_empty() && refused.order.is_empty());
    }

    #[test]
    fn what_may_come_again_is_not_kept() {
        let (mut refused, user) = (Refused::default(), UserId::new("giulia").expect("an id"));
        let room = RoomId::from_random(1);
        refused.insert(room, &user, client(1), &Error::later(ErrorCode::Unavailable, "later", 5));
        let perhaps = Error::unknown(ErrorCode::Unavailable, "perhaps", 5);
        refused.insert(room, &user, client(2), &perhaps);
        assert!(refused.map.is_empty());
    }
}
