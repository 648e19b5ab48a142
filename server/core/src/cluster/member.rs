//! A node's part in the cluster. It reads the leases of others and the rows of the shards again and again,
//! and then ends silent leases, claims free shards, and gives shards up.

use std::{
    collections::BTreeMap, future::Future, mem, ops::Bound, pin::Pin, sync::Arc, time::Duration,
};

use futures_util::{
    FutureExt, StreamExt,
    future::join_all,
    stream::{self, FuturesUnordered},
};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{
    lease::Lease,
    moving::Moving,
    rows::Rows,
    settings::{CALLS, LISTED_FOR, LISTING, LeaseSettings, NODES},
    shards::{GROUP_SIZE, GROUPS, Map, Owner, SHARDS, Shard, Shards},
    watch::Watch,
};
use crate::{
    model::node::NodeId,
    ports::{
        clock::SharedBootClock,
        stamps::Stamps,
        store::{Batch, StoreError},
    },
    sync::spawn,
    tables::{self, NodeRow, ShardRow},
};

/// Finishes the work of a shard's rooms before the shard is handed over (rule 6).
pub trait Drain: Send + Sync + 'static {
    /// Stops taking commands for rooms of the shard. Resolves when every write that was sent for them has
    /// been answered, including the rows that follow from entries. Then the shard is released.
    fn drain(&self, shard: Shard) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Called when this node is about to own shards, each in an epoch, whose owner has died. The future
    /// finishes what that owner may have left undone; it runs once the shards are known to be this node's.
    fn inherit(&self, shards: Vec<(Shard, u64)>) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// How far this node is with a shard that it has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mine {
    /// The claim is known to have taken effect.
    Serving,
    /// It is given up; its rooms are finishing.
    Draining,
    /// Its rooms have finished, and the release may have been sent. The node may serve it again only
    /// after a new claim.
    Releasing,
}

/// Signals between the member and the rest of the process.
#[derive(Default)]
pub(super) struct Control {
    /// Look now.
    pub(super) wake: Notify,
    /// Give up every shard.
    pub(super) leaving: watch::Sender<bool>,
    /// Every shard has been given up.
    pub(super) empty: watch::Sender<bool>,
    /// A shard was given up or claimed.
    pub(super) moves: watch::Sender<()>,
    /// The shards that people move.
    pub(super) moving: Moving,
    /// Nothing runs any more.
    pub(super) done: watch::Sender<bool>,
}

/// A node's part in the cluster.
pub(super) struct Member {
    pub(super) node: NodeId,
    pub(super) address: Arc<str>,
    pub(super) rows: Rows,
    pub(super) clock: SharedBootClock,
    pub(super) settings: LeaseSettings,
    pub(super) stamps: Arc<Stamps>,
    pub(super) lease: Lease,
    pub(super) drain: Arc<dyn Drain>,
    pub(super) shards: Shards,
    pub(super) control: Arc<Control>,
    pub(super) state: State,
}

/// What the member knows and has under way.
pub(super) struct State {
    /// The newest row of each shard that was seen.
    pub(super) table: Vec<Option<ShardRow>>,
    pub(super) mine: BTreeMap<Shard, Mine>,
    /// Shards that were claimed from nodes that died, with their epochs.
    pub(super) inherited: Vec<(Shard, u64)>,
    pub(super) watches: BTreeMap<NodeId, Watch>,
    pub(super) draining: FuturesUnordered<Pin<Box<dyn Future<Output = Shard> + Send>>>,
    /// A change is expected: look again soon.
    pub(super) hurry: bool,
    /// When this node last said that it runs.
    listed: Option<Duration>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            table: vec![None; SHARDS as usize],
            mine: BTreeMap::new(),
            inherited: Vec::new(),
            watches: BTreeMap::new(),
            draining: FuturesUnordered::new(),
            hurry: false,
            listed: None,
        }
    }
}

impl State {
    /// Keeps a row if it is newer than the one that is known: a plain read may be behind.
    pub(super) fn merge(&mut self, row: ShardRow) {
        let Some(known) = usize::try_from(row.shard).ok().and_then(|at| self.table.get_mut(at))
        else {
            return;
        };
        let age = |row: &ShardRow| (row.epoch, row.released);
        if known.as_ref().is_none_or(|known| age(known) < age(&row)) {
            *known = Some(row);
        }
    }

