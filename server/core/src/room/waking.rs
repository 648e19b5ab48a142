//! Taking over at once the rooms in which something happened shortly before their owner died.
//!
//! What the owner made durable in its last moments it may not have told, and nobody may ask for the room for
//! a long time. So a new owner reads what was noted as active since the reactors' cursors of the shard, and
//! reads those rooms: that finishes what was left undone, and tells their last entries.
//!
//! What it costs: for each shard a few scans, and for each room that had entries in the last two minutes or
//! so one takeover, which its next command would have needed anyway.

use std::{sync::Arc, time::Duration};

use caffis_schema::{Error, RoomId};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;

use super::rooms::Rooms;
use crate::{
    cluster::{Owner, Shard},
    sync::lock,
};

/// Shards whose rooms are read at the same time.
const SHARDS_AT_ONCE: usize = 8;

/// Rooms of a shard that are read at the same time.
const ROOMS_AT_ONCE: usize = 8;

/// How long to wait before what failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

impl Rooms {
    /// Notes that this node is about to own shards whose owner died. The future takes their rooms over.
    pub(crate) fn inherit(
        self: Arc<Self>,
        shards: Vec<(Shard, u64)>,
    ) -> impl Future<Output = ()> + Send + 'static {
        lock(&self.waking).extend(shards.iter().copied());
        async move {
            let waking = stream::iter(shards).map(|(shard, epoch)| self.wake(shard, epoch));
            waking.buffer_unordered(SHARDS_AT_ONCE).collect::<()>().await;
        }
    }

    /// Reads the rooms of a shard that were active, until that has succeeded or the shard is lost.
    async fn wake(self: &Arc<Self>, shard: Shard, epoch: u64) {
        let own = || self.owners.owner(shard) == Owner::Here { epoch };
        while own()
            && let Err(error) = self.wake_once(shard, epoch).await
        {
            tracing::debug!(%error, shard = shard.get(), "rooms could not be taken over yet");
            sleep(AGAIN).await;
        }
        let mut waking = lock(&self.waking);
        if waking.get(&shard) == Some(&epoch) {
            waking.remove(&shard);
        }
    }

    async fn wake_once(self: &Arc<Self>, shard: Shard, epoch: u64) -> Result<(), Error> {
        self.activity.adopt_used(shard, epoch).await?;
        let active = self.activity.since_cursors(shard, epoch).await?;
        let read = stream::iter(active).map(|room| self.wake_room(room));
        let results: Vec<_> = read.buffer_unordered(ROOMS_AT_ONCE).collect().await;
        results.into_iter().collect()
    }

    async fn wake_room(self: &Arc<Self>, room: RoomId) -> Result<(), Error> {
        match self.settled(room).await {
            // What is not there, or cannot be read, is no better a moment later.
            Err(error) if error.retry_after_ms.is_some() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
