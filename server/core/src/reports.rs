//! Reported messages: how many a person may report, and which endpoints hear of them.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Mutex},
};

use caffis_schema::{Error, Timestamp, UserId};

use crate::{cluster::Shard, quota::DailyQuota, sync::lock};

/// How many messages a person may report in a day.
pub(crate) const REPORTS_PER_DAY: u32 = 100;

/// What reports need of the chat.
#[derive(Debug)]
pub(crate) struct Reports {
    quota: DailyQuota,
    endpoints: Vec<Arc<str>>,
    /// Shards in which there is something to tell, for each endpoint.
    shards: Vec<Mutex<BTreeSet<Shard>>>,
}

impl Reports {
    /// Reports of which these endpoints are told.
    pub(crate) fn new(endpoints: Vec<Arc<str>>) -> Self {
        let shards = endpoints.iter().map(|_| Mutex::default()).collect();
        Self { quota: DailyQuota::new(REPORTS_PER_DAY, "report"), endpoints, shards }
    }

    /// Takes one of a person's reports of this day.
    ///
    /// # Errors
    /// There were too many.
    pub(crate) fn take(&self, user: &UserId, now: Timestamp) -> Result<(), Error> {
        self.quota.take(user, now)
    }

    /// The endpoints that are told.
    pub(crate) fn endpoints(&self) -> &[Arc<str>] {
        &self.endpoints
    }

    /// There is something to tell of a shard: a hint. What is lost here, the next owner of the shard finds.
    pub(crate) fn note(&self, shard: Shard) {
        for shards in &self.shards {
            lock(shards).insert(shard);
        }
    }

    /// Takes the shards of which an endpoint is to be told.
    pub(crate) fn noted(&self, endpoint: &str) -> BTreeSet<Shard> {
        let index = self.endpoints.iter().position(|known| &**known == endpoint);
        let shards = index.and_then(|index| self.shards.get(index));
        shards.map(|shards| mem::take(&mut *lock(shards))).unwrap_or_default()
    }
}
