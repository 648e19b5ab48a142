//! Follows the logs and tells the index: one round after the other, each with what is new in many rooms.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_schema::{EntryKind, Error, Position, ReplyNumber, RoomId};
use futures_util::{StreamExt, stream};
use tokio::{sync::watch, time::sleep};

use super::{
    document::document,
    progress::{Followed, Progress},
};
use crate::{
    activity::Activity,
    cluster::{Owner, Shard},
    errors::{no_owner, not_now},
    hints::Hints,
    pages::follow,
    ports::{
        index::{Document, IndexError, SharedIndex},
        store::{Batch, StoreError},
    },
    reactors::{Reaction, Reactor},
    room::RoomCell,
    services::Services,
    sync::{every, lock, spawn},
};

/// By which its cursors are stored.
pub(crate) const NAME: &str = "search";

/// How long hints are gathered before a round.
const GATHER: Duration = Duration::from_millis(100);

/// How long is waited after a round that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// How often shards that are new here are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Rooms of one round.
const ROOMS: usize = 500;

/// Rooms that are read at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Entries of a room in one round: others have their turn first.
const PAGE: usize = 128;

/// What is new in a room.
struct News {
    room: RoomId,
    epoch: u64,
    documents: Vec<Document>,
    progress: Progress,
    /// There is more.
    more: bool,
}

/// The rooms of a round that come again: those that have more, and those that could not be read or written.
#[derive(Default)]
struct Round {
    more: Vec<RoomId>,
    troubled: Vec<RoomId>,
}

/// Follows the rooms of this node.
pub(crate) struct Follower {
    pub(super) services: Services,
    activity: Arc<Activity>,
    pub(super) index: SharedIndex,
    hints: Arc<Hints>,
    pub(super) followed: Followed,
    /// The shards that were looked at, each in its epoch.
    looked: Mutex<BTreeMap<Shard, u64>>,
    /// One round at a time, so that of two states of a message the newer one stays.
    turn: tokio::sync::Mutex<()>,
    indexed: Arc<AtomicU64>,
}

impl Follower {
    pub(crate) fn new(
        services: &Services,
        activity: &Arc<Activity>,
        index: SharedIndex,
        hints: Arc<Hints>,
    ) -> Arc<Self> {
        let indexed = services.statistics.indexed.clone();
        Arc::new(Self {
            services: services.clone(),
            activity: activity.clone(),
            index,
            hints,
            followed: Followed::default(),
            looked: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            indexed,
        })
    }

    /// Follows until core ends.
    pub(crate) fn start(self: &Arc<Self>, ended: &watch::Receiver<()>) {
        let (follower, mut over) = (self.clone(), ended.clone());
        spawn(async move {
            tokio::select! {
                biased;
                _ = over.changed() => {}
                () = follower.follow() => {}
            }
        });
        let (follower, over) = (self.clone(), ended.clone());
        spawn(every(LOOK, over, move || {
            let follower = follower.clone();
            async move { follower.look().await }
        }));
        spawn(self.clone().keep_rebuilding(ended.clone()));
    }

    async fn follow(&self) {
        let mut again = BTreeSet::new();
        loop {
            let mut rooms = match again.is_empty() {
                true => {
                    let noted = self.hints.take().await;
                    sleep(GATHER).await;
                    noted
                }
                false => std::mem::take(&mut again),
            };
            rooms.extend(self.hints.noted());
            let rooms: Vec<RoomId> = rooms.into_iter().collect();
            let mut failed = false;
            for rooms in rooms.chunks(ROOMS) {
                let Round { more, troubled } = self.round(rooms).await;
                failed |= !troubled.is_empty();
                again.extend(more.into_iter().chain(troubled));
            }
            if failed {
                sleep(PAUSE).await;
            }
        }
    }

