//! Nodes that own rooms by leases: how tests start them, crash them and write on them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use caffis_conformance::{
    bus::{
        faulty::{BusFaults, FaultyBus, Plan},
        memory::Network,
    },
    clock::{ManualClock, SimulatedBootClock},
    faulty::{Faults, FaultyStore, Plan as StorePlan},
    memory::MemoryStore,
    random::Random,
};
use caffis_core::{
    Core, Joining, Ports, Settings,
    cluster::{Cluster, LeaseSettings, Owner},
    outgoing::Endpoints,
    ports::{bus::SharedBus, stamps::Stamps},
};
use caffis_link::memory::{Options, pair};
use caffis_schema::{
    Codec, EntryKind, Outcome, Reply, RoomId, command::Anchor, limits::FRAME_BYTES,
    reply::EntryPage,
};
use tokio::{task::AbortHandle, time::Instant};

use crate::{
    client::Client,
    harness::{Raw, START, Seeded, Tokens, unhurried, words},
    versions::{Accent, Speaker},
};

/// How long a crashed node's rooms may take to accept commands: lease, drift and two renewals.
pub(crate) const TAKEN_OVER: Duration = Duration::from_millis(7_500);

/// Longer than anything takes that ends at all.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node of the cluster.
pub(crate) struct Node {
    pub(crate) core: Core,
    pub(crate) cluster: Cluster,
    /// Its way to the store.
    pub(crate) store: Faults,
    sessions: Mutex<Vec<AbortHandle>>,
}

/// Nodes that share a store and a bus.
pub(crate) struct Several {
    pub(crate) nodes: BTreeMap<usize, Node>,
    started: usize,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) network: Network,
    pub(crate) faults: BusFaults,
    keys: Arc<AtomicU64>,
    /// The nodes that run another version.
    accents: BTreeMap<usize, Accent>,
    /// Whom they tell what happens.
    endpoints: Option<Endpoints>,
}

impl Several {
    pub(crate) async fn start(count: usize, seed: u64, plan: Plan) -> Self {
        Self::with_accents(count, seed, plan, BTreeMap::new()).await
    }

    /// Starts nodes that tell other services what happens.
    pub(crate) async fn telling(count: usize, seed: u64, endpoints: Endpoints) -> Self {
        let plan = Plan::default();
        Self::made_of(count, seed, plan, (BTreeMap::new(), Some(endpoints))).await
    }

    /// Starts nodes, some of which speak another version.
    pub(crate) async fn with_accents(
        count: usize,
        seed: u64,
        plan: Plan,
        accents: BTreeMap<usize, Accent>,
    ) -> Self {
        Self::made_of(count, seed, plan, (accents, None)).await
    }

    async fn made_of(
        count: usize,
        seed: u64,
        plan: Plan,
        (accents, endpoints): (BTreeMap<usize, Accent>, Option<Endpoints>),
    ) -> Self {
        let clock = ManualClock::at(START);
        let mut several = Self {
            nodes: BTreeMap::new(),
            started: 0,
            store: Arc::new(MemoryStore::new(clock.clone())),
            clock,
            network: Network::default(),
            faults: BusFaults::new(seed, plan),
            keys: Arc::default(),
            accents,
            endpoints,
        };
        for _ in 0..count {
            several.join().await;
        }
        several.settle().await;
        several
    }

    /// Starts one node more; gives its number.
    pub(crate) async fn join(&mut self) -> usize {
        self.started += 1;
        let number = self.started;
        let seed = 100 + number as u64;
        let (store, faults_of_store) =
            FaultyStore::new(self.store.clone(), seed, StorePlan::default());
        let ports = Ports {
            store: Arc::new(store),
            clock: self.clock.clone(),
            stamps: Stamps::reserved(self.clock.clone()),
            entropy: Arc::new(Seeded(Mutex::new(Random::new(seed)))),
            authenticator: Arc::new(Tokens(self.clock.clone())),
            reactors: Vec::new(),
            index: None,
            endpoints: self.endpoints.clone(),
        };
        let (network, faults) = (self.network.clone(), self.faults.clone());
        let accent = self.accents.get(&number).cloned();
        let joining = Joining {
            boot_clock: SimulatedBootClock::at(Duration::from_secs(seed)),
            connect: Box::new(move |node| {
                let bus = FaultyBus::new(network.node(node), faults);
                match accent {
                    Some(accent) => Arc::new(Speaker { bus, accent }) as SharedBus,
                    None => Arc::new(bus),
                }
            }),
            address: format!("node {number}").into(),
            lease: LeaseSettings::default(),
        };
        // Clients here do not ping while they wait for others.
        let settings = Settings { idle_timeout: Duration::from_secs(600), ..unhurried() };
        let joined = Core::join_cluster(settings, ports, joining).await;
        let (core, cluster) = joined.expect("joins");
        let node = Node { core, cluster, store: faults_of_store, sessions: Mutex::default() };
        self.nodes.insert(number, node);
        number
    }

