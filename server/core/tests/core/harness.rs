//! A running core and clients that speak the protocol to it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use caffis_conformance::{
    bus::memory::Network,
    clock::ManualClock,
    faulty::{Faults, FaultyStore, Plan},
    memory::MemoryStore,
    random::Random,
};
use caffis_core::{
    Core, Peers, Ports, Settings,
    cluster::{Changes, Owner, Owners, Shard},
    model::{caller::Rights, delivery::Delivery},
    outgoing::Endpoints,
    ports::{
        authenticator::{Authenticator, Identity, IdentityFuture, TokenError},
        bus::NodeId,
        clock::Clock,
        entropy::Entropy,
        stamps::Stamps,
        store::{Batch, Store, StoreLimits},
    },
};
use caffis_link::{
    Farewell, Incoming, Lane, LinkExt,
    memory::{MemoryLink, Options, pair},
};
use caffis_schema::{
    Body, ClientFrame, CloseCode, Codec, Command, DeviceId, Entry, EntryKind, Error, ErrorCode,
    List, PROTOCOL_VERSION, Reply, Request, ServerFrame, Text, Timestamp, UserId, codec,
    command::{Cursor, Hello},
    event::{Answered, TextBody},
    hooks::{HookAnswer, HookEvent},
    limits::FRAME_BYTES,
    reply::Welcome,
};
use tokio::{task::AbortHandle, time::timeout};

use crate::{NODES, client::Client};

/// When tests begin: 2026-01-01, in milliseconds since 1970.
pub(crate) const START: u64 = 1_767_225_600_000;

/// How long anything may take, in paused time.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing has to come before nothing will.
pub(crate) const QUIET: Duration = Duration::from_millis(200);

/// Tokens are a person's id; more may follow it: `giulia;name=Giulia;issued=1;expires=2`. Those of
/// services begin with `service:` and may name their rights: `service:audit;right=history`.
pub(crate) struct Tokens(pub(crate) Arc<ManualClock>);

impl Authenticator for Tokens {
    fn identify<'a>(&'a self, token: &'a str) -> IdentityFuture<'a> {
        let now = self.0.now();
        Box::pin(async move {
            let mut parts = token.split(';');
            let name = parts.next().unwrap_or_default();
            let (mut issued, mut expires) = (now, now + 86_400_000);
            let (mut shown, mut named) = (None, None);
            for part in parts {
                let (key, value) = part.split_once('=').expect("a key and a value");
                let number = || Timestamp(value.parse().expect("a number"));
                match key {
                    "name" => shown = Some(Text::cut(value)),
                    "issued" => issued = number(),
                    "right" => {
                        let rights: &mut Rights = named.get_or_insert_default();
                        assert!(rights.grant(value), "no right {value}");
                    }
                    _ => expires = number(),
                }
            }
            if name == "forged" {
                return Err(TokenError::Invalid("the signature does not match".to_owned()));
            }
            if expires <= now {
                return Err(TokenError::Expired);
            }
            let service = name.starts_with("service:").then(|| named.unwrap_or(Rights::USUAL));
            let user = UserId::new(name).map_err(|e| TokenError::Invalid(e.to_string()))?;
            Ok(Identity { user, name: shown, picture: None, issued, expires, service })
        })
    }
}

pub(crate) struct Seeded(pub(crate) Mutex<Random>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) {
        let mut random = self.0.lock().expect("not poisoned");
        for byte in buffer {
            *byte = random.number().to_le_bytes()[0];
        }
    }
}

/// Shards belong to one node or another by their numbers, for good.
struct Fixed {
    nodes: Vec<NodeId>,
    own: NodeId,
}

impl Owners for Fixed {
    fn owner(&self, shard: Shard) -> Owner {
        let node = self.nodes[(shard.get() % self.nodes.len() as u64) as usize];
        if node == self.own { Owner::Here { epoch: 1 } } else { Owner::There { node, epoch: 1 } }
    }

    fn changes(&self) -> Option<Changes> {
        None
    }

    fn look(&self) {}

    fn want(&self, _: Shard) {}

    fn holds(&self) -> bool {
        true
    }
}

/// Starts the nodes of a world.
async fn start(settings: &Settings, ports: &Ports) -> Vec<Core> {
    if NODES == 1 {
        return vec![Core::start(settings.clone(), ports.clone()).await.expect("starts")];
    }
    let network = Network::default();
    let nodes: Vec<_> = (1..=NODES as u64).map(NodeId::from_random).collect();
    let mut cores = Vec::new();
    for own in nodes.clone() {
        let owners = Arc::new(Fixed { nodes: nodes.clone(), own });
        let peers = Peers { bus: Arc::new(network.node(own)), owners };
        let joined = Core::join(settings.clone(), ports.clone(), peers).await;
        cores.push(joined.expect("starts"));
    }
    cores
}

