//! The server, its store and the wall clock.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use caffis_client::Environment;
use caffis_conformance::{
    faulty::{Faults, FaultyStore, Plan},
    memory::{MemoryStore, Snapshot},
    random::Random,
};
use caffis_core::{
    Core, Ports, Settings,
    model::caller::Rights,
    ports::{
        authenticator::{Authenticator, Identity, IdentityFuture, TokenError},
        clock::Clock,
        entropy::Entropy,
        stamps::Stamps,
    },
};
use caffis_schema::{Timestamp, UserId};
use tokio::time::{Instant, sleep};

use crate::{
    Planted,
    fence::Fence,
    trace::{Trace, lock},
    wire::Wires,
};

/// When the simulation begins: 2026-01-01, in milliseconds since 1970.
const START: u64 = 1_767_225_600_000;

/// After this long all requests of a dead process have completed in the store.
pub(crate) const STORE_SETTLES: Duration = Duration::from_secs(2);

/// The wall clock: runs with paused time, and jumps when told to.
pub(crate) struct Wall {
    began: Instant,
    skew: AtomicI64,
}

impl Wall {
    fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), skew: AtomicI64::new(0) })
    }

    /// Moves the clock by milliseconds, also backwards.
    pub(crate) fn jump(&self, by: i64) {
        self.skew.fetch_add(by, Ordering::Relaxed);
    }

    fn plus(&self, skew: i64) -> Timestamp {
        let passed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp((START + passed).saturating_add_signed(skew))
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        self.plus(self.skew.load(Ordering::Relaxed))
    }
}

/// Randomness from a seed.
struct Seeded(Mutex<Random>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        fill(&self.0, buffer);
    }
}

fn fill(random: &Mutex<Random>, buffer: &mut [u8]) {
    let mut random = lock(random);
    for chunk in buffer.chunks_mut(8) {
        chunk.copy_from_slice(&random.number().to_le_bytes()[..chunk.len()]);
    }
}

/// A device's own clock, which is slightly off, and its randomness.
pub(crate) struct Pocket {
    wall: Arc<Wall>,
    skew: i64,
    random: Mutex<Random>,
}

impl Environment for Pocket {
    fn now(&self) -> Timestamp {
        self.wall.plus(self.skew)
    }

    fn fill(&self, buffer: &mut [u8]) {
        fill(&self.random, buffer);
    }
}

/// A token is the person's id.
struct Tokens(Arc<Wall>);

impl Authenticator for Tokens {
    fn identify<'a>(&'a self, token: &'a str) -> IdentityFuture<'a> {
        Box::pin(async move {
            let user = UserId::new(token).map_err(|e| TokenError::Invalid(e.to_string()))?;
            // The check at the end reads what everybody wrote.
            let rights = Rights { read_history: true, ..Rights::USUAL };
            let service = token.starts_with("service:").then_some(rights);
            let now = self.0.now();
            let expires = now + 30 * 86_400_000;
            Ok(Identity { user, name: None, picture: None, issued: now, expires, service })
        })
    }
}

/// Everything but the devices.
pub(crate) struct World {
    pub(crate) wires: Arc<Mutex<Wires>>,
    pub(crate) wall: Arc<Wall>,
    pub(crate) faults: Faults,
    pub(crate) trace: Trace,
    pub(crate) settings: Settings,
    pub(crate) restarts: u32,
    pub(crate) planted: Option<Planted>,
    memory: Arc<MemoryStore>,
    store: Arc<FaultyStore<MemoryStore>>,
    /// One source for all processes, one after the other: the store decides by stamps, and the wall clock
    /// may go back while none runs.
    stamps: Arc<Stamps>,
    entropy: Arc<Seeded>,
    fence: Option<Arc<Fence>>,
    random: Random,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        trace: Trace,
        settings: Settings,
        planted: Option<Planted>,
    ) -> Self {
        let mut random = Random::new(seed);
        let wall = Wall::new();
        let stamps = Stamps::unlimited(wall.clone());
        let memory = Arc::new(MemoryStore::new(wall.clone()));
        let (store, faults) = FaultyStore::new(memory.clone(), random.number(), Plan::default());
        Self {
            wires: Wires::new(random.number(), trace.clone()),
            wall,
            faults,
            trace,
            settings,
            restarts: 0,
            planted,
            memory,
            store: Arc::new(store),
            stamps,
            entropy: Arc::new(Seeded(Mutex::new(Random::new(random.number())))),
            fence: None,
            random,
        }
    }

    /// The environment of a device.
    pub(crate) fn pocket(&mut self) -> Arc<Pocket> {
        let skew = i64::try_from(self.random.below(600_000)).unwrap_or(0) - 300_000;
        let random = Mutex::new(Random::new(self.random.number()));
        Arc::new(Pocket { wall: self.wall.clone(), skew, random })
    }

    /// Starts the server.
    pub(crate) async fn start(&mut self) {
        let fence = Fence::new(self.store.clone());
        let ports = Ports {
            store: fence.clone(),
            clock: self.wall.clone(),
            stamps: self.stamps.clone(),
            entropy: self.entropy.clone(),
            authenticator: Arc::new(Tokens(self.wall.clone())),
        };
        match Core::start(self.settings.clone(), ports).await {
            Ok(core) => lock(&self.wires).server = Some(core),
            Err(error) => self.trace.broken(format_args!("the server does not start: {error}")),
        }
        self.fence = Some(fence);
        self.trace.note("the server is up");
    }

    /// Kills the server's process. With `losing` the store dies a moment earlier, and unfinished
    /// writes are lost.
    pub(crate) async fn crash(&mut self, losing: bool) {
        if losing {
            self.faults.set_plan(Plan { unknown_lost: 1_000, ..Plan::default() });
            sleep(Duration::from_millis(30)).await;
        }
        self.trace.note(if losing {
            "the server crashes with its store"
        } else {
            "the server crashes"
        });
        self.end().await;
    }

    /// A copy of the store.
    pub(crate) fn backup(&self) -> Snapshot {
        self.memory.snapshot()
    }

    /// Restores a copy of the store. The server has to be down.
    pub(crate) fn restore(&self, backup: Snapshot) {
        self.memory.restore(backup);
    }

    /// Stops the server as an operator would.
    pub(crate) async fn drain(&mut self) {
        self.trace.note("the server drains");
        let core = lock(&self.wires).server.clone();
        if let Some(core) = core {
            core.drain(Duration::from_millis(300), Duration::from_secs(5)).await;
        }
        self.end().await;
    }

    async fn end(&mut self) {
        if let Some(fence) = self.fence.take() {
            fence.kill();
        }
        lock(&self.wires).down();
        sleep(STORE_SETTLES).await;
        self.faults.set_plan(Plan::default());
        self.restarts += 1;
    }
}
