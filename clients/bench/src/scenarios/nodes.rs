//! Two nodes on a CQL server and Redis beside one node with its own store: how long a message takes within a node
//! and across, how much goes through, and what older history costs.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use caffis_schema::{
    Command, Position, Reply, RoomId,
    command::{Anchor, History},
    reply::EntryPage,
};
use caffis_servers::{CqlServers, redis::RedisServer};
use tokio::{task::spawn_local, time::Instant};

use super::{Cell, Plan, cafe, each, group, join, key, person};
use crate::{
    frames::{self, Came, Clock},
    server::{Server, Start},
    tally::{Figures, Latencies},
    wire::{Shared, Wire},
};

/// Rooms of two people, of which about half belong to each node.
const ROOMS: usize = 16;

/// Messages in each of them, one after the other.
const MESSAGES: usize = 50;

/// People who send the next message when the last one is acknowledged, each in a room of their own.
const WRITERS: usize = 64;

/// Messages of the room whose history is read: more than a node keeps in memory of one.
const OLD: u64 = 400;

/// Entries of a page.
const PAGE: u8 = 50;

/// Pages that are read one after the other, each another one.
const PAGES: u64 = 100;

/// People who open the same older page at once.
const READERS: usize = 1_000;

/// People who connect at the same time before that.
const ENTER_AT_ONCE: usize = 64;

/// The servers of a cluster; they end with this.
pub(super) struct Cluster {
    pub(super) nodes: Vec<Server>,
    _cql: CqlServers,
    _redis: RedisServer,
}

/// Two nodes on a CQL server and Redis, each with its share of the rooms.
pub(super) async fn cluster(plan: &Plan) -> anyhow::Result<Cluster> {
    let (cql, redis) = (CqlServers::start(1), RedisServer::start());
    let store = format!("scylla://{}/chat", cql.hosts().join(","));
    let bus = format!("redis://127.0.0.1:{}", redis.port());
    let mut nodes = Vec::new();
    for name in ["one", "two"] {
        let shared = [
            ("CAFFIS_STORE", store.as_str()),
            ("CAFFIS_BUS", bus.as_str()),
            ("CAFFIS_STORE_REPLICATION", "1"),
            ("CAFFIS_ACCEPT_LOSS", "replication"),
            ("CAFFIS_NODE_NAME", name),
        ];
        nodes.push(Start::new(&plan.server).settings(&shared).metrics()?.listening()?);
    }
    // Rooms are made once each node has its share.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    Ok(Cluster { nodes, _cql: cql, _redis: redis })
}

pub(super) async fn run(plan: &Plan) -> anyhow::Result<Vec<Cell>> {
    let alone = Start::new(&plan.server).metrics()?.listening()?;
    let mut cells = measure(plan, &[alone], "one node, embedded").await?;
    let cluster = cluster(plan).await?;
    cells.extend(measure(plan, &cluster.nodes, "two nodes, CQL and Redis").await?);
    Ok(cells)
}

async fn measure(plan: &Plan, nodes: &[Server], servers: &str) -> anyhow::Result<Vec<Cell>> {
    let measured = [
        ("one message after the other", latency(nodes).await?),
        ("as much as goes", throughput(plan, nodes).await?),
        ("older history", history(plan, nodes).await?),
    ];
    let cell = |(what, figures)| Cell {
        scenario: "nodes",
        variant: format!("{servers}: {what}"),
        figures,
    };
    Ok(measured.into_iter().map(cell).collect())
}

/// The sum of a counter over all nodes.
async fn sum(nodes: &[Server], metric: &str) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for node in nodes {
        sum += node.metric(metric).await?;
    }
    Ok(sum)
}

const REQUESTS: &str = "caffis_bus_duration_seconds_count{operation=\"request\"}";
const WRITES: &str = "caffis_store_duration_seconds_count{operation=\"write\"}";

