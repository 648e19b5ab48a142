//! A place where processes of the server run, one after the other: as long as it is wanted, it starts a
//! new one whenever the last one has ended.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_conformance::{
    bus::faulty::FaultyBus,
    clock::SimulatedBootClock,
    faulty::{Faults, FaultyStore, Plan},
    memory::MemoryStore,
};
use caffis_core::{
    Core, Joining, Ports,
    cluster::{Cluster, Ended, Owner, Shard},
    ports::{clock::Clock, stamps::Stamps, store::SharedStore},
};
use caffis_schema::{RoomId, Timestamp};
use tokio::{sync::Notify, time::sleep};

use crate::{
    Planted,
    bus::Speaker,
    clocks::{Tokens, Wall},
    fence::Fence,
    gate::Gate,
    ground::Ground,
    spoiled::Spoiled,
    trace::lock,
};

/// How long it takes until a process that could not start is started again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often it is looked whether a process has lost its lease.
const LOOK: Duration = Duration::from_millis(25);

/// How long a node takes to say goodbye, and to hand its rooms over.
const LEAVING: Duration = Duration::from_secs(5);

/// A process of the server.
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) core: Core,
    /// None when it is the only one.
    pub(crate) cluster: Option<Cluster>,
    pub(crate) gate: Arc<Gate>,
    boot: Arc<SimulatedBootClock>,
    /// By how many millionths its boot clock is fast.
    drift: i32,
    draining: AtomicBool,
}

impl Process {
    /// How many shards it owns.
    pub(crate) fn owns(&self) -> usize {
        let Some(cluster) = &self.cluster else { return Shard::all().count() };
        let here = |shard: &Shard| matches!(cluster.shards().owner(*shard), Owner::Here { .. });
        if cluster.lease().held() { Shard::all().filter(here).count() } else { 0 }
    }

    /// Whether it owns a room.
    pub(crate) fn owns_room(&self, room: RoomId) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| {
            let owner = cluster.shards().owner(Shard::of(room));
            matches!(owner, Owner::Here { .. }) && cluster.lease().held()
        })
    }

    /// Of how many shards it knows the owner.
    pub(crate) fn knows(&self) -> usize {
        let Some(cluster) = &self.cluster else { return Shard::all().count() };
        Shard::all().filter(|shard| cluster.shards().owner(*shard) != Owner::Nobody).count()
    }

    /// Waits until the lease has ended. It looks now and then: of those who wait for the same change tokio
    /// wakes any one first, and a seed has to repeat exactly.
    async fn ended(&self) -> Ended {
        let Some(cluster) = &self.cluster else { return std::future::pending().await };
        loop {
            sleep(LOOK).await;
            if let Some(ended) = cluster.lease().standing() {
                return ended;
            }
        }
    }
}

/// What the operator wants of a seat.
#[derive(Default)]
struct Orders {
    up: Option<Arc<Process>>,
    /// Whether processes are started.
    wanted: bool,
    /// The process that is up is to end.
    stop: bool,
    /// How long the seat stays empty then.
    rest: Duration,
}

/// A seat. Its store is its own way to the store that all share.
pub(crate) struct Seat {
    pub(crate) number: usize,
    pub(crate) wall: Arc<Wall>,
    pub(crate) faults: Faults,
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    /// By how many millionths the boot clock of the machine is fast.
    pub(crate) drift: i32,
    orders: Mutex<Orders>,
    changed: Notify,
}

impl Seat {
    pub(crate) fn new(
        number: usize,
        wall: Arc<Wall>,
        (store, faults): (FaultyStore<MemoryStore>, Faults),
        drift: i32,
    ) -> Arc<Self> {
        let (orders, changed) = Default::default();
        Arc::new(Self { number, wall, faults, store: Arc::new(store), drift, orders, changed })
    }

    /// The process that is up.
    pub(crate) fn process(&self) -> Option<Arc<Process>> {
        lock(&self.orders).up.clone()
    }

