//! Figures of several nodes in one process, on one embedded store and a bus in memory, printed:
//! `cargo test --release -p caffis-embedded --test cluster -- --ignored --nocapture --test-threads 1`.

#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "measures real time")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use caffis_conformance::{bus::memory::Network, random::Random};
use caffis_core::{
    Core, Joining, Ports, Settings,
    cluster::{Cluster, LeaseSettings, Owner, Shard, TokioClock},
    ports::{
        authenticator::{Authenticator, IdentityFuture, TokenError},
        clock::Clock,
        entropy::Entropy,
        stamps::Stamps,
        store::SharedStore,
    },
    seed,
    tables::{self, ContextRow},
};
use caffis_embedded::{EmbeddedStore, Options};
use caffis_schema::{
    Body, ClientId, Command, Error, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::{Anchor, History, Send},
    event::TextBody,
    room::{ClientKey, Profile},
};
use tokio::{task::JoinSet, time::sleep};

struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Timestamp(u64::try_from(since.as_millis()).expect("fits"))
    }
}

struct Chance(Mutex<Random>);

impl Entropy for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        let mut random = self.0.lock().expect("not poisoned");
        buffer.fill_with(|| random.number().to_le_bytes()[0]);
    }
}

/// Nobody connects: commands are called.
struct Nobody;

impl Authenticator for Nobody {
    fn identify<'a>(&'a self, _: &'a str) -> IdentityFuture<'a> {
        Box::pin(async { Err(TokenError::Invalid("nobody connects".to_owned())) })
    }
}

struct Node {
    core: Core,
    cluster: Cluster,
}

/// Nodes that share a store and a bus.
struct Nodes {
    _folder: tempfile::TempDir,
    store: SharedStore,
    network: Network,
    nodes: Vec<Node>,
    joined: u64,
    rooms: Vec<RoomId>,
    ids: AtomicU64,
    /// The heads of rooms as those who write know them.
    heads: Mutex<BTreeMap<RoomId, Position>>,
}

fn people(count: usize) -> Vec<Profile> {
    let ids = (0..count).map(|n| UserId::new(&format!("person-{n:04}")).expect("an id"));
    ids.map(|user| Profile { user, name: Text::default(), picture: None }).collect()
}

impl Nodes {
    /// Nodes with rooms in which all the people are.
    async fn start(count: usize, members: usize, rooms: u64, messages: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options::new(Arc::new(Wall));
        let store: SharedStore =
            Arc::new(EmbeddedStore::open(folder.path().join("store"), options).expect("opens"));
        let plan = seed::Plan {
            people: people(members),
            rooms,
            messages: rooms * messages,
            seed: 3,
            now: Wall.now(),
        };
        let stamps = Stamps::unlimited(Arc::new(Wall));
        seed::fill(&*store, &stamps, &plan).await.expect("filled");
        let mut found = Vec::new();
        for index in 0..rooms {
            let key = ContextRow::key(&"group".into(), &format!("seed:{index}").into());
            let row = tables::get::<ContextRow>(&*store, key).await.expect("read");
            found.push(row.expect("a room").room);
        }
        let mut nodes = Self {
            _folder: folder,
            store,
            network: Network::default(),
            nodes: Vec::new(),
            joined: 0,
            rooms: found,
            ids: AtomicU64::new(0),
            heads: Mutex::default(),
        };
        for _ in 0..count {
            nodes.join().await;
        }
        nodes.settle().await;
        nodes
    }

    async fn join(&mut self) {
        self.joined += 1;
        let clock = Arc::new(Wall);
        let ports = Ports {
            store: self.store.clone(),
            clock: clock.clone(),
            stamps: Stamps::reserved(clock),
            entropy: Arc::new(Chance(Mutex::new(Random::new(self.joined)))),
            authenticator: Arc::new(Nobody),
            reactors: Vec::new(),
            index: None,
            endpoints: None,
        };
        let settings = Settings {
            messages_per_second: 1_000_000,
            commands_per_second: 1_000_000,
            ..Settings::default()
        };
        let network = self.network.clone();
        let joining = Joining {
            boot_clock: Arc::new(TokioClock::default()),
            connect: Box::new(move |node| Arc::new(network.node(node))),
            address: format!("node {}", self.joined).into(),
            lease: LeaseSettings::default(),
        };
        let joined = Core::join_cluster(settings, ports, joining).await;
        let (core, cluster) = joined.expect("joins");
        self.nodes.push(Node { core, cluster });
    }