    /// Tells the index what is new in some rooms.
    async fn round(&self, rooms: &[RoomId]) -> Round {
        let _turn = self.turn.lock().await;
        let reading =
            rooms.iter().copied().map(|room| async move { (room, self.news(room).await) });
        let read: Vec<_> = stream::iter(reading).buffered(ROOMS_AT_ONCE).collect().await;
        let (mut news, mut round) = (Vec::new(), Round::default());
        for (room, found) in read {
            match found {
                Ok(found) => news.extend(found),
                // Another node's by now, or never finished; the walker comes back to it otherwise.
                Err(error) if error.retry_after_ms.is_none() => {
                    tracing::debug!(%error, ?room, "the search index does not follow the room now");
                }
                Err(error) => {
                    tracing::debug!(%error, ?room, "the search index follows the room later");
                    round.troubled.push(room);
                }
            }
        }
        let all: Vec<_> = news.iter().map(|news| (news.room, news.more)).collect();
        match self.tell(news).await {
            Ok(()) => {
                let more = all.into_iter().filter(|(_, more)| *more);
                round.more.extend(more.map(|(room, _)| room));
            }
            Err(error) => {
                tracing::warn!(%error, "the search index is written later");
                round.troubled.extend(all.into_iter().map(|(room, _)| room));
            }
        }
        round
    }

    /// What is new in a room; none if nothing is.
    async fn news(&self, room: RoomId) -> Result<Option<News>, Error> {
        let epoch = self.epoch_of(room)?;
        let cell = self.services.rooms.loaded(room).await?;
        let state = cell.state().ok_or_else(not_now)?;
        let store = &*self.services.store;
        let before = self.followed.find(store, room, epoch).await?;
        if before.stored && before.position >= state.head {
            return Ok(None);
        }
        let first = before.position + 1;
        let entries = follow(&self.services, &cell, &state, first, state.head, PAGE).await?;
        let mut documents = Vec::new();
        let mut changed = BTreeSet::new();
        for entry in &entries {
            match &entry.kind {
                EntryKind::Message(message) => {
                    let place = (entry.position, entry.time);
                    documents.push(document(store, room, place, message).await?);
                    // With its first reply a message becomes one that has a thread.
                    let first = message.thread().filter(|thread| thread.number == ReplyNumber(1));
                    changed.extend(first.map(|thread| thread.root));
                }
                EntryKind::Edited(_) | EntryKind::Deleted(_) => {
                    changed.extend(entry.kind.changed_message());
                }
                _ => {}
            }
        }
        // Those of this page are as they are now already.
        for position in changed.into_iter().filter(|position| *position < first) {
            let found = follow(&self.services, &cell, &state, position, position, 1).await?;
            if let Some(entry) = found.first()
                && let EntryKind::Message(message) = &entry.kind
            {
                documents.push(document(store, room, (position, entry.time), message).await?);
            }
        }
        let more = entries.len() == PAGE;
        // What is missing at the end has expired.
        let (position, time) = match entries.last() {
            Some(last) if more => (last.position, last.time),
            Some(last) => (state.head, last.time),
            None => (state.head, before.time),
        };
        let progress = Progress { position, time, stored: true, ..before };
        Ok(Some(News { room, epoch, documents, progress, more }))
    }