    /// The time by its wall clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.wall.now()
    }

    /// Starts processes from now on.
    pub(crate) fn want(&self) {
        lock(&self.orders).wanted = true;
        self.changed.notify_one();
    }

    /// Ends the process at once; the seat stays empty for a time, or until it is wanted again.
    pub(crate) fn crash(&self, ground: &Ground, rest: Duration, wanted: bool) {
        {
            let mut orders = lock(&self.orders);
            (orders.stop, orders.rest, orders.wanted) = (true, rest, wanted);
            if let Some(process) = orders.up.take() {
                process.gate.kill();
            }
        }
        lock(&ground.wires).down(self.number);
        self.changed.notify_one();
    }

    async fn until_wanted(&self) {
        loop {
            {
                let mut orders = lock(&self.orders);
                orders.stop = false;
                if orders.wanted {
                    return;
                }
            }
            self.changed.notified().await;
        }
    }

    async fn stopped(&self) {
        while !std::mem::take(&mut lock(&self.orders).stop) {
            self.changed.notified().await;
        }
    }

    /// Runs processes for as long as the simulation runs.
    pub(crate) async fn run(self: Arc<Self>, ground: Arc<Ground>) {
        loop {
            self.until_wanted().await;
            // Its way to the store is a new one.
            self.faults.set_plan(Plan::default());
            let process = match ground.begin(&self).await {
                Ok(process) => Arc::new(process),
                Err(error) => {
                    ground.trace.note(format_args!("{} does not start: {error}", self.number));
                    sleep(AGAIN).await;
                    continue;
                }
            };
            lock(&self.orders).up = Some(process.clone());
            lock(&ground.wires).up(self.number, (process.core.clone(), process.gate.clone()));
            ground.trace.note(format_args!("{} is up", process.name));
            tokio::select! {
                biased;
                () = self.stopped() => {}
                ended = process.ended() => {
                    ground.trace.note(format_args!("{} ends: {ended:?}", process.name));
                    self.crash(&ground, AGAIN, true);
                    self.stopped().await;
                }
            }
            // It may have been stopped while it started.
            process.gate.kill();
            lock(&ground.wires).down(self.number);
            ground.ended();
            drop(process);
            let rest = {
                let mut orders = lock(&self.orders);
                orders.up = None;
                orders.rest
            };
            sleep(rest).await;
        }
    }

    /// The process stands still for a time, as one that the system does not schedule: nothing of it goes
    /// out or comes in, and its clock for leases is ahead when it goes on.
    pub(crate) fn pause(&self, ground: &Arc<Ground>, time: Duration) {
        let Some(process) = self.process() else { return };
        if process.gate.is_shut() {
            return;
        }
        ground.trace.note(format_args!(
            "{} stands still for {} ms",
            process.name,
            time.as_millis()
        ));
        process.gate.shut();
        // Between the doors the process goes on, but sees no time pass that its lease counts.
        process.boot.drift(-1_000_000);
        let ground = ground.clone();
        tokio::spawn(async move {
            sleep(time).await;
            process.boot.drift(process.drift);
            if ground.planted != Some(Planted::OutlivesLease) {
                process.boot.suspend(time);
            }
            ground.trace.note(format_args!("{} goes on", process.name));
            process.gate.open();
        });
    }

    /// The process says goodbye and hands its rooms over; then it ends.
    pub(crate) fn drain(self: &Arc<Self>, ground: &Arc<Ground>, rest: Duration) {
        let Some(process) = self.process() else { return };
        if process.draining.swap(true, Ordering::Relaxed) {
            return;
        }
        ground.trace.note(format_args!("{} drains", process.name));
        let (seat, ground) = (self.clone(), ground.clone());
        tokio::spawn(async move {
            process.core.drain(Duration::from_millis(300), LEAVING).await;
            if let Some(cluster) = &process.cluster {
                cluster.leave(LEAVING).await;
            }
            // It may have ended in the middle of that.
            if seat.process().is_some_and(|up| Arc::ptr_eq(&up, &process)) {
                seat.crash(&ground, rest, true);
            }
        });
    }
}

impl Ground {
    /// Starts a process.
    async fn begin(&self, seat: &Arc<Seat>) -> anyhow::Result<Process> {
        let gate = Gate::new();
        let start = self.starts();
        let name = format!("process {}.{start}", seat.number);
        let seed = u64::from(start);
        let (bug, inner) = ((self.planted, self.healed.clone()), seat.store.clone());
        let inner = Spoiled::around(bug, inner, gate.clone(), seed);
        let epochs = self.several.as_ref().map(|_| (self.epochs.clone(), name.clone()));
        let store: SharedStore = Arc::new(Fence { inner, gate: gate.clone(), epochs });
        let stamps = match self.several {
            Some(_) => Stamps::reserved(seat.wall.clone()),
            None => self.stamps.clone(),
        };
        let ports = Ports {
            store,
            clock: seat.wall.clone(),
            stamps,
            entropy: self.entropy.clone(),
            authenticator: Arc::new(Tokens(seat.wall.clone())),
            reactors: vec![self.witness.clone()],
            index: None,
            endpoints: None,
        };
        let settings = self.process_settings();
        let boot = SimulatedBootClock::at(Duration::from_secs(seat.number as u64 * 1_000));
        boot.drift(seat.drift);
        let drift = seat.drift;
        let (core, cluster) = match &self.several {
            None => (Core::start(settings, ports).await?, None),
            Some(lease) => {
                let (network, faults, doors) =
                    (self.network.clone(), self.bus.clone(), gate.clone());
                let connect = move |node| {
                    let inner = FaultyBus::new(network.node(node), faults);
                    Arc::new(Speaker { inner, gate: doors }) as _
                };
                let joining = Joining {
                    boot_clock: boot.clone(),
                    connect: Box::new(connect),
                    address: name.as_str().into(),
                    lease: *lease,
                };
                let joined = Core::join_cluster(settings, ports, joining).await?;
                (joined.0, Some(joined.1))
            }
        };
        let draining = AtomicBool::new(false);
        Ok(Process { name, core, cluster, gate, boot, drift, draining })
    }
}
