//! The measurements.

mod connect;
mod dial;
mod fanout;
mod features;
mod hello;
mod herd;
mod hooks;
mod idle;
mod links;
mod loss;
mod marks;
mod nodes;
mod outgoing;
mod rest;
mod restart;
mod rooms;
mod saturate;
mod search;
mod storm;
mod walkin;

use std::{
    future::Future,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::bail;
use caffis_schema::{
    ClientId, Command, List, Position, Reply, RoomId, Text, Timestamp, UserId,
    command::{CreateGroup, EnsureRoom},
    room::{ClientKey, Context, HistoryPolicy, RoomClass},
};

use crate::{
    server::Server,
    tally::Figures,
    wire::{Shared, Wire},
};

/// How the scenarios run.
pub(crate) struct Plan {
    /// The server's program.
    pub(crate) server: PathBuf,
    /// Small counts and short times.
    pub(crate) quick: bool,
    /// How long to send, instead of the default.
    pub(crate) seconds: Option<u64>,
    /// Run only variants whose name starts with this.
    pub(crate) variant: Option<String>,
}

impl Plan {
    /// The full count, or a tenth of it in a quick run.
    fn count(&self, full: usize) -> usize {
        if self.quick { (full / 10).max(1) } else { full }
    }

    /// Whether a variant of a scenario is wanted.
    fn wants(&self, variant: &str) -> bool {
        self.variant.as_deref().is_none_or(|wanted| variant.starts_with(wanted))
    }

    /// For how long to send.
    fn time(&self, full: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 1 } else { full }))
    }
}

/// One row of the results.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Cell {
    pub(crate) scenario: &'static str,
    pub(crate) variant: String,
    pub(crate) figures: Figures,
}

type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Cell>>> + 'a>>;

/// A scenario.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// The most runs: figures that hardly vary need no median.
    pub(crate) runs: usize,
    /// Whether it runs only when asked for.
    pub(crate) long: bool,
    pub(crate) run: for<'a> fn(&'a Plan) -> Running<'a>,
}

impl Scenario {
    const fn new(name: &'static str, run: for<'a> fn(&'a Plan) -> Running<'a>) -> Self {
        Self { name, runs: usize::MAX, long: false, run }
    }

    const fn runs(self, runs: usize) -> Self {
        Self { runs, ..self }
    }

    const fn long(self) -> Self {
        Self { long: true, ..self }
    }
}

/// All scenarios, in the order of the table.
pub(crate) const ALL: &[Scenario] = &[
    Scenario::new("connect", |plan| Box::pin(connect::run(plan))),
    Scenario::new("idle", |plan| Box::pin(idle::run(plan))).runs(1),
    Scenario::new("walk-in", |plan| Box::pin(walkin::run(plan))).runs(1),
    Scenario::new("hello", |plan| Box::pin(hello::run(plan))),
    Scenario::new("fanout", |plan| Box::pin(fanout::run(plan))),
    Scenario::new("links", |plan| Box::pin(links::run(plan))).runs(1),
    Scenario::new("hooks", |plan| Box::pin(both_ways(plan))),
    Scenario::new("features", |plan| Box::pin(features::run(plan))),
    Scenario::new("rooms", |plan| Box::pin(rooms::run(plan))),
    Scenario::new("mark_read", |plan| Box::pin(marks::run(plan))),
    Scenario::new("saturate", |plan| Box::pin(saturate::run(plan))),
    Scenario::new("search", |plan| Box::pin(search::run(plan))).runs(1),
    Scenario::new("herd", |plan| Box::pin(herd::run(plan))),
    Scenario::new("storm", |plan| Box::pin(storm::alone(plan))),
    Scenario::new("nodes", |plan| Box::pin(nodes::run(plan))).runs(1).long(),
    Scenario::new("cluster-storm", |plan| Box::pin(storm::cluster(plan))).long(),
    Scenario::new("rest", |plan| Box::pin(rest::run(plan))),
    Scenario::new("restart", |plan| Box::pin(restart::run(plan))),
    Scenario::new("loss", |plan| Box::pin(loss::run(plan))).runs(1).long(),
];

/// Webhooks in and out.
async fn both_ways(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let mut cells = hooks::run(plan).await?;
    cells.extend(outgoing::run(plan).await?);
    Ok(cells)
}

/// How long everybody may take to catch up at the end.
const SETTLE: Duration = Duration::from_secs(20);

/// Waits until a condition holds; gives up after [`SETTLE`], which then shows in the figures.
async fn settle(mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() && begun.elapsed() < SETTLE {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::after_epoch(since)
}

/// The key of a command in a room whose head the sender knows.
fn key(number: u128, head: Position) -> ClientKey {
    ClientKey { id: ClientId(number.to_be_bytes()), time: now(), head }
}

/// The person with this number.
fn person(index: usize) -> String {
    format!("person-{index:05}")
}

/// Connects `count` people, starting with number `from`.
async fn join(
    server: SocketAddr,
    from: usize,
    count: usize,
    shared: &Shared,
) -> anyhow::Result<Vec<Wire>> {
    let mut wires = Vec::with_capacity(count);
    for index in from..from + count {
        let mut wire = Wire::connect(server, index, shared).await?;
        wire.hello(&person(index), Vec::new()).await?;
        wires.push(wire);
    }
    Ok(wires)
}

/// Creates the room of a cafe, which anybody may walk into.
async fn cafe(wire: &mut Wire, name: &str) -> anyhow::Result<RoomId> {
    let ensure = EnsureRoom {
        context: Context { kind: Text::cut("cafe"), id: Text::cut(name) },
        class: RoomClass::Public,
        name: None,
        members: List::default(),
        history: HistoryPolicy::All,
    };
    made(wire.call(3, Command::EnsureRoom(ensure)).await?)
}

/// Creates a group of the caller and these others.
async fn group(wire: &mut Wire, number: u64, members: Vec<String>) -> anyhow::Result<RoomId> {
    let members = members.iter().map(|name| UserId::new(name)).collect::<Result<Vec<_>, _>>()?;
    let key = key(number.into(), Position::ZERO);
    let create = CreateGroup {
        key,
        name: Text::cut("a group"),
        members: List::cut(members),
        history: HistoryPolicy::All,
    };
    made(wire.call(3, Command::CreateGroup(create)).await?)
}

fn made(reply: Reply) -> anyhow::Result<RoomId> {
    match reply {
        Reply::Room(room) => Ok(room.room),
        other => bail!("a room was answered with {}", other.name()),
    }
}

/// CPU of the server and of the generator over a stretch of time.
struct Meter {
    server: Duration,
    own: Duration,
    begun: std::time::Instant,
}

impl Meter {
    fn start(server: &Server) -> Self {
        Self {
            server: server.cpu(),
            own: crate::usage::own_thread(),
            begun: std::time::Instant::now(),
        }
    }

    /// Adds the CPU of server and generator as shares of a core, and returns the server's time.
    fn stop(self, server: &Server, figures: &mut Figures) -> Duration {
        let wall = self.begun.elapsed().as_secs_f64();
        let used = server.cpu().saturating_sub(self.server);
        let own = crate::usage::own_thread().saturating_sub(self.own);
        figures.insert("server_cpu_cores", used.as_secs_f64() / wall);
        figures.insert("generator_cpu_cores", own.as_secs_f64() / wall);
        figures.insert("server_memory_mib", server.memory() as f64 / 1_048_576.0);
        figures.insert("wall_s", wall);
        used
    }
}

/// Microseconds per item.
fn each(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}
