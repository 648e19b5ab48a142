//! Figures, printed: `cargo test -p caffis-embedded --test figures -- --ignored --nocapture`.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_core::ports::store::{Batch, Stamp, Store};
use common::{message, open, shared};

fn print(name: &str, mut times: Vec<Duration>, whole: Duration) {
    times.sort();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000];
    let rate = times.len() as f64 / whole.as_secs_f64();
    println!("{name}: p50 {:?} p99 {:?} max {:?}, {rate:.0} batches/s", at(500), at(990), at(1000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn commits() {
    for writers in [1, 16, 64, 256] {
        let folder = tempfile::tempdir().unwrap();
        let store = shared(folder.path());
        let mut tasks = tokio::task::JoinSet::new();
        let start = Instant::now();
        for writer in 0..writers {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let mut times = Vec::new();
                let mut position = 0;
                while start.elapsed() < Duration::from_secs(2) {
                    let began = Instant::now();
                    store.write(message(writer, position, 250)).await.unwrap();
                    times.push(began.elapsed());
                    position += 1;
                }
                times
            });
        }
        let times = tasks.join_all().await.concat();
        print(&format!("{writers} writers"), times, start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn start_with_a_million_rows() {
    let folder = tempfile::tempdir().unwrap();
    // Where the last journal ends decides how much a start has to read again: many ends.
    for round in 0..20 {
        let store = open(folder.path());
        for base in round * 25..round * 25 + 25 {
            let operations =
                (0..1_000).flat_map(|n| message(base, base * 1_000 + n, 200).operations).collect();
            store.write(Batch { operations, ..Batch::logged(Stamp(1)) }).await.unwrap();
        }
        drop(store);
        let start = Instant::now();
        drop(open(folder.path()));
        println!("opened with {} rows in {:?}", (round + 1) * 50_000, start.elapsed());
    }
    for _ in 0..3 {
        let start = Instant::now();
        let store = open(folder.path());
        println!("opened with 1,000,000 rows in {:?}", start.elapsed());
        let start = Instant::now();
        let found = common::rows(&store, &common::LOG, 7).await.unwrap().len();
        println!("  {found} rows read in {:?}", start.elapsed());
        let start = Instant::now();
        assert!(common::has(&store, 7, 7_007).await);
        println!("  two rows read in {:?}", start.elapsed());
    }
}
