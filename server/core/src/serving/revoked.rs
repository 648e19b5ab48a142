//! Ending the sessions of people who were revoked on other nodes, although the bus has lost the news.
//!
//! Whoever revokes also writes a row under the present minute, which is durable before the answer. Every
//! [`CHECK`] each node reads the rows of the minutes since it read last: three small partitions, mostly
//! empty, or 0.6 reads a second, for any number of sessions. So a session ends at the latest so long after
//! its revocation, whatever the bus does and even if the node that revoked dies at once; and for a node
//! that cannot read the store, once it can.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_schema::Timestamp;
use tokio::sync::watch;

use crate::{
    hub::people::People,
    ports::store::{MAX_GET_KEYS, StoreError},
    services::Services,
    sync::every,
    tables::{self, REVOKED_KEPT, RevocationRow, RevokedRow},
};

/// How often the rows are read.
const CHECK: Duration = Duration::from_secs(5);

/// Minutes that are read again, and ahead: for rows that landed late, as late as a write may, and for nodes
/// whose clocks differ.
const MARGIN_MINUTES: u64 = 1;

/// Ends sessions now and then, until core ends. Sessions that begin later look for their revocation
/// themselves.
pub(super) async fn keep_revoking(services: Services, ended: watch::Receiver<()>) {
    let read = Arc::new(AtomicU64::new(minute(services.clock.now())));
    every(CHECK, ended, move || {
        let (services, read) = (services.clone(), read.clone());
        async move {
            let now = minute(services.clock.now());
            match end_revoked(&services, read.load(Ordering::Relaxed), now).await {
                Ok(()) => read.store(now, Ordering::Relaxed),
                // The next time all of them are read.
                Err(error) => tracing::warn!(%error, "recent revocations could not be read"),
            }
        }
    })
    .await;
}

fn minute(time: Timestamp) -> u64 {
    time.get() / 60_000
}

/// Ends the sessions of those who were revoked in these minutes.
async fn end_revoked(services: &Services, read: u64, now: u64) -> Result<(), StoreError> {
    if (now.saturating_sub(read) + MARGIN_MINUTES) * 60 >= REVOKED_KEPT.as_secs() {
        // The rows may have expired.
        return end_all_revoked(services).await;
    }
    // A clock that was set back has nothing new.
    for minute in read.min(now).saturating_sub(MARGIN_MINUTES)..=now + MARGIN_MINUTES {
        let partition = RevokedRow::partition(&minute);
        for row in tables::whole::<RevokedRow>(&*services.store, partition).await? {
            services.people.close_before(&row.user, row.before);
        }
    }
    Ok(())
}

/// Looks for the revocation of everybody who is connected here.
async fn end_all_revoked(services: &Services) -> Result<(), StoreError> {
    for shard in 0..People::SHARDS {
        for people in services.people.connected(shard).chunks(MAX_GET_KEYS) {
            let keys: Vec<_> = people.iter().map(RevocationRow::key).collect();
            let rows = tables::get_many::<RevocationRow>(&*services.store, &keys).await?;
            for row in rows.into_iter().flatten() {
                services.people.close_before(&row.user, row.before);
            }
        }
    }
    Ok(())
}
