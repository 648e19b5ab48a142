//! When scheduled messages are due: for each shard of this node the time of the next one, and nothing else.
//!
//! The rows themselves lie in the store, by shard and by time. So a node with any number of rooms and scheduled
//! messages keeps [`SHARDS`] times in memory, and reads a shard when its time has come.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{ClientId, RoomId, Timestamp, UserId};
use tokio::{sync::Notify, time::Instant};

use crate::{
    cluster::{Owner, SHARDS, Shard},
    sync::lock,
    turns::{Turn, Turns},
};

/// How often a shard is read although nothing is due in it as far as this node knows: the write of a former owner
/// may land after the new one has read.
const LOOK_AGAIN: Duration = Duration::from_secs(300);

/// The longest time between two looks at the clock, which may jump.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The shortest.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// A scheduled message among those of a shard, in the order in which they are due.
pub(crate) type DueKey = (Timestamp, RoomId, UserId, ClientId);

/// When scheduled messages are due, and whose turn it is to work on them.
#[derive(Debug)]
pub(crate) struct Due {
    /// Work on what one person has scheduled in one room is done one after the other, so that a message is
    /// either sent or changed, and counting is exact.
    turns: Arc<Turns<(RoomId, UserId)>>,
    /// By the number of the shard.
    plans: Mutex<Vec<Plan>>,
    earlier: Notify,
}

/// How long a message has to wait. The clock may be set while it does, back or forward: the first of both ends the wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// By the clock.
    until: Timestamp,
    /// By the time that passes.
    at: Instant,
}

impl Wait {
    /// One that begins now.
    pub(crate) fn new(now: Timestamp, time: Duration) -> Self {
        Self { until: now + (time.as_millis() as u64).max(1), at: Instant::now() + time }
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now || self.at <= Instant::now()
    }
}

/// What is known of a shard.
#[derive(Debug, Default)]
struct Plan {
    /// The epoch in which this node owns it, as of the last look.
    epoch: Option<u64>,
    /// When the next message is due; none if there is none.
    next: Option<Timestamp>,
    /// When to try again what could not be sent, whatever the clock says.
    retry: Option<Instant>,
    /// No row lies before this time: what lay there was removed, and need not be read over again.
    from: Timestamp,
    /// When it was last read from its beginning.
    looked: Option<Instant>,
    /// A pass over it is under way.
    busy: bool,
    /// It may have another owner than at the last look.
    moved: bool,
    /// Messages that are due and have to wait, and until when.
    waiting: BTreeMap<DueKey, Wait>,
}

/// A pass over the messages of a shard that are due.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) shard: Shard,
    /// Nothing lies before this time.
    pub(crate) from: Timestamp,
    /// Messages that have to wait, and until when.
    pub(crate) waiting: BTreeMap<DueKey, Wait>,
}

/// What a pass found.
#[derive(Debug)]
pub(crate) struct Passed {
    /// When to make the next one by the clock; none if nothing is left.
    pub(crate) next: Option<Timestamp>,
    /// The same by the time that passes.
    pub(crate) retry: Option<Instant>,
    /// Nothing lies before this time any more.
    pub(crate) from: Timestamp,
    /// Messages that have to wait, and until when.
    pub(crate) waiting: BTreeMap<DueKey, Wait>,
}

impl Passed {
    /// A pass that has read nothing yet.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { next: None, retry: None, from: now, waiting: BTreeMap::new() }
    }

    /// The next pass is made when something is due.
    pub(crate) fn due(&mut self, at: Timestamp) {
        self.next = earliest(self.next, at);
        // The clock may have been set back since the pass began.
        self.from = self.from.min(at);
    }

    /// The next pass is made when a wait is over.
    pub(crate) fn wait(&mut self, wait: Wait) {
        self.next = earliest(self.next, wait.until);
        self.retry = earliest(self.retry, wait.at);
    }
}

impl Default for Due {
    fn default() -> Self {
        let plans = (0..SHARDS).map(|_| Plan::default()).collect();
        Self { turns: Arc::default(), plans: Mutex::new(plans), earlier: Notify::new() }
    }
}

impl Due {
    /// Waits for the turn to work on what a person has scheduled in a room.
    pub(crate) async fn turn(&self, room: RoomId, user: &UserId) -> Turn<(RoomId, UserId)> {
        self.turns.take(&(room, user.clone())).await
    }

    /// A message of a room may be due at this time.
    pub(crate) fn note(&self, room: RoomId, due: Timestamp) {
        if let Some(plan) = lock(&self.plans).get_mut(Shard::of(room).get() as usize) {
            plan.next = earliest(plan.next, due);
            plan.from = plan.from.min(due);
        }
        self.earlier.notify_one();
    }

    /// Resolves when something may be due earlier than before.
    pub(crate) async fn earlier(&self) {
        self.earlier.notified().await;
    }

