//! Nodes that share a store, on paused time. The numbers are those of the rules in the documentation
//! of `caffis_core::cluster`.

mod gate;
mod handover;
mod lease;
mod scenario;
mod takeover;

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use caffis_conformance::{
    clock::{ManualClock, SimulatedBootClock},
    memory::MemoryStore,
    random::Random,
};
use caffis_core::{
    cluster::{Cluster, ClusterPorts, Drain, LeaseSettings, Owner, Run, SHARDS, Shard},
    model::node::NodeId,
    ports::{
        entropy::Entropy,
        stamps::Stamps,
        store::{Stamp, Store},
    },
    tables::{LeaseRow, Record, ShardRow},
};
use futures_util::FutureExt;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use self::gate::Gate;
use crate::harness::START;

/// The settings of most tests: lease 5 s, renewal 1 s, drift 500 ms.
fn settings() -> LeaseSettings {
    LeaseSettings::default()
}

/// Within this the shards of a node that crashed have an owner again.
fn takeover() -> Duration {
    let LeaseSettings { lease_time, lease_renewal, lease_drift } = settings();
    lease_time + lease_drift + 2 * lease_renewal
}

async fn wait(time: Duration) {
    sleep(time).await;
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Rooms of a node: those of a shard finish when nothing of theirs is under way, and they are let.
struct Rooms {
    work: watch::Sender<Work>,
    asked: Mutex<Vec<Shard>>,
}

#[derive(Default)]
struct Work {
    stuck: bool,
    /// How many writes are under way.
    busy: BTreeMap<Shard, usize>,
}

impl Rooms {
    fn new() -> Arc<Self> {
        Arc::new(Self { work: watch::Sender::default(), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<Shard> {
        self.asked.lock().expect("not poisoned").clone()
    }

    fn stuck(&self, stuck: bool) {
        self.work.send_modify(|work| work.stuck = stuck);
    }

    fn begin(&self, shard: Shard) {
        self.work.send_modify(|work| *work.busy.entry(shard).or_default() += 1);
    }

    fn finish(&self, shard: Shard) {
        self.work.send_modify(|work| {
            let left = work.busy.get_mut(&shard).expect("was begun");
            *left -= 1;
            if *left == 0 {
                work.busy.remove(&shard);
            }
        });
    }
}

impl Drain for Rooms {
    fn drain(&self, shard: Shard) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.asked.lock().expect("not poisoned").push(shard);
        let mut work = self.work.subscribe();
        Box::pin(async move {
            let quiet = |work: &Work| !work.stuck && !work.busy.contains_key(&shard);
            let _ = work.wait_for(quiet).await;
        })
    }

    fn inherit(&self, _: Vec<(Shard, u64)>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

struct Seeded(Mutex<Random>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut random = self.0.lock().expect("not poisoned");
        buffer.fill_with(|| random.number().to_le_bytes()[0]);
    }
}

/// Something that runs while its process is not paused.
struct Pausable<F> {
    inner: F,
    pause: Arc<Pause>,
}

#[derive(Default)]
struct Pause {
    on: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Pause {
    fn set(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
        if let Some(waker) = self.waker.lock().expect("not poisoned").take() {
            waker.wake();
        }
    }
}

impl<F: Future + Unpin> Future for Pausable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.pause.on.load(Ordering::SeqCst) {
            *self.pause.waker.lock().expect("not poisoned") = Some(context.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll(context)
    }
}

/// A store and the nodes on it.
struct Rig {
    store: Arc<MemoryStore>,
    started: AtomicU64,
}

impl Rig {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new(ManualClock::at(START)));
        Self { store, started: AtomicU64::new(1) }
    }

    /// A node that has joined.
    async fn node(&self) -> Node {
        self.node_on(Gate::new(self.store.clone())).await
    }

    async fn node_on<S: Store + ?Sized>(&self, gate: Arc<Gate<S>>) -> Node<S> {
        self.start(gate, 0).await.expect("joins")
    }

    /// Starts a node on its way to the store, with a clock that drifts by so many millionths.
    async fn start<S: Store + ?Sized>(&self, gate: Arc<Gate<S>>, drift: i32) -> Option<Node<S>> {
        let (wall, boot) = (ManualClock::at(START), SimulatedBootClock::at(Duration::ZERO));
        boot.drift(drift);
        let stamps = Stamps::reserved(wall.clone());
        let rooms = Rooms::new();
        let seed = self.started.fetch_add(1, Ordering::SeqCst);
        let ports = ClusterPorts {
            store: gate.clone(),
            clock: wall.clone(),
            boot_clock: boot.clone(),
            entropy: Arc::new(Seeded(Mutex::new(Random::new(seed)))),
            stamps: stamps.clone(),
            drain: rooms.clone(),
            address: "here".into(),
        };
        let (cluster, run) = Cluster::join(ports, settings()).await.ok()?;
        let pause = Arc::new(Pause::default());
        let run: Pausable<Run> = Pausable { inner: run, pause: pause.clone() };
        let task = tokio::spawn(run);
        Some(Node { cluster, gate, wall, boot, stamps, rooms, pause, task })
    }

    fn lease(&self, node: NodeId) -> LeaseRow {
        let key = LeaseRow::key(&node);
        let row = self.store.get(LeaseRow::TABLE, &key).now_or_never().expect("at once");
        LeaseRow::from_row(row.expect("reads").expect("has a lease")).expect("fits")
    }

    fn shard(&self, shard: Shard) -> Option<ShardRow> {
        let key = ShardRow::key(&shard.group(), &shard.get());
        let row = self.store.get(ShardRow::TABLE, &key).now_or_never().expect("at once");
        ShardRow::from_row(row.expect("reads")?)
    }

    /// What a node says that it owns, the store says too (rule 5).
    fn check<S: Store + ?Sized>(&self, node: &Node<S>) {
        for (shard, epoch) in node.here() {
            let row = self.shard(shard).expect("was claimed");
            let claim = (row.owner, row.epoch, row.released);
            assert_eq!(claim, (node.cluster.node(), epoch, false), "shard {}", shard.get());
        }
    }
}

/// A node of a [`Rig`].
struct Node<S: Store + ?Sized = MemoryStore> {
    cluster: Cluster,
    gate: Arc<Gate<S>>,
    wall: Arc<ManualClock>,
    boot: Arc<SimulatedBootClock>,
    stamps: Arc<Stamps>,
    rooms: Arc<Rooms>,
    pause: Arc<Pause>,
    task: JoinHandle<()>,
}

impl<S: Store + ?Sized> Node<S> {
    fn held(&self) -> bool {
        self.cluster.lease().held()
    }

    /// The shards that it owns under its lease, with their epochs.
    fn here(&self) -> Vec<(Shard, u64)> {
        if !self.held() {
            return Vec::new();
        }
        let owner = |shard| match self.cluster.shards().owner(shard) {
            Owner::Here { epoch } => Some((shard, epoch)),
            _ => None,
        };
        Shard::all().filter_map(owner).collect()
    }

    /// Waits until it owns so many shards; gives the time that it took.
    async fn owns(&self, count: usize) -> Duration {
        let start = Instant::now();
        while self.here().len() != count {
            assert!(start.elapsed() < Duration::from_secs(60), "owns {}", self.here().len());
            wait(ms(10)).await;
        }
        start.elapsed()
    }

    /// The process is killed.
    fn crash(self) -> NodeId {
        self.task.abort();
        self.cluster.node()
    }

    fn stamp(&self) -> Option<Stamp> {
        self.stamps.next().ok()
    }
}