    /// Waits until every shard has an owner and the shares are fair.
    pub(crate) async fn settle(&self) {
        let fair = |node: &Node| {
            let owned = |number| {
                let shard = caffis_core::cluster::Shard::new(number).expect("a shard");
                matches!(node.cluster.shards().owner(shard), Owner::Here { .. })
            };
            (0..256).filter(|number| owned(*number)).count()
        };
        let end = Instant::now() + PATIENCE;
        loop {
            let shares: Vec<_> = self.nodes.values().map(fair).collect();
            // Each takes as many as it may; the last one takes the rest.
            let least = 256 / self.nodes.len() - self.nodes.len();
            if shares.iter().sum::<usize>() == 256 && shares.iter().all(|share| *share >= least) {
                return;
            }
            assert!(Instant::now() < end, "{shares:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Time passes for the timers and for the wall clock.
    pub(crate) async fn pass(&self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// The process ends without a word.
    pub(crate) fn crash(&mut self, number: usize) {
        let node = self.nodes.remove(&number).expect("it runs");
        let sessions = node.sessions.lock().expect("not poisoned");
        sessions.iter().for_each(AbortHandle::abort);
    }

    /// A node hands its rooms over.
    pub(crate) async fn leave(&self, number: usize) {
        self.nodes[&number].cluster.leave(Duration::from_secs(5)).await;
    }

    /// The node that owns a room.
    pub(crate) fn owner(&self, room: RoomId) -> usize {
        let here = |node: &Node| matches!(node.cluster.shards().owner_of(room), Owner::Here { .. });
        let found = self.nodes.iter().find(|(_, node)| here(node));
        *found.expect("somebody owns it").0
    }

    pub(crate) async fn connect(&self, number: usize, token: &str) -> Client {
        let (link, there) = pair(&Options { max_frame: FRAME_BYTES, ..Options::default() });
        let node = &self.nodes[&number];
        let core = node.core.clone();
        let task = tokio::spawn(async move { core.serve(Box::new(there)).await });
        node.sessions.lock().expect("not poisoned").push(task.abort_handle());
        let mut raw = Raw { link, codec: Codec::Binary };
        raw.hello(token, Vec::new()).await;
        match raw.answer(0).await {
            Ok(Reply::Welcome(welcome)) => {
                Client::new(raw, welcome, self.keys.clone(), self.clock.clone())
            }
            other => panic!("hello was answered with {other:?}"),
        }
    }
}

/// Sends until it is known to have happened, with the same id, as a client does; gives how long it took.
pub(crate) async fn send(client: &mut Client, room: RoomId, text: &str) -> Duration {
    let (start, key) = (Instant::now(), client.key());
    loop {
        match client.send_as(key, room, text).await {
            Ok(_) => return start.elapsed(),
            Err(error) => {
                let again = error.outcome == Outcome::Unknown || error.retry_after_ms.is_some();
                assert!(again, "{error:?}");
                assert!(start.elapsed() < PATIENCE, "{error:?}");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A page, however often the room is on its way to another node.
async fn until_served(client: &mut Client, room: RoomId, anchor: Anchor) -> EntryPage {
    let start = Instant::now();
    loop {
        match client.history(room, anchor, 100).await {
            Ok(page) => return page,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The messages of a room, in order, with their positions.
pub(crate) async fn log(client: &mut Client, room: RoomId) -> Vec<(u64, String)> {
    let mut entries = Vec::new();
    loop {
        let last = entries.last().map_or(0, |(position, _)| *position);
        let anchor = Anchor::After(caffis_schema::Position(last));
        let page = until_served(client, room, anchor).await;
        let more = page.more_after;
        entries.extend(page.entries.iter().map(|entry| {
            let text = match &entry.kind {
                EntryKind::Message(_) => words(entry).unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            (entry.position.get(), text)
        }));
        if !more {
            return entries;
        }
    }
}

/// Positions have no gap, and each of these was written once.
pub(crate) fn check(log: &[(u64, String)], written: &[String]) {
    assert!(log.iter().map(|(position, _)| *position).eq(1..=log.len() as u64), "{log:?}");
    for text in written {
        assert_eq!(log.iter().filter(|(_, found)| found == text).count(), 1, "{text}: {log:?}");
    }
    assert_eq!(log.iter().filter(|(_, text)| !text.is_empty()).count(), written.len(), "{log:?}");
}