/// Core, on one node or several, with its store and clock.
pub(crate) struct World {
    /// The first node.
    pub(crate) core: Core,
    nodes: Vec<Core>,
    connections: AtomicUsize,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) faults: Faults,
    pub(crate) clock: Arc<ManualClock>,
    ports: Ports,
    settings: Settings,
    keys: Arc<AtomicU64>,
    served: Mutex<Vec<AbortHandle>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    /// A world with settings, in which rates are out of the way of what is tested.
    pub(crate) async fn with(settings: Settings) -> Self {
        Self::within(settings, StoreLimits::MAX).await
    }

    /// A world whose store takes smaller batches.
    pub(crate) async fn within(settings: Settings, limits: StoreLimits) -> Self {
        Self::made_of(settings, limits, None).await
    }

    /// A world that tells other services what happens.
    pub(crate) async fn telling(endpoints: Endpoints) -> Self {
        Self::made_of(unhurried(), StoreLimits::MAX, Some(endpoints)).await
    }

    async fn made_of(
        settings: Settings,
        limits: StoreLimits,
        endpoints: Option<Endpoints>,
    ) -> Self {
        let clock = ManualClock::at(START);
        let store = Arc::new(MemoryStore::with_limits(clock.clone(), limits));
        let (faulty, faults) = FaultyStore::new(store.clone(), 7, Plan::default());
        let ports = Ports {
            store: Arc::new(faulty),
            clock: clock.clone(),
            stamps: Stamps::unlimited(clock.clone()),
            entropy: Arc::new(Seeded(Mutex::new(Random::new(11)))),
            authenticator: Arc::new(Tokens(clock.clone())),
            reactors: Vec::new(),
            index: None,
            endpoints,
        };
        let nodes = start(&settings, &ports).await;
        let (core, connections) = (nodes[0].clone(), AtomicUsize::new(0));
        let (keys, served) = Default::default();
        Self { core, nodes, connections, store, faults, clock, ports, settings, keys, served }
    }

    /// A world in which nothing is refused for its rate.
    pub(crate) async fn unhurried() -> Self {
        Self::with(unhurried()).await
    }

    /// The process ends without a word and a new one starts on the same store.
    pub(crate) async fn restart(&mut self) {
        self.served.lock().expect("not poisoned").drain(..).for_each(|task| task.abort());
        self.nodes = start(&self.settings, &self.ports).await;
        self.core = self.nodes[0].clone();
    }

    /// A connection before its hello.
    pub(crate) fn link(&self) -> Raw {
        self.link_with(&Options { max_frame: FRAME_BYTES, ..Options::default() })
    }

    pub(crate) fn link_with(&self, options: &Options) -> Raw {
        let (link, there) = pair(options);
        let turn = self.connections.fetch_add(1, Ordering::Relaxed);
        let core = self.nodes[turn % self.nodes.len()].clone();
        let task = tokio::spawn(async move { core.serve(Box::new(there)).await });
        self.served.lock().expect("not poisoned").push(task.abort_handle());
        Raw { link, codec: Codec::Binary }
    }

    pub(crate) async fn connect(&self, token: &str) -> Client {
        self.connect_at(token, Vec::new()).await
    }

    pub(crate) async fn connect_at(&self, token: &str, cursors: Vec<Cursor>) -> Client {
        let mut raw = self.link();
        raw.hello(token, cursors).await;
        self.greeted(raw).await
    }

    /// Connects, however often the store fails.
    pub(crate) async fn connect_until(&self, token: &str) -> Client {
        loop {
            let mut raw = self.link();
            raw.hello(token, Vec::new()).await;
            if let Ok(Reply::Welcome(welcome)) = raw.answer(0).await {
                return self.client(raw, welcome);
            }
        }
    }

    /// Takes the answer to a hello that was said.
    pub(crate) async fn greeted(&self, mut raw: Raw) -> Client {
        match raw.answer(0).await {
            Ok(Reply::Welcome(welcome)) => self.client(raw, welcome),
            other => panic!("hello was answered with {other:?}"),
        }
    }

    pub(crate) fn client(&self, raw: Raw, welcome: Welcome) -> Client {
        Client::new(raw, welcome, self.keys.clone(), self.clock.clone())
    }

    /// Connects people, so that they are known.
    pub(crate) async fn people<const N: usize>(&self, names: [&str; N]) -> [Client; N] {
        let mut clients = Vec::new();
        for name in names {
            clients.push(self.connect(name).await);
        }
        for client in &mut clients {
            client.settle().await;
        }
        clients.try_into().map_err(drop).expect("as many as names")
    }

    /// Gives a webhook to each node in turn.
    pub(crate) async fn deliver(&self, id: &str, event: HookEvent) -> Result<HookAnswer, Error> {
        self.deliver_of(id, event, self.clock.now().get()).await
    }

    /// As [`World::deliver`], of something that happened at a time.
    pub(crate) async fn deliver_of(
        &self,
        id: &str,
        event: HookEvent,
        time: u64,
    ) -> Result<HookAnswer, Error> {
        let turn = self.connections.fetch_add(1, Ordering::Relaxed);
        let (source, id, time) = ("main".to_owned(), id.to_owned(), Timestamp(time));
        self.nodes[turn % self.nodes.len()].deliver(Delivery { source, id, time, event }).await
    }

    /// A service's connection.
    pub(crate) async fn service(&self) -> Client {
        self.connect("service:meetups").await
    }

    /// The process ends in order, and a new one starts on the same store.
    pub(crate) async fn restart_in_order(&mut self) {
        for node in &self.nodes {
            node.drain(Duration::ZERO, PATIENCE).await;
        }
        self.restart().await;
    }

    /// Changes the endpoints as of the next start.
    pub(crate) fn endpoints(&mut self, endpoints: Endpoints) {
        self.ports.endpoints = Some(endpoints);
    }

    /// The nodes.
    pub(crate) fn nodes(&self) -> &[Core] {
        &self.nodes
    }

    pub(crate) fn raw_store(&self) -> &dyn Store {
        &*self.store
    }

    /// An empty batch with a stamp above all of core's so far.
    pub(crate) fn batch(&self) -> Batch {
        Batch::logged(self.ports.stamps.next().expect("a stamp"))
    }
}