    /// Waits until every shard has an owner and the shares are fair.
    async fn settle(&self) {
        let owned = |node: &Node| {
            let here = |shard| matches!(node.cluster.shards().owner(shard), Owner::Here { .. });
            Shard::all().filter(|shard| here(*shard)).count()
        };
        loop {
            let shares: Vec<_> = self.nodes.iter().map(owned).collect();
            let least = 256 / shares.len() - shares.len();
            if shares.iter().sum::<usize>() == 256 && shares.iter().all(|share| *share >= least) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn owner(&self, room: RoomId) -> Option<usize> {
        let here = |node: &Node| matches!(node.cluster.shards().owner_of(room), Owner::Here { .. });
        self.nodes.iter().position(here)
    }

    fn message(&self, room: RoomId) -> Command {
        let id = self.ids.fetch_add(1, Ordering::Relaxed) + 1;
        let head = self.heads.lock().expect("not poisoned").get(&room).copied().unwrap_or_default();
        let id = ClientId(u128::from(id).to_be_bytes());
        let key = ClientKey { id, time: Wall.now(), head };
        let body = Body::Text(TextBody { text: Text::cut(&"x".repeat(200)) });
        Command::Send(Send::new(key, room, body))
    }

    /// Sends to a room until it is accepted, with one id; gives how long that took.
    async fn send(&self, node: usize, room: RoomId) -> Duration {
        let (start, command) = (Instant::now(), self.message(room));
        let reply = loop {
            match self.call(node, command.clone()).await {
                Ok(reply) => break reply,
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        };
        let took = start.elapsed();
        if let Reply::Appended(appended) = reply {
            let mut heads = self.heads.lock().expect("not poisoned");
            let head = heads.entry(room).or_default();
            *head = appended.position.max(*head);
        }
        took
    }

    async fn call(&self, node: usize, command: Command) -> Result<Reply, Error> {
        let who = UserId::new("person-0001").expect("an id");
        self.nodes[node].core.call(&who, None, command).await
    }
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000].as_secs_f64() * 1e3;
    let (p50, p99, max) = (at(500), at(990), at(1000));
    println!("{name}: p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms ({} times)", times.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn sends() {
    for count in [1, 2, 3] {
        let nodes = Arc::new(Nodes::start(count, 10, 64, 10).await);
        let (mut own, mut forwarded) = (Vec::new(), Vec::new());
        for room in nodes.rooms.iter().cycle().take(4_000) {
            let took = nodes.send(0, *room).await;
            if nodes.owner(*room) == Some(0) { own.push(took) } else { forwarded.push(took) }
        }
        print(&format!("{count} nodes, send to ack, own room"), own);
        if !forwarded.is_empty() {
            print(&format!("{count} nodes, send to ack, forwarded"), forwarded);
        }
        let mut tasks = JoinSet::new();
        let start = Instant::now();
        for writer in 0..256 {
            let nodes = nodes.clone();
            tasks.spawn(async move {
                let mut sent = 0;
                while start.elapsed() < Duration::from_secs(5) {
                    nodes.send(writer % count, nodes.rooms[writer % 64]).await;
                    sent += 1;
                }
                sent
            });
        }
        let sent: u64 = tasks.join_all().await.into_iter().sum();
        let rate = sent as f64 / start.elapsed().as_secs_f64();
        println!("{count} nodes, 256 writers in 64 rooms: {rate:.0} sends/s");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn takeovers() {
    for members in [10, 1_000] {
        let mut nodes = Nodes::start(2, members, 100, 200).await;
        let theirs: Vec<_> =
            nodes.rooms.iter().copied().filter(|room| nodes.owner(*room) == Some(1)).collect();
        for room in &theirs {
            nodes.send(1, *room).await;
        }
        let left = nodes.nodes.pop().expect("two");
        left.cluster.leave(Duration::from_secs(5)).await;
        drop(left);
        nodes.settle().await;
        let mut times = Vec::new();
        for room in theirs {
            times.push(nodes.send(0, room).await);
        }
        print(&format!("first send to a room of {members} members after it moved"), times);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn crashes() {
    let mut nodes = Nodes::start(3, 10, 64, 10).await;
    let mut times = Vec::new();
    for _ in 0..3 {
        let theirs: Vec<_> =
            nodes.rooms.iter().copied().filter(|room| nodes.owner(*room) == Some(2)).collect();
        drop(nodes.nodes.pop());
        let sends = theirs.iter().map(|room| nodes.send(0, *room));
        times.extend(futures_util::future::join_all(sends).await);
        nodes.join().await;
        nodes.settle().await;
    }
    print("a crash, until the rooms of the node accept messages", times);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn drains() {
    let mut nodes = Nodes::start(3, 10, 64, 10).await;
    let mut longest = Vec::new();
    for _ in 0..3 {
        let leaving = nodes.nodes.pop().expect("three");
        let ended = leaving.cluster.clone();
        let left = tokio::spawn(async move { ended.leave(Duration::from_secs(5)).await });
        let rooms = nodes.rooms.iter().map(async |room| {
            let mut most = Duration::ZERO;
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(4) {
                most = most.max(nodes.send(0, *room).await);
                sleep(Duration::from_millis(20)).await;
            }
            most
        });
        longest.extend(futures_util::future::join_all(rooms).await);
        left.await.expect("left");
        drop(leaving);
        nodes.join().await;
        nodes.settle().await;
    }
    print("a node leaves, the longest pause of each room", longest);
}

/// The process's memory in RAM, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = pages.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a number");
    pages * 4_096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn memory() {
    const ROOMS: u64 = 5_000;
    let nodes = Nodes::start(1, 10, ROOMS, 100).await;
    let before = resident();
    for room in &nodes.rooms {
        let history = History { room: *room, anchor: Anchor::Latest, limit: 1 };
        nodes.call(0, Command::History(history)).await.expect("a page");
    }
    let each = (resident() - before) / ROOMS;
    println!("a warm room of 10 members with 100 messages in memory: {each} bytes");
}
