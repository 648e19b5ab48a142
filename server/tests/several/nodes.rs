//! Nodes on servers of their own, and people who may come to each of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_chat::control::{ClusterStatus, Connection};
use caffis_client::{ConnectError, ConnectFuture, Connector};
use caffis_servers::{CqlServers, CqlSetup, MadeTables, redis::RedisServer};
use tokio::sync::OnceCell;

use crate::{
    common::{Over, PATIENCE, Server, Setup, run},
    friend::Friend,
    plug::Plug,
};

/// How long nodes may take until each has its share: ten seconds, and longer under load on a busy machine.
const SHARING: Duration = Duration::from_secs(90);

/// The servers that the nodes share.
pub(crate) struct Ground {
    pub(crate) cql: CqlServers,
    pub(crate) redis: RedisServer,
}

/// The tables of the nodes, made once for all tests.
static TABLES: OnceCell<MadeTables> = OnceCell::const_new();

async fn make_tables() -> MadeTables {
    let cql = CqlServers::start(1);
    let store = format!("scylla://{}/chat", cql.hosts().join(","));
    let arguments = [
        "migrate",
        "--store",
        &store,
        "--store-replication",
        "1",
        "--accept-loss",
        "replication",
        // It is not asked: tables are the store's.
        "--bus",
        "redis://127.0.0.1:6379",
    ];
    run(&arguments).await.worked();
    cql.into_tables()
}

impl Ground {
    pub(crate) async fn start() -> Self {
        let tables = TABLES.get_or_init(make_tables).await;
        let cql = CqlSetup::new(1).start_with(Some(tables));
        Self { cql, redis: RedisServer::start() }
    }

    /// A node that is not started yet.
    pub(crate) fn node(&self, name: &str) -> Setup {
        let store = format!("scylla://{}/chat", self.cql.hosts().join(","));
        let bus = format!("redis://127.0.0.1:{}", self.redis.port());
        // Flags of a test count more than these.
        let setup = Setup::dev()
            .variable("CAFFIS_STORE_REPLICATION", "1")
            .variable("CAFFIS_ACCEPT_LOSS", "replication");
        setup.flags(&[
            "--store",
            &store,
            "--bus",
            &bus,
            "--node-name",
            name,
            "--log-filter",
            "info,caffis_core::cluster=debug",
            "--messages-per-second",
            "100000",
            "--commands-per-second",
            "100000",
            "--address-connects-per-second",
            "100000",
            // Nobody is away for too long to be caught up.
            "--resume-entries",
            "100000",
        ])
    }
}

/// The same node again, at the same address.
pub(crate) fn again(server: &Server) -> Setup {
    server.setup.clone().flags(&["--listen", &server.tcp().to_string()])
}

/// Somebody who comes to the first node that takes them.
pub(crate) async fn friend(servers: &[&Server], user: &str, over: Over) -> Friend {
    friend_by(servers.iter().map(|server| Plug::new(server, over)).collect(), user).await
}

/// Somebody who comes by the first of these ways that works.
pub(crate) async fn friend_by(plugs: Vec<Plug>, user: &str) -> Friend {
    let first = plugs[0].clone();
    Friend::through(Arc::new(Ways(plugs)), first, user).await
}

/// How long one way may take: behind it there may be silence.
const WAY: Duration = Duration::from_secs(3);

struct Ways(Vec<Plug>);

impl Connector for Ways {
    fn connect(&self) -> ConnectFuture<'_> {
        Box::pin(async move {
            let mut answer = Err(ConnectError::Unreachable("there is no node".to_owned()));
            for plug in &self.0 {
                answer = match tokio::time::timeout(WAY, plug.connect()).await {
                    Ok(answer) => answer,
                    Err(_) => Err(ConnectError::Unreachable("silence".to_owned())),
                };
                if answer.is_ok() {
                    break;
                }
            }
            answer
        })
    }
}

/// What a node knows of the others.
pub(crate) fn status(server: &Server) -> ClusterStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(connection) = Connection::open(&server.setup.data()) {
            return connection.cluster().expect("a status");
        }
        // It is made a moment after the server has begun to listen.
        assert!(Instant::now() < end, "there is no control socket");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until a node's view of the cluster is as wanted.
pub(crate) async fn until(server: &Server, wanted: impl Fn(&ClusterStatus) -> bool) {
    let end = Instant::now() + SHARING;
    loop {
        let now = status(server);
        if wanted(&now) {
            return;
        }
        assert!(Instant::now() < end, "{now}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Both nodes have their share of the shards.
pub(crate) async fn shared(server: &Server) {
    until(server, |status| {
        let owned: Vec<_> = status.nodes.iter().map(|node| node.shards).collect();
        status.unowned == 0 && owned.iter().filter(|shards| **shards > 100).count() == 2
    })
    .await;
}

/// What `caffis-chat cluster` prints.
pub(crate) async fn printed(server: &Server, more: &[&str]) -> String {
    ordered(server, more).await.unwrap_or_else(|error| panic!("{error}"))
}

/// What `caffis-chat cluster` prints, or why it fails.
pub(crate) async fn ordered(server: &Server, more: &[&str]) -> Result<String, String> {
    let data = server.setup.data();
    let arguments = [&["cluster"], more, &["--data", data.to_str().unwrap()]].concat();
    let finished = run(&arguments).await;
    if finished.status.success() { Ok(finished.stdout) } else { Err(finished.stderr) }
}