    /// Begins passes over shards of this node in which something is due, so many at most. `moved` says that shards may
    /// have other owners than before.
    pub(crate) fn begin(
        &self,
        owner: impl Fn(Shard) -> Owner,
        (now, moved): (Timestamp, bool),
        most: usize,
    ) -> Vec<Pass> {
        let (at, mut passes) = (Instant::now(), Vec::new());
        for (plan, shard) in lock(&self.plans).iter_mut().zip(Shard::all()) {
            let looked = plan.looked.is_some_and(|looked| at.duration_since(looked) < LOOK_AGAIN);
            let due = plan.is_due(now, at);
            // Mostly there is nothing to do, so the owner is not asked for.
            plan.moved |= moved;
            if plan.busy || (looked && !due && !plan.moved) {
                continue;
            }
            plan.moved = false;
            let Owner::Here { epoch } = owner(shard) else {
                *plan = Plan { looked: Some(at), ..Plan::default() };
                continue;
            };
            let looked = plan.looked.filter(|_| plan.epoch == Some(epoch));
            if looked.is_none_or(|looked| at.duration_since(looked) >= LOOK_AGAIN) {
                let waiting = std::mem::take(&mut plan.waiting);
                let (next, from) = (Some(Timestamp(0)), Timestamp(0));
                let (epoch, looked) = (Some(epoch), Some(at));
                *plan = Plan { epoch, next, from, looked, waiting, ..Plan::default() };
            }
            if passes.len() < most && plan.is_due(now, at) {
                (plan.busy, plan.next, plan.retry) = (true, None, None);
                let from = std::mem::replace(&mut plan.from, Timestamp::MAX);
                passes.push(Pass { shard, from, waiting: std::mem::take(&mut plan.waiting) });
            }
        }
        passes
    }

    /// Ends a pass. What was noted meanwhile stays.
    pub(crate) fn end(&self, shard: Shard, passed: Passed) {
        if let Some(plan) = lock(&self.plans).get_mut(shard.get() as usize) {
            plan.busy = false;
            plan.next = passed.next.into_iter().chain(plan.next).min();
            plan.retry = passed.retry;
            plan.from = plan.from.min(passed.from);
            plan.waiting = passed.waiting;
        }
    }

    /// How long nothing will be due, as far as this node knows.
    pub(crate) fn wait(&self, now: Timestamp) -> Duration {
        let plans = lock(&self.plans);
        let owned = || plans.iter().filter(|plan| plan.epoch.is_some() && !plan.busy);
        let next = owned().filter_map(|plan| plan.next).min();
        let next = next.map(|next| Duration::from_millis(next.since(now)));
        let retry = owned().filter_map(|plan| plan.retry).min();
        let retry = retry.map(|retry| retry.saturating_duration_since(Instant::now()));
        let wait = next.into_iter().chain(retry).min().unwrap_or(LONGEST_WAIT);
        wait.clamp(SHORTEST_WAIT, LONGEST_WAIT)
    }
}

impl Plan {
    fn is_due(&self, now: Timestamp, at: Instant) -> bool {
        self.next.is_some_and(|next| next <= now) || self.retry.is_some_and(|retry| retry <= at)
    }
}

/// The earlier of two times, of which one may be missing.
fn earliest<T: Copy + Ord>(known: Option<T>, other: T) -> Option<T> {
    Some(known.map_or(other, |known| known.min(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: fn(Shard) -> Owner = |shard| match shard.get() {
        0 => Owner::Here { epoch: 1 },
        _ => Owner::Nobody,
    };

    /// A room of the first shard.
    fn room() -> RoomId {
        RoomId::from_random(256)
    }

    fn passed(next: Option<u64>, from: u64) -> Passed {
        let next = next.map(Timestamp);
        Passed { next, ..Passed::new(Timestamp(from)) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shard_is_read_when_it_is_claimed_and_when_something_is_due() {
        let (due, now) = (Due::default(), Timestamp(1_000));
        let shard = Shard::of(room());
        let begun = due.begin(HERE, (now, true), 8);
        assert_eq!(begun.len(), 1, "only what this node owns");
        assert!(due.begin(HERE, (now, true), 8).is_empty(), "one pass at a time");
        due.note(room(), Timestamp(3_000));
        due.end(shard, passed(Some(5_000), 5_000));
        assert_eq!(due.wait(now), LONGEST_WAIT);
        assert!(due.begin(HERE, (Timestamp(2_999), true), 8).is_empty());
        let begun = due.begin(HERE, (Timestamp(3_000), true), 8);
        assert_eq!(begun[0].from, Timestamp(3_000), "what was noted during the pass counts");
        due.end(shard, passed(Some(5_000), 5_000));
        assert_eq!(due.wait(Timestamp(4_900)), Duration::from_millis(100));
        assert!(due.begin(HERE, (Timestamp(5_000), true), 0).is_empty(), "too many are under way");
        due.begin(HERE, (Timestamp(5_000), true), 1);
        due.end(shard, passed(None, 6_000));
        assert!(due.begin(HERE, (Timestamp(u64::MAX), true), 8).is_empty());
        tokio::time::advance(LOOK_AGAIN).await;
        assert_eq!(due.begin(HERE, (now, true), 8)[0].from, Timestamp(0), "from the beginning");
        due.end(shard, passed(None, 1_000));
        let again = |_| Owner::Here { epoch: 2 };
        let begun = due.begin(again, (now, true), 8);
        assert_eq!((begun.len(), begun[0].from), (8, Timestamp(0)), "claimed again");
    }
}
