//! Everything but the devices: the seats of the server's processes, the store and the bus that they share,
//! the wires and the clocks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_conformance::{
    bus::{faulty::BusFaults, memory::Network},
    faulty::{FaultyStore, Plan},
    memory::{MemoryStore, Snapshot},
    random::Random,
};
use caffis_core::{
    Settings,
    cluster::{LeaseSettings, SHARDS},
    ports::{bus::NodeId, stamps::Stamps},
};
use caffis_schema::{RoomId, Timestamp};
use tokio::time::{Instant, sleep};

use crate::{
    Planted,
    clocks::{Pocket, Seeded, Wall, either_way},
    device::Heard,
    epochs::Epochs,
    ground::{Ground, calm},
    seat::{Process, Seat},
    trace::{Trace, lock},
    wire::Wires,
};

/// After this long all requests of a process alone that is dead have completed in the store.
pub(crate) const STORE_SETTLES: Duration = Duration::from_secs(2);

/// How long it may take until all processes are up and every room has an owner, once all is healed.
const SETTLING: Duration = Duration::from_secs(180);

/// For how long nothing may change then.
const STEADY: Duration = Duration::from_secs(4);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How far the wall clock of a node is off, in milliseconds.
const WALL_SKEW: i64 = 600_000;

/// How far the boot clocks of nodes drift, in millionths: two of them by less than the lease allows for.
const DRIFT: i64 = 30_000;

/// Everything but the devices.
pub(crate) struct World {
    pub(crate) ground: Arc<Ground>,
    pub(crate) seats: Vec<Arc<Seat>>,
    /// What devices heard.
    pub(crate) heard: Arc<Mutex<Heard>>,
    /// By which devices go.
    wall: Arc<Wall>,
    memory: Arc<MemoryStore>,
    random: Random,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        trace: Trace,
        (settings, several): (Settings, Option<LeaseSettings>),
        nodes: usize,
        planted: Option<Planted>,
    ) -> Self {
        let mut random = Random::new(seed);
        let wall = Wall::new(0);
        let memory = Arc::new(MemoryStore::new(wall.clone()));
        let ground = Arc::new(Ground {
            wires: Wires::new(random.number(), trace.clone()),
            epochs: Epochs::new(trace.clone()),
            witness: Arc::default(),
            trace,
            settings,
            planted,
            several,
            network: Network::default(),
            bus: BusFaults::new(random.number(), calm()),
            entropy: Seeded::new(random.number()),
            stamps: Stamps::unlimited(wall.clone()),
            starts: Arc::default(),
            ends: Arc::default(),
            healed: Arc::default(),
        });
        let seats = (1..=nodes).map(|number| {
            let store = FaultyStore::new(memory.clone(), random.number(), Plan::default());
            let skewed = Wall::new(either_way(&mut random, WALL_SKEW));
            let drift = i32::try_from(either_way(&mut random, DRIFT)).unwrap_or(0);
            let clock = if several.is_some() { skewed } else { wall.clone() };
            let seat = Seat::new(number, clock, store, drift);
            tokio::spawn(seat.clone().run(ground.clone()));
            seat
        });
        let seats = seats.collect();
        Self { ground, seats, heard: Arc::default(), wall, memory, random }
    }

    /// Whether there is one process alone.
    pub(crate) fn is_alone(&self) -> bool {
        self.ground.several.is_none()
    }

    /// The environment of a device.
    pub(crate) fn pocket(&mut self) -> Arc<Pocket> {
        Pocket::new(self.wall.clone(), &mut self.random)
    }

    /// The processes that are up.
    pub(crate) fn processes(&self) -> impl Iterator<Item = Arc<Process>> {
        self.seats.iter().filter_map(|seat| seat.process())
    }

    /// The time by the clock of the node that owns a room, if one does.
    pub(crate) fn clock_of(&self, room: RoomId) -> Option<Timestamp> {
        let owns =
            |seat: &&Arc<Seat>| seat.process().is_some_and(|process| process.owns_room(room));
        self.seats.iter().find(owns).map(|seat| seat.now())
    }

    /// The nodes that are up, as the bus knows them.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.processes().filter_map(|up| Some(up.cluster.as_ref()?.node())).collect()
    }

    /// Starts all processes, and waits until the server is whole.
    pub(crate) async fn start(&self) {
        self.seats.iter().for_each(|seat| seat.want());
        self.settle().await;
    }

    /// Waits until all processes are up and every room has an owner, whom all know, and none changes for a
    /// while.
    pub(crate) async fn settle(&self) {
        let end = Instant::now() + SETTLING;
        let (mut before, mut since) = (Vec::new(), Instant::now());
        loop {
            let up: Vec<_> = self.processes().collect();
            let owned: Vec<_> =
                up.iter().map(|process| (process.owns(), process.knows())).collect();
            let shards = owned.iter().map(|(owns, _)| owns).sum::<usize>();
            let whole = up.len() == self.seats.len()
                && shards as u64 == SHARDS
                && owned.iter().all(|(_, knows)| *knows as u64 == SHARDS);
            if !whole || owned != before {
                (before, since) = (owned, Instant::now());
            } else if self.is_alone() || since.elapsed() >= STEADY {
                return;
            }
            if Instant::now() > end {
                let trace = &self.ground.trace;
                return trace.broken(format_args!("processes own and know shards: {before:?}"));
            }
            sleep(LOOK).await;
        }
    }

    /// Checks that nothing has grown beyond its limit.
    pub(crate) fn check_limits(&self) {
        for process in self.processes() {
            for (bounded, most) in process.core.occupancy() {
                let limit = bounded.limit(&self.ground.settings);
                if most > limit {
                    let (trace, name) = (&self.ground.trace, &process.name);
                    trace.broken(format_args!("{name} has {most} of {bounded:?}, not {limit}"));
                }
            }
        }
    }

    /// Ends all processes without a word.
    pub(crate) async fn crash_all(&self) {
        self.ground.trace.note("all processes crash");
        self.seats.iter().for_each(|seat| seat.crash(&self.ground, Duration::ZERO, false));
        sleep(STORE_SETTLES).await;
    }

    /// Takes the network from some devices.
    pub(crate) fn block<'a>(&self, devices: impl IntoIterator<Item = &'a str>) {
        let mut wires = lock(&self.ground.wires);
        for device in devices {
            wires.cut(device);
            wires.blocked.insert(device.to_owned());
        }
    }

    /// Gives all devices their network back.
    pub(crate) fn unblock(&self) {
        lock(&self.ground.wires).blocked.clear();
    }

    /// Nothing goes wrong any more.
    pub(crate) fn heal(&self) {
        self.seats.iter().for_each(|seat| seat.faults.set_plan(Plan::default()));
        self.ground.bus.set_plan(calm());
        self.ground.bus.heal();
        if self.ground.planted == Some(Planted::HidesPeople) {
            self.ground.bus.lose_topics(&["everyone"]);
        }
    }

    /// A copy of the store.
    pub(crate) fn backup(&self) -> Snapshot {
        self.memory.snapshot()
    }

    /// Restores a copy of the store. All processes have to be down.
    pub(crate) fn restore(&self, backup: Snapshot) {
        self.memory.restore(backup);
        self.ground.epochs.forget();
    }

    /// How many faults of the store there were.
    pub(crate) fn faults(&self) -> u64 {
        self.seats.iter().map(|seat| seat.faults.injected()).sum()
    }

    /// How many processes have ended.
    pub(crate) fn ends(&self) -> u32 {
        self.ground.ends()
    }
}