    /// Tells the index, and then writes down how far that is.
    async fn tell(&self, news: Vec<News>) -> Result<(), IndexError> {
        if news.is_empty() {
            return Ok(());
        }
        let (mut documents, mut rows) = (Vec::new(), Vec::new());
        for News { room, epoch, documents: new, progress, .. } in news {
            documents.extend(new);
            rows.push((room, epoch, progress));
        }
        let count = documents.len() as u64;
        if !documents.is_empty() {
            self.index.write(documents).await?;
        }
        self.write(&rows).await?;
        for (room, epoch, progress) in rows {
            self.followed.set(room, epoch, progress);
        }
        self.indexed.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// Writes down how far rooms were followed.
    async fn write(&self, rows: &[(RoomId, u64, Progress)]) -> Result<(), StoreError> {
        for rows in rows.chunks(self.services.store.limits().batch_operations) {
            let mut batch = Batch::repairable(self.services.stamps.next()?);
            rows.iter().for_each(|(room, _, progress)| batch.put(&progress.row(*room)));
            self.services.store.write(batch).await?;
        }
        Ok(())
    }

    /// Looks at shards that are new here: at the rooms that were active lately, which the last owner may not have
    /// followed to their end.
    async fn look(&self) {
        let own = self.own();
        let new: Vec<_> = {
            let mut looked = lock(&self.looked);
            looked.retain(|shard, epoch| own.contains(&(*shard, *epoch)));
            own.into_iter().filter(|(shard, _)| !looked.contains_key(shard)).collect()
        };
        for (shard, epoch) in new {
            if let Err(error) = self.adopt(shard, epoch).await {
                tracing::debug!(%error, shard = shard.get(), "the search index looks at it later");
                return;
            }
            lock(&self.looked).insert(shard, epoch);
        }
    }

    async fn adopt(&self, shard: Shard, epoch: u64) -> Result<(), StoreError> {
        self.activity.adopt_used(shard, epoch).await?;
        for room in self.activity.since_cursors(shard, epoch).await? {
            self.hints.note(room);
        }
        Ok(())
    }

    /// The shards of this node, each with its epoch.
    pub(super) fn own(&self) -> Vec<(Shard, u64)> {
        let owners = &self.services.owners;
        let own = |shard| match owners.owner(shard) {
            Owner::Here { epoch } => Some((shard, epoch)),
            Owner::There { .. } | Owner::Nobody => None,
        };
        Shard::all().filter_map(own).collect()
    }

    /// The epoch in which this node owns a room.
    pub(super) fn epoch_of(&self, room: RoomId) -> Result<u64, Error> {
        match self.services.owners.owner_of(room) {
            Owner::Here { epoch } => Ok(epoch),
            Owner::There { .. } | Owner::Nobody => {
                Err(Error { retry_after_ms: None, ..no_owner() })
            }
        }
    }

    /// Follows a room to its head, and gives how many messages that were.
    pub(super) async fn catch_up(&self, room: RoomId) -> Result<usize, Error> {
        let mut count = 0;
        loop {
            let _turn = self.turn.lock().await;
            let Some(news) = self.news(room).await? else { return Ok(count) };
            let more = news.more;
            count += news.documents.len();
            self.tell(vec![news]).await?;
            if !more {
                return Ok(count);
            }
        }
    }

    /// Forgets a room, and follows it from its beginning. Gives how many messages it has.
    ///
    /// # Errors
    /// What keeps it from being done: the room is not marked then, and it is done again.
    pub(super) async fn redo(&self, room: RoomId, rebuild: u64) -> Result<usize, Error> {
        let store = &*self.services.store;
        let epoch = self.epoch_of(room)?;
        {
            let _turn = self.turn.lock().await;
            let before = self.followed.find(store, room, epoch).await?;
            let cell = self.services.rooms.loaded(room).await?;
            // By other rules it may have been followed further than is known here.
            let head = cell.state().ok_or_else(not_now)?.head;
            self.index.forget(room, head).await?;
            self.set(room, epoch, Progress { position: Position::ZERO, ..before }).await?;
        }
        let count = self.catch_up(room).await?;
        let _turn = self.turn.lock().await;
        let done = self.followed.find(store, room, epoch).await?;
        self.set(room, epoch, Progress { rebuild, ..done }).await?;
        Ok(count)
    }

    async fn set(&self, room: RoomId, epoch: u64, progress: Progress) -> Result<(), StoreError> {
        self.write(&[(room, epoch, progress)]).await?;
        self.followed.set(room, epoch, progress);
        Ok(())
    }
}

impl Reactor for Follower {
    fn name(&self) -> &'static str {
        NAME
    }

    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a> {
        Box::pin(async move { self.catch_up(room.id).await.map(drop) })
    }
}
