//! Walks through the minutes in which rooms were active, and has the reactors handle those rooms.

use std::{collections::BTreeSet, future::ready, sync::Arc, time::Duration};

use caffis_schema::{Error, ErrorCode, RoomId};
use futures_util::{StreamExt, stream};
use tokio::{sync::watch, time::timeout};

use super::{Reactor, SharedReactor};
use crate::{
    activity::{Activity, After, HOUR, PAGE},
    cluster::{Owner, Shard, SharedOwners},
    ports::store::StoreError,
    room::Rooms,
    sync::every,
};

/// The period of a walk: minutes are what is walked through.
const PERIOD: Duration = Duration::from_secs(60);

/// Rooms that a reactor handles at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Takes the reactors through the shards that this node owns.
pub(crate) struct Walker {
    activity: Arc<Activity>,
    rooms: Arc<Rooms>,
    owners: SharedOwners,
    store_timeout: Duration,
    reactors: Vec<SharedReactor>,
}

/// The minutes of a shard that may be read.
#[derive(Clone, Copy)]
struct Due {
    shard: Shard,
    epoch: u64,
    until: u64,
}

/// Walks until core ends. A write that was sent when a walk began has come to its end, or was given up,
/// when the next one begins (rule 24). The first one leaves the start of a server to its people.
pub(crate) async fn keep_walking(walker: Arc<Walker>, mut ended: watch::Receiver<()>) {
    let period = PERIOD.max(walker.store_timeout);
    if timeout(period, ended.changed()).await.is_ok() {
        return;
    }
    every(period, ended, move || {
        let walker = walker.clone();
        async move { walker.walk().await }
    })
    .await;
}

impl Walker {
    /// A walker whose writes are given up after a time.
    pub(crate) fn new(
        activity: Arc<Activity>,
        rooms: Arc<Rooms>,
        owners: SharedOwners,
        store_timeout: Duration,
        reactors: Vec<SharedReactor>,
    ) -> Self {
        Self { activity, rooms, owners, store_timeout, reactors }
    }

    async fn walk(&self) {
        for (shard, epoch) in self.own() {
            if let Err(error) = self.activity.adopt_used(shard, epoch).await {
                tracing::warn!(%error, shard = shard.get(), "the cursors cannot be read");
            }
        }
        // All of them now, so that a period passes before any of them is read.
        let due: Vec<Due> = self
            .own()
            .filter_map(|(shard, epoch)| {
                let until = self.activity.close(shard, epoch)?;
                Some(Due { shard, epoch, until })
            })
            .collect();
        for due in due {
            for reactor in &self.reactors {
                if let Err(error) = self.sweep(&**reactor, due).await {
                    let (shard, reactor) = (due.shard.get(), reactor.name());
                    tracing::warn!(%error, shard, reactor, "the shard is left to the next walk");
                }
            }
        }
    }

    fn own(&self) -> impl Iterator<Item = (Shard, u64)> {
        Shard::all().filter_map(|shard| match self.owners.owner(shard) {
            Owner::Here { epoch } => Some((shard, epoch)),
            Owner::There { .. } | Owner::Nobody => None,
        })
    }

    /// Has a reactor handle the rooms of a shard that were active after its cursor.
    async fn sweep(&self, reactor: &dyn Reactor, due: Due) -> Result<(), StoreError> {
        let Due { shard, epoch, until } = due;
        let cursor = self.activity.cursor(shard, epoch, reactor.name());
        let Some(cursor) = cursor.filter(|cursor| *cursor < until) else { return Ok(()) };
        let mut handled = false;
        for hour in (cursor + 1) / HOUR..=until / HOUR {
            let mut from = After::Minute(cursor);
            loop {
                let rows = self.activity.page((shard, hour), from, until, PAGE).await?;
                let Some(last) = rows.last() else { break };
                let whole = rows.len() < PAGE;
                from = After::Room(last.minute, last.room);
                let rooms = rows.into_iter().map(|row| row.room).collect();
                handled = true;
                let again = self.handle(reactor, rooms).await;
                self.activity.note_again(shard, epoch, again).await?;
                if whole {
                    break;
                }
            }
        }
        self.activity.advance(shard, epoch, reactor.name(), until, handled).await
    }

    /// Has a reactor handle some rooms. Gives those that it could not, so that they hold up nobody else.
    async fn handle(&self, reactor: &dyn Reactor, rooms: BTreeSet<RoomId>) -> Vec<RoomId> {
        let reactions = stream::iter(rooms)
            .map(|room| async move { (room, self.react(reactor, room).await) })
            .buffer_unordered(ROOMS_AT_ONCE);
        let failed = reactions.filter_map(|(room, result)| ready(match result {
            Ok(()) => None,
            // Its creation was never finished.
            Err(error) if error.code == ErrorCode::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, ?room, reactor = reactor.name(), "the room is handled later");
                Some(room)
            }
        }));
        failed.collect().await
    }

    async fn react(&self, reactor: &dyn Reactor, room: RoomId) -> Result<(), Error> {
        let cell = self.rooms.settled(room).await?;
        reactor.react(&cell).await
    }
}