    /// The row of a shard that has an owner: not released, and the owner's lease not known to have ended.
    pub(super) fn owned(&self, shard: Shard) -> Option<&ShardRow> {
        let row = self.table[shard.index()].as_ref()?;
        let ended = self.watches.get(&row.owner).is_some_and(|watch| watch.fenced().is_some());
        (!row.released && !ended).then_some(row)
    }
}

impl Member {
    /// Takes part until the lease ends.
    pub(super) async fn run(mut self) {
        let (lease, shards) = (self.lease.clone(), self.shards.clone());
        tokio::select! {
            biased;
            _ = lease.ended() => {}
            () = self.take_part() => {}
        }
        shards.publish([Owner::Nobody; SHARDS as usize]);
    }

    async fn take_part(&mut self) {
        let control = self.control.clone();
        loop {
            self.look().await;
            let next = Instant::now() + self.pause();
            loop {
                let draining = &mut self.state.draining;
                tokio::select! {
                    biased;
                    () = control.wake.notified() => {
                        // What others do at the same time is seen by the same look.
                        sleep_until(Instant::now() + self.settings.gather()).await;
                        break;
                    }
                    Some(shard) = draining.next(), if !draining.is_empty() => {
                        let mut shards = vec![shard];
                        while let Some(Some(shard)) = draining.next().now_or_never() {
                            shards.push(shard);
                        }
                        self.drained(shards).await;
                    }
                    () = sleep_until(next) => break,
                }
            }
        }
    }

    /// The time until the next look: shorter than usual when a watched lease is about to end.
    fn pause(&self) -> Duration {
        if self.state.hurry {
            return self.settings.hurry();
        }
        let (now, silence) = (self.clock.elapsed(), self.settings.silence());
        let ends = self.state.watches.values().filter_map(|watch| watch.silent_at(silence));
        let next = ends.min().map(|end| end.saturating_sub(now));
        let most = self.settings.lease_renewal;
        next.map_or(most, |next| next.clamp(self.settings.hurry(), most))
    }

    /// Looks at everything once and acts on it. The next look repeats what failed.
    async fn look(&mut self) {
        self.state.hurry = false;
        if let Err(error) = self.say_hello().await {
            tracing::debug!(%error, "could not say that this node runs");
        }
        if let Err(error) = self.read_nodes().await {
            tracing::debug!(%error, "the list of nodes could not be read");
        }
        self.read_shards().await;
        self.watch_others().await;
        self.confirm().await;
        self.take().await;
        let inherited = mem::take(&mut self.state.inherited);
        let inheriting = (!inherited.is_empty()).then(|| self.drain.inherit(inherited));
        self.publish();
        inheriting.into_iter().for_each(spawn);
        self.release_again().await;
        self.give_up();
        self.state.hurry |= self.expects_handover();
        let leaving = *self.control.leaving.borrow();
        if leaving && self.state.mine.is_empty() {
            self.control.empty.send_replace(true);
        }
    }

    /// Lists this node, so that others watch its lease and leave it its share.
    async fn say_hello(&mut self) -> Result<(), StoreError> {
        let now = self.clock.elapsed();
        if self.state.listed.is_some_and(|last| now.saturating_sub(last) < LISTING) {
            return Ok(());
        }
        let mut batch = Batch::partition(self.stamps.next()?);
        let row = NodeRow { list: 0, node: self.node, address: self.address.clone() };
        batch.put_for(&row, LISTED_FOR);
        self.rows.bounded(self.rows.store.write(batch)).await?;
        self.state.listed = Some(now);
        Ok(())
    }

