//! kill -9 of a process that writes: everything that it was told to be written is there.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    io::{BufRead, BufReader, Read, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_conformance::random::Random;
use caffis_core::ports::store::Store;
use common::{child, has, message, open, rows, shared, told};

const ROUNDS: u64 = 10;
const WRITERS: u64 = 8;
const SEED: u64 = 20_261_121;

/// Not a test of its own: writes until it is killed, and prints what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the kill test in a process of its own"]
async fn child_that_writes() {
    let Some((folder, round)) = told() else { return };
    let store = shared(&folder);
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for position in 1.. {
                let room = round * 100 + writer;
                store.write(message(room, position, 200)).await.expect("a write");
                let mut out = std::io::stdout().lock();
                writeln!(out, "\nack {room} {position}").expect("the parent listens");
                out.flush().expect("the parent listens");
            }
        });
    }
    tasks.join_all().await;
}

fn acknowledged(line: &str) -> Option<(u64, u64)> {
    let (room, position) = line.strip_prefix("ack ")?.split_once(' ')?;
    Some((room.parse().ok()?, position.parse().ok()?))
}

#[tokio::test]
async fn nothing_acknowledged_is_lost() {
    println!("seed {SEED}");
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(SEED);
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let lifetime = Duration::from_millis(50 + random.below(400) as u64);
        let mut process = child("child_that_writes", folder.path(), round).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let mut lines = Vec::new();
        let mut started = None;
        // The time counts from the first acknowledgement.
        while started.is_none_or(|started: Instant| started.elapsed() < lifetime) {
            line.clear();
            assert_ne!(out.read_line(&mut line).unwrap(), 0, "the child ended by itself");
            lines.push(line.trim_end().to_owned());
            if started.is_none() && acknowledged(line.trim_end()).is_some() {
                started = Some(Instant::now());
            }
        }
        process.kill().unwrap();
        process.wait().unwrap();
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        // A line that was cut in its middle says nothing.
        let whole = rest.rfind('\n').map_or("", |end| &rest[..end]);
        lines.extend(whole.lines().map(str::to_owned));
        let found = lines.iter().filter_map(|line| acknowledged(line)).collect::<Vec<_>>();
        assert!(!found.is_empty(), "round {round}: the child wrote nothing");
        all.extend(found);

        let store = open(folder.path());
        for (room, position) in &all {
            assert!(
                has(&store, *room, *position).await,
                "round {round}: {room} {position} is lost"
            );
        }
        for writer in 0..WRITERS {
            let room = round * 100 + writer;
            let entries = rows(&store, &common::LOG, room).await.unwrap();
            let newest = entries.len() as u64;
            assert!(has(&store, room, newest).await || newest == 0, "a hole in {room}");
        }
    }
    println!("{} acknowledged batches in {ROUNDS} rounds", all.len());
}
