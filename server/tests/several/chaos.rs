//! Three nodes, a ring of three CQL servers and Redis, while one thing after the other goes wrong and people on all
//! transports send. `cargo xtask chaos` says how often and by what seed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use caffis_servers::{Clock, CqlSetup, redis::RedisServer};
use rustix::process::Signal;
use tokio::{task::block_in_place, time::sleep};

use crate::{
    common::{Over, Server, Setup},
    faults::{Dice, Fault, Recoveries},
    friend::Friend,
    nodes::{Ground, again, friend_by, status, until},
    plug::Plug,
    traffic::{Load, rooms_of},
    wire::Wire,
};

/// Faults of a run that does not say how many: one of each kind.
const FAULTS: u64 = Fault::ALL.len() as u64;
const NODES: usize = 3;
/// How long everything may take to go on after a fault, on a busy machine: a killed CQL server counts as down after
/// some 12 s, a node that has lost its lease starts again, and the lease before has to lapse.
const RECOVERY: Duration = Duration::from_secs(150);
/// Between two messages of one sender to one room: what is checked is order and presence, not speed.
const PAUSE: Duration = Duration::from_millis(150);
/// Longer than a lease and the time until somebody ends it.
const OVERSLEEP: Duration = Duration::from_secs(9);

/// All that can break.
struct Field {
    ground: Ground,
    nodes: Vec<Option<Server>>,
    setups: Vec<Setup>,
    /// From the clients to each node, and from each node to Redis.
    clients: Vec<Wire>,
    bus: Vec<Wire>,
    dice: Dice,
    logs: PathBuf,
}

impl Field {
    async fn start(seed: u64) -> Self {
        let mut cql = CqlSetup::new(3);
        cql.clock = Clock::Running;
        let ground = Ground { cql: block_in_place(|| cql.start()), redis: RedisServer::start() };
        let redis = ([127, 0, 0, 1], ground.redis.port()).into();
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos-{seed}"));
        let (nodes, setups, clients, bus) = Default::default();
        let mut field = Self { ground, nodes, setups, clients, bus, dice: Dice(seed), logs };
        for number in 1..=NODES {
            let bus = Wire::to(redis, redis).await;
            let url = format!("redis://{}", bus.tcp);
            let setup = field.ground.node(&format!("node-{number}")).flags(&["--bus", &url]);
            let setup = setup.variable("CAFFIS_STORE_REPLICATION", "3");
            let node = started(&setup).await;
            field.clients.push(Wire::to(node.tcp(), node.udp()).await);
            field.setups.push(again(&node));
            field.nodes.push(Some(node));
            field.bus.push(bus);
        }
        field
    }

    /// Four people, each on a transport of their own and first on a node of their own.
    async fn people(&self) -> Vec<Friend> {
        let mut friends = Vec::new();
        for (number, user) in ["giulia", "marco", "luca", "aiko"].into_iter().enumerate() {
            let plug = |at: usize| {
                let wire = &self.clients[(number + at) % NODES];
                Plug::at(wire.tcp, Over::ALL[number]).udp_at(wire.udp)
            };
            friends.push(friend_by((0..NODES).map(plug).collect(), user).await);
        }
        friends
    }

    fn any(&mut self) -> usize {
        usize::try_from(self.dice.below(NODES as u64)).unwrap()
    }

    fn node(&self, at: usize) -> &Server {
        self.nodes[at].as_ref().unwrap()
    }

    /// Starts again what has ended, as a service manager does: a node ends when it has lost its lease.
    async fn tend(&mut self) {
        for at in 0..NODES {
            if self.nodes[at].as_mut().is_none_or(Server::has_ended) {
                eprintln!("    node-{} has ended and starts again", at + 1);
                self.nodes[at] = None;
                self.nodes[at] = Some(started(&self.setups[at]).await);
            }
        }
    }

    /// Does it, and repairs what it has broken.
    async fn happen(&mut self, fault: Fault) {
        let at = self.any();
        let moment = Duration::from_millis(500 + self.dice.below(3_000));
        eprintln!("  {fault:?}, {} of {NODES}, for {moment:?}", at + 1);
        match fault {
            Fault::NodeKilled => {
                self.nodes[at].take().unwrap().kill().await;
                sleep(moment).await;
            }
            Fault::NodeStopped => {
                self.node(at).signal(Signal::TERM);
                // The next look finds that it has ended.
                sleep(moment).await;
            }
            Fault::NodeSlept | Fault::NodeOverslept => {
                let long = fault == Fault::NodeOverslept;
                self.node(at).signal(Signal::STOP);
                sleep(if long { OVERSLEEP } else { moment }).await;
                self.node(at).signal(Signal::CONT);
            }
            Fault::StoreKilled => {
                block_in_place(|| self.ground.cql.nodes()[at].kill());
                sleep(moment).await;
                block_in_place(|| self.ground.cql.nodes()[at].restart());
            }
            Fault::StoreSlept => {
                self.ground.cql.nodes()[at].pause();
                sleep(moment).await;
                self.ground.cql.nodes()[at].resume();
            }
            Fault::BusKilled => {
                block_in_place(|| self.ground.redis.kill());
                sleep(moment).await;
                block_in_place(|| self.ground.redis.restart());
            }
            Fault::BusSlept => {
                self.ground.redis.pause();
                sleep(moment).await;
                self.ground.redis.resume();
            }
            Fault::BusFlushed => {
                block_in_place(|| self.ground.redis.order(&["FLUSHALL"]));
            }
            Fault::ClientsCut | Fault::BusCut => {
                let wires = if fault == Fault::BusCut { &self.bus } else { &self.clients };
                wires[at].cut();
                sleep(moment).await;
                wires[at].mend();
            }
        }
    }

