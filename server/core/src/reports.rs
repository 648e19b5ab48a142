//! Reported messages: how many a person may report, and which endpoints hear of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Arc, Mutex},
};

use caffis_schema::{Error, Position, RoomId, Timestamp, UserId};

use crate::{
    cluster::Shard,
    quota::Quota,
    sync::lock,
    turns::{Turn, Turns},
};

/// How many messages a person may report in a day.
pub(crate) const REPORTS_PER_DAY: u32 = 100;

/// What reports need of the chat.
#[derive(Debug)]
pub(crate) struct Reports {
    quota: Quota,
    turns: Arc<Turns<(RoomId, Position, UserId)>>,
    /// The endpoints that are told, and the shards in which there is something to tell them.
    endpoints: Mutex<BTreeMap<Arc<str>, BTreeSet<Shard>>>,
}

impl Reports {
    /// Reports of which nobody is told yet.
    pub(crate) fn new() -> Self {
        let quota = Quota::daily(REPORTS_PER_DAY, "report");
        Self { quota, turns: Arc::default(), endpoints: Mutex::default() }
    }

    /// Waits until nobody else reports the same message for the same person: two copies of a command at once
    /// would make two reports.
    pub(crate) async fn turn(
        &self,
        room: RoomId,
        position: Position,
        user: &UserId,
    ) -> Turn<(RoomId, Position, UserId)> {
        self.turns.take(&(room, position, user.clone())).await
    }

    /// Takes one of a person's reports of this day.
    ///
    /// # Errors
    /// There were too many.
    pub(crate) fn take(&self, user: &UserId, now: Timestamp) -> Result<(), Error> {
        self.quota.take(user, now)
    }

    /// From now on these endpoints are told.
    pub(crate) fn tell(&self, names: &[Arc<str>]) {
        let mut endpoints = lock(&self.endpoints);
        endpoints.retain(|name, _| names.contains(name));
        names.iter().for_each(|name| _ = endpoints.entry(name.clone()).or_default());
    }

    /// The endpoints that are told.
    pub(crate) fn endpoints(&self) -> Vec<Arc<str>> {
        lock(&self.endpoints).keys().cloned().collect()
    }

    /// There is something to tell of a shard: a hint. What is lost here, the next owner of the shard finds.
    pub(crate) fn note(&self, shard: Shard) {
        for shards in lock(&self.endpoints).values_mut() {
            shards.insert(shard);
        }
    }

    /// Takes the shards of which an endpoint is to be told.
    pub(crate) fn noted(&self, endpoint: &str) -> BTreeSet<Shard> {
        lock(&self.endpoints).get_mut(endpoint).map(mem::take).unwrap_or_default()
    }
}