    /// Finds the nodes to watch: the listed ones, and the owners of shards.
    async fn read_nodes(&mut self) -> Result<(), StoreError> {
        let list = tables::partition(&*self.rows.store, NodeRow::partition(&0), NODES);
        let listed: Vec<NodeRow> = self.rows.bounded(list).await?;
        let owners = self.state.table.iter().flatten().map(|row| row.owner);
        let named = listed.iter().map(|row| row.node).chain(owners).filter(|n| *n != self.node);
        let named: std::collections::BTreeSet<NodeId> = named.collect();
        self.state.watches.retain(|node, _| named.contains(node));
        for node in named {
            self.state.watches.entry(node).or_insert_with(|| Watch::new(node));
        }
        Ok(())
    }

    async fn read_shards(&mut self) {
        let rows = &self.rows;
        let groups = (0..GROUPS).map(|group| {
            let partition = ShardRow::partition(&group);
            rows.bounded(tables::scan::<ShardRow>(
                &*rows.store,
                partition,
                Bound::Unbounded,
                Bound::Unbounded,
                GROUP_SIZE as usize,
            ))
        });
        for rows in join_all(groups).await {
            match rows {
                Ok(rows) => rows.into_iter().for_each(|row| self.state.merge(row)),
                Err(error) => tracing::debug!(%error, "shards could not be read"),
            }
        }
        // An owner that the list does not name is watched as well.
        let owners: Vec<_> = self.state.table.iter().flatten().map(|row| row.owner).collect();
        for node in owners.into_iter().filter(|node| *node != self.node) {
            self.state.watches.entry(node).or_insert_with(|| Watch::new(node));
        }
    }

    async fn watch_others(&mut self) {
        let (rows, clock, silence) = (&self.rows, &self.clock, self.settings.silence());
        let looks = self.state.watches.values_mut().map(|watch| watch.look(rows, clock, silence));
        let looks: Vec<_> = looks.collect();
        let ended: Vec<_> = stream::iter(looks).buffer_unordered(CALLS).collect().await;
        for error in ended.into_iter().filter_map(Result::err) {
            self.state.hurry = true;
            if let StoreError::Corrupt { .. } = error {
                tracing::error!(%error, "shards of a node cannot be taken over");
            } else {
                tracing::debug!(%error, "the lease of another node could not be read or ended");
            }
        }
    }

    /// How many nodes take shards, including this one if it does.
    pub(super) fn takers(&self) -> u64 {
        let (now, silence) = (self.clock.elapsed(), self.settings.silence());
        let others = self.state.watches.values().filter(|w| w.takes_shards(now, silence)).count();
        others as u64 + u64::from(!*self.control.leaving.borrow())
    }

    /// The most shards that this node takes.
    pub(super) fn share(&self) -> usize {
        if *self.control.leaving.borrow() {
            return 0;
        }
        usize::try_from(SHARDS.div_ceil(self.takers().max(1))).unwrap_or(0)
    }

    /// Whether shards are on their way to this node, or from it.
    fn expects_handover(&self) -> bool {
        let state = &self.state;
        if state.mine.values().any(|mine| *mine != Mine::Serving) {
            return true;
        }
        let moving = &self.control.moving;
        let comes = moving.taking().iter().any(|shard| !state.mine.contains_key(shard));
        if comes || moving.giving().iter().any(|shard| state.mine.contains_key(shard)) {
            return true;
        }
        let share = self.share();
        if state.mine.len() >= share {
            return state.mine.len() > share;
        }
        let mut owned: BTreeMap<NodeId, usize> = BTreeMap::new();
        for shard in Shard::all() {
            match state.owned(shard) {
                Some(row) => *owned.entry(row.owner).or_default() += 1,
                None => return true,
            }
        }
        let leaving = |node| state.watches.get(node).is_some_and(Watch::is_leaving);
        owned.iter().any(|(node, count)| *count > share || leaving(node))
    }

    /// Publishes who owns what to the rest of the process.
    pub(super) fn publish(&self) {
        let mut map: Map = [Owner::Nobody; SHARDS as usize];
        for shard in Shard::all() {
            let Some(row) = self.state.owned(shard) else { continue };
            let epoch = row.epoch;
            if row.owner != self.node {
                map[shard.index()] = Owner::There { node: row.owner, epoch };
            } else if self.state.mine.get(&shard) == Some(&Mine::Serving) {
                map[shard.index()] = Owner::Here { epoch };
            }
        }
        self.shards.publish(map);
    }
}
