//! Prints what sends and reads cost on a real server; docs/benchmarks.md has the command and figures.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    ops::Bound,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use caffis_core::{
    ports::store::{
        Batch, Column, ColumnType, Key, Operation, Row, Scan, Stamp, Store, Table, Value,
    },
    tables,
};
use caffis_scylla::{Options, Replication, Schema, ScyllaStore, migrate};
use caffis_servers::CqlServers;

/// Long enough that a server's compiler has seen all of its code.
const WARM_UP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(10);
const TEXT_BYTES: usize = 200;

/// A value that a message would have: only its text is long.
fn value(column: &Column, number: u64) -> Value {
    match column.ty {
        ColumnType::Bool => Value::Bool(true),
        ColumnType::U64 => Value::U64(number),
        ColumnType::Text if column.name == "text" => Value::Text("t".repeat(TEXT_BYTES).into()),
        ColumnType::Text => Value::Text("somebody".into()),
        ColumnType::Bytes => Value::Bytes(Bytes::from(number.to_be_bytes().repeat(2))),
    }
}

fn put(table: &'static Table, room: u64, number: u64) -> Operation {
    let partition = table.partition.iter().map(|column| value(column, room)).collect();
    let clustering = table.clustering.iter().map(|(column, _)| value(column, number)).collect();
    let values = table.values.iter().map(|column| match column.name {
        "content" => Value::Null,
        _ => value(column, number),
    });
    let row = Row { key: Key { partition, clustering }, values: values.collect() };
    Operation::Put { table, row, ttl: None, fresh: true }
}

/// A message as an owner writes it in a cluster.
fn send(room: u64, number: u64) -> Batch {
    let tables = [tables::TimelineRow::TABLE, tables::SentRow::TABLE];
    let operations = tables.map(|table| put(table, room, number)).to_vec();
    Batch { operations, ..Batch::repairable(Stamp(number)) }
}

/// Rooms that send one message after the other for a while; gives how long each took.
async fn rooms(store: &Arc<ScyllaStore>, rooms: u64, time: Duration) -> Vec<Duration> {
    let mut tasks = tokio::task::JoinSet::new();
    for room in 0..rooms {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            let (start, mut took) = (Instant::now(), Vec::new());
            while start.elapsed() < time {
                let begun = Instant::now();
                store.write(send(room, took.len() as u64 + 1)).await.expect("a write");
                took.push(begun.elapsed());
            }
            took
        });
    }
    tasks.join_all().await.concat()
}

fn percentile(sorted: &[Duration], per_cent: usize) -> Duration {
    sorted[(sorted.len() - 1) * per_cent / 100]
}

fn print(what: &str, mut took: Vec<Duration>, time: Duration) {
    took.sort_unstable();
    let rate = took.len() as f64 / time.as_secs_f64();
    let [half, most] = [50, 99].map(|p| percentile(&took, p).as_secs_f64() * 1_000.0);
    println!("{what}: {rate:.0}/s, p50 {half:.2} ms, p99 {most:.2} ms");
}

async fn measure(count: usize, copies: u8) {
    let servers = CqlServers::start(count);
    let replication = Replication::Everywhere(copies);
    let options = Options { replication, ..Options::new(servers.hosts(), "figures") };
    migrate(&options, &Schema::core(), "figures").await.expect("tables");
    let store = Arc::new(ScyllaStore::connect(&options).await.expect("a store"));
    rooms(&store, 64, WARM_UP).await;
    for at_once in [1, 16, 64] {
        let took = rooms(&store, at_once, MEASURED).await;
        print(&format!("{count} nodes, sends, {at_once} rooms at once"), took, MEASURED);
    }
    let table = tables::TimelineRow::TABLE;
    let mut took = Vec::new();
    let start = Instant::now();
    while start.elapsed() < MEASURED {
        let begun = Instant::now();
        let partition = table.partition.iter().map(|column| value(column, 0)).collect();
        let (from, to) = (Bound::Unbounded, Bound::Unbounded);
        let scan = Scan { table, partition, from, to, reverse: false, limit: 50 };
        assert_eq!(store.scan(scan).await.expect("a scan").len(), 50);
        took.push(begun.elapsed());
    }
    print(&format!("{count} nodes, the last 50 messages, one reader"), took, MEASURED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures of a real server"]
async fn one_node() {
    measure(1, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures of a real server"]
async fn three_nodes() {
    measure(3, 3).await;
}