/// Somebody on the first node writes to somebody on the last one.
async fn latency(nodes: &[Server]) -> anyhow::Result<Figures> {
    let (first, last) = (&nodes[0], &nodes[nodes.len() - 1]);
    let (shared, clock) = (Shared::new(), Clock::start());
    let mut writer = join(first.address, 0, 1, &shared).await?.remove(0);
    let mut reader = join(last.address, 1, 1, &shared).await?.remove(0);
    let mut figures = Figures::new();
    let mut times = [(); 4].map(|()| Latencies::default());
    let mut forwarded_rooms = 0;
    let before = sum(nodes, WRITES).await?;
    for number in 0..ROOMS {
        let room = group(&mut writer, number as u64 + 1, vec![person(1)]).await?;
        writer.open(room).await?;
        let mut head = reader.open(room).await?.page.head;
        let asked = first.metric(REQUESTS).await?;
        let mut found = Vec::new();
        for message in 0..MESSAGES {
            let (id, at) = (100 + u32::try_from(message)?, clock.now());
            writer.send(&frames::message(id, room, key(u128::from(id), head), at)).await?;
            let acked = until(&mut writer, |came| *came == Came::Answer { id, done: true }).await;
            acked?;
            let acked = clock.since(at);
            until(
                &mut reader,
                |came| matches!(came, Came::Entry { sent: Some(sent), .. } if *sent == at),
            )
            .await?;
            found.push((acked, clock.since(at)));
            head += 1;
        }
        // What the node asks besides is one question in some seconds.
        let forwarded = first.metric(REQUESTS).await? - asked >= MESSAGES as f64;
        forwarded_rooms += usize::from(forwarded);
        let place = 2 * usize::from(forwarded);
        for (acked, received) in found {
            times[place].add(acked);
            times[place + 1].add(received);
        }
    }
    let writes = sum(nodes, WRITES).await? - before;
    let [own_acks, own_received, forwarded_acks, forwarded_received] = times;
    own_acks.report(["own_ack_p50_ms", "own_ack_p99_ms", "own_ack_max_ms"], &mut figures);
    own_received
        .report(["own_receive_p50_ms", "own_receive_p99_ms", "own_receive_max_ms"], &mut figures);
    let names = ["forwarded_ack_p50_ms", "forwarded_ack_p99_ms", "forwarded_ack_max_ms"];
    forwarded_acks.report(names, &mut figures);
    forwarded_received.report(
        ["forwarded_receive_p50_ms", "forwarded_receive_p99_ms", "forwarded_receive_max_ms"],
        &mut figures,
    );
    figures.insert("forwarded_rooms", forwarded_rooms as f64);
    figures.insert("store_writes_per_send", writes / (ROOMS * MESSAGES) as f64);
    Ok(figures)
}

/// Receives until something came.
async fn until(wire: &mut Wire, wanted: impl Fn(&Came) -> bool) -> anyhow::Result<()> {
    let mut found = false;
    while !found {
        wire.receive(|payload| found |= wanted(&frames::came(payload))).await?;
    }
    Ok(())
}

/// As many acknowledged messages as go.
async fn throughput(plan: &Plan, nodes: &[Server]) -> anyhow::Result<Figures> {
    let (shared, clock) = (Shared::new(), Clock::start());
    join(nodes[0].address, 99, 1, &shared).await?;
    let mut writers = Vec::new();
    for index in 0..WRITERS {
        let node = &nodes[index % nodes.len()];
        let mut wire = join(node.address, 100 + index, 1, &shared).await?.remove(0);
        let room = group(&mut wire, 1, vec![person(99)]).await?;
        let head = wire.open(room).await?.page.head;
        writers.push((wire, room, head));
    }
    let before = sum(nodes, WRITES).await?;
    let begun = nodes.iter().map(Server::cpu).sum();
    let time = plan.time(5);
    let stop = Instant::now() + time;
    let tasks = writers.into_iter().map(|(mut wire, room, mut head)| {
        spawn_local(async move {
            let mut acks = Vec::new();
            while Instant::now() < stop {
                let (id, at) = (1_000 + u32::try_from(acks.len())?, clock.now());
                wire.send(&frames::message(id, room, key(u128::from(id), head), at)).await?;
                until(&mut wire, |came| *came == Came::Answer { id, done: true }).await?;
                head += 1;
                acks.push(clock.since(at));
            }
            anyhow::Ok(acks)
        })
    });
    let mut acks = Latencies::default();
    let mut sent = 0;
    for task in tasks.collect::<Vec<_>>() {
        let found = task.await??;
        sent += found.len() as u64;
        found.into_iter().for_each(|took| acks.add(took));
    }
    let used = nodes.iter().map(Server::cpu).sum::<std::time::Duration>().saturating_sub(begun);
    let mut figures = Figures::new();
    figures.insert("acked_per_s", sent as f64 / time.as_secs_f64());
    figures.insert("node_us_per_message", each(used, sent));
    let writes = sum(nodes, WRITES).await? - before;
    figures.insert("store_writes_per_send", writes / sent as f64);
    acks.report(["ack_p50_ms", "ack_p99_ms", "ack_max_ms"], &mut figures);
    let memory = nodes.iter().map(Server::memory).max().unwrap_or_default();
    figures.insert("node_memory_mib", memory as f64 / 1_048_576.0);
    Ok(figures)
}