/// Settings in which nothing is refused for its rate.
pub(crate) fn unhurried() -> Settings {
    Settings {
        messages_per_second: 100_000,
        commands_per_second: 100_000,
        signals_per_second: 100_000,
        ..Settings::default()
    }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).expect("an id")
}

pub(crate) fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

pub(crate) fn text(words: &str) -> Body {
    Body::Text(TextBody { text: Text::new(words).expect("fits the wire") })
}

/// The words of a message; nothing for other entries.
pub(crate) fn words(entry: &Entry) -> Option<&str> {
    match &entry.kind {
        EntryKind::Message(message) => match &message.body {
            Body::Text(body) => Some(body.text.as_str()),
            _ => None,
        },
        _ => None,
    }
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorCode {
    result.expect_err("an error").code
}

/// A connection as frames.
pub(crate) struct Raw {
    pub(crate) link: MemoryLink,
    pub(crate) codec: Codec,
}

impl Raw {
    pub(crate) async fn send_bytes(&mut self, bytes: impl Into<Bytes>) {
        self.link.send(Lane::MAIN, bytes.into()).await.expect("the link is open");
    }

    pub(crate) async fn send(&mut self, frame: &ClientFrame) {
        let bytes = codec::encode(frame, self.codec).expect("fits");
        self.send_bytes(bytes).await;
    }

    pub(crate) async fn request(&mut self, id: u32, command: Command) {
        self.send(&ClientFrame::Request(Request { id, command })).await;
    }

    pub(crate) async fn hello(&mut self, token: &str, cursors: Vec<Cursor>) {
        let hello = Hello {
            version: PROTOCOL_VERSION,
            client: Text::cut("tests"),
            device: DeviceId([1; 16]),
            token: Text::cut(token),
            cursors: List::cut(cursors),
            capabilities: 0,
        };
        self.request(0, Command::Hello(hello)).await;
    }

    pub(crate) async fn next(&mut self) -> Result<ServerFrame, Farewell> {
        loop {
            match timeout(PATIENCE, self.link.recv()).await.expect("something comes") {
                Incoming::Frame { payload, .. } | Incoming::Datagram(payload) => {
                    return Ok(codec::decode(&payload, self.codec).expect("a frame"));
                }
                Incoming::Ping | Incoming::Pong => {}
                Incoming::Closed(farewell) => return Err(farewell),
            }
        }
    }

    /// The answer with this id, whatever comes before it.
    pub(crate) async fn answer(&mut self, id: u32) -> Result<Reply, Error> {
        loop {
            match self.next().await.expect("an answer before the farewell") {
                ServerFrame::Reply(answer) if answer.id == id => {
                    return match answer.result {
                        Answered::Ok(reply) => Ok(reply),
                        Answered::Error(error) => Err(error),
                    };
                }
                _ => {}
            }
        }
    }

    /// The code with which the server closes, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> CloseCode {
        loop {
            if let Err(farewell) = self.next().await {
                return CloseCode::from_number(farewell.code).expect("a known code");
            }
        }
    }
}