    /// Waits until everybody sends in every room again.
    async fn recovers(&mut self, load: &Load, friends: &[Friend]) {
        let (before, end) = (load.acknowledged(), Instant::now() + RECOVERY);
        loop {
            self.tend().await;
            match load.missing_since(before, friends) {
                0 => return,
                missing => assert!(Instant::now() < end, "{missing} senders do not go on"),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nobody has a session but those who are here.
    async fn nothing_leaks(&self, friends: &[Friend]) {
        let end = Instant::now() + RECOVERY;
        loop {
            let sessions: usize =
                (0..NODES).map(|at| block_in_place(|| status(self.node(at)).sessions)).sum();
            if sessions == friends.len() {
                return;
            }
            assert!(Instant::now() < end, "{sessions} sessions of {} people", friends.len());
            sleep(Duration::from_millis(200)).await;
        }
    }
}

/// The logs of a run that failed are kept.
impl Drop for Field {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        // What cannot be kept is missing there; the failure itself counts.
        let _ = fs::create_dir_all(&self.logs);
        for (number, setup) in self.setups.iter().enumerate() {
            let _ =
                fs::copy(setup.beside("log"), self.logs.join(format!("node-{}.log", number + 1)));
        }
        for number in 0..3 {
            let log = self.ground.cql.folder().join(format!("{number}/system.log"));
            let _ = fs::copy(log, self.logs.join(format!("cql-{}.log", number + 1)));
        }
        let _ = fs::write(self.logs.join("redis.log"), self.ground.redis.log());
        eprintln!("all logs are in {}", self.logs.display());
    }
}

/// Starts a node, again and again: while the store is in trouble it may end or take long.
async fn started(setup: &Setup) -> Server {
    let end = Instant::now() + RECOVERY;
    loop {
        let setup = setup.clone();
        match tokio::spawn(async move { setup.start().await }).await {
            Ok(server) => return server,
            Err(error) => assert!(Instant::now() < end, "a node does not start: {error}"),
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text}, not a number")))
}

/// What goes wrong: of all kinds those that the run asks for.
fn kinds() -> Vec<Fault> {
    let Ok(names) = env::var("CAFFIS_CHAOS_ONLY") else { return Fault::ALL.to_vec() };
    let named = |name| Fault::named(name).unwrap_or_else(|| panic!("no fault is called {name}"));
    names.split(',').map(named).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn nothing_is_lost_whatever_goes_wrong() {
    let seed = number("CAFFIS_CHAOS_SEED").unwrap_or(1);
    let count = number("CAFFIS_CHAOS_FAULTS").unwrap_or(FAULTS);
    let kinds = kinds();
    let mut field = Field::start(seed).await;
    // Rooms are made once each node has its share, because none moves then.
    until(field.node(0), |status| {
        let shares = status.nodes.iter().filter(|node| node.shards > 50).count();
        status.unowned == 0 && shares == NODES
    })
    .await;
    let friends = field.people().await;
    let rooms = rooms_of(&friends).await;
    let load = Load::slow(&friends, &rooms, PAUSE);
    field.recovers(&load, &friends).await;
    let (mut recoveries, started) = (Recoveries::default(), Instant::now());
    let faults = field.dice.faults(&kinds, count.try_into().unwrap());
    for (number, fault) in faults.into_iter().enumerate() {
        eprintln!("fault {} of {count} (seed {seed}), {:?}:", number + 1, started.elapsed());
        let began = Instant::now();
        field.happen(fault).await;
        let mended = Instant::now();
        field.recovers(&load, &friends).await;
        let (all, after) = (began.elapsed(), mended.elapsed());
        eprintln!(
            "    all send in every room {after:?} after it was mended, {all:?} after it began"
        );
        recoveries.note(fault, after, all);
    }
    let acknowledged = load.acknowledged();
    load.check(&friends, &rooms).await;
    field.nothing_leaks(&friends).await;
    eprintln!(
        "seed {seed}, {count} faults in {:?}; {acknowledged} acknowledged, 0 lost, 0 doubled, one order for \
         all, 0 sessions leaked; until all sent in every room again, median and longest:\n{recoveries}",
        started.elapsed()
    );
}