/// Older pages: each another one, the same one again, and the same one by everybody at once.
async fn history(plan: &Plan, nodes: &[Server]) -> anyhow::Result<Figures> {
    let (shared, clock) = (Shared::new(), Clock::start());
    let mut writer = join(nodes[0].address, 200, 1, &shared).await?.remove(0);
    let room = cafe(&mut writer, "history").await?;
    let mut head = writer.open(room).await?.page.head;
    for id in 1_000..1_000 + u32::try_from(OLD)? {
        writer.send(&frames::message(id, room, key(u128::from(id), head), 0)).await?;
        until(&mut writer, |came| *came == Came::Answer { id, done: true }).await?;
        head += 1;
    }
    let mut figures = Figures::new();
    let mut reads = BTreeMap::new();
    for (name, step) in [("cold", 1), ("cached", 0)] {
        let mut times = Latencies::default();
        for page in 0..PAGES {
            let at = clock.now();
            read(&mut writer, room, 100 + page * step).await?;
            times.add(clock.since(at));
        }
        reads.insert(name, times);
    }
    for (name, times) in reads {
        let names = match name {
            "cold" => ["page_cold_p50_ms", "page_cold_p99_ms", "page_cold_max_ms"],
            _ => ["page_cached_p50_ms", "page_cached_p99_ms", "page_cached_max_ms"],
        };
        times.report(names, &mut figures);
    }

    let readers = plan.count(READERS);
    let mut wires = Vec::new();
    for from in (0..readers).step_by(ENTER_AT_ONCE) {
        let entering = (from..readers.min(from + ENTER_AT_ONCE)).map(|index| {
            let (shared, address) = (shared.clone(), nodes[index % nodes.len()].address);
            spawn_local(async move {
                let mut wire = join(address, 300 + index, 1, &shared).await?.remove(0);
                wire.open(room).await?;
                anyhow::Ok(wire)
            })
        });
        for entered in entering.collect::<Vec<_>>() {
            wires.push(entered.await??);
        }
    }
    let before = looked_up(nodes).await?;
    let at = clock.now();
    let tasks = wires.into_iter().map(|mut wire| {
        spawn_local(async move {
            read(&mut wire, room, 250).await?;
            anyhow::Ok(wire)
        })
    });
    let mut kept = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        kept.push(task.await??);
    }
    figures.insert("everybody_has_the_page_ms", clock.since(at) as f64 / 1e3);
    let (hits, misses) = looked_up(nodes).await?;
    let (hits, misses) = (hits - before.0, misses - before.1);
    // Each miss is one read; scans of the store are also those by which nodes look after their shards.
    figures.insert("store_reads_per_1000_pages", misses * 1_000.0 / readers as f64);
    figures.insert("page_hit_rate_percent", 100.0 * hits / (hits + misses));
    Ok(figures)
}

/// How often older entries were there already, and how often the store was read.
async fn looked_up(nodes: &[Server]) -> anyhow::Result<(f64, f64)> {
    let name =
        |result| format!("caffis_cache_requests_total{{cache=\"pages\",result=\"{result}\"}}");
    Ok((sum(nodes, &name("hit")).await?, sum(nodes, &name("miss")).await?))
}

/// The page before a position.
async fn read(wire: &mut Wire, room: RoomId, before: u64) -> anyhow::Result<EntryPage> {
    let anchor = Anchor::Before(Position(before));
    let reply = wire.call(5, Command::History(History { room, anchor, limit: PAGE })).await?;
    let Reply::Page(page) = reply else { bail!("history was answered with {}", reply.name()) };
    let first = page.entries.first().context("an empty page")?.position;
    anyhow::ensure!(first + u64::from(PAGE) == Position(before), "a page from {first}");
    Ok(page)
}
