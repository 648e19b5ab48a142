//! Ten thousand users, changed all the time, while relays are killed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use caffis_servers::PostgresServer;
use serde_json::Value;
use tokio::time::sleep;
use tokio_postgres::{Client, NoTls};

use crate::{
    receiver::{Receiver, Say},
    relays::{PATIENCE, Relay, Relays},
};

const USERS: u32 = 10_000;
const RELAYS: usize = 3;
const KILLS: usize = 10;

/// One of several writers: changes, deletes and brings back users, some in one transaction, some rolled back.
async fn write(client: Client, seed: u64, over: Arc<AtomicBool>) -> u64 {
    let mut state = seed;
    let mut random = |below: u64| {
        // A linear congruential generator: the same changes for the same seed.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut changes = 0;
    while !over.load(Ordering::Relaxed) {
        let (user, value) = (random(u64::from(USERS)), random(1_000_000));
        let statement = match random(20) {
            0 => format!("DELETE FROM users WHERE id = 'user {user}'"),
            1..=3 => format!(
                "INSERT INTO users (id, name) VALUES ('user {user}', 'back {value}')
                 ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name"
            ),
            4 => {
                format!("BEGIN; UPDATE users SET name = 'never' WHERE id = 'user {user}'; ROLLBACK")
            }
            5 => format!(
                "BEGIN; DELETE FROM users WHERE id = 'user {user}';
                 INSERT INTO users (id, name) VALUES ('user {user}', 'anew {value}'); COMMIT"
            ),
            // One user is changed by everybody.
            6..=8 => format!("UPDATE users SET name = 'hot {value}' WHERE id = 'user 1'"),
            _ => format!("UPDATE users SET name = 'name {value}' WHERE id = 'user {user}'"),
        };
        if client.batch_execute(&statement).await.is_err() {
            // Two writers met; the other one has won.
            client.batch_execute("ROLLBACK").await.unwrap();
        }
        changes += 1;
        sleep(Duration::from_millis(2)).await;
    }
    changes
}

fn source(server: &PostgresServer) -> BTreeMap<String, String> {
    let rows = server.ask("SELECT coalesce(json_object_agg(id, name)::text, '{}') FROM users");
    serde_json::from_str(&rows).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn the_mirror_is_the_source_whoever_is_killed() {
    let server = PostgresServer::start();
    server.order(
        "app",
        &format!(
            "CREATE TABLE users (id text PRIMARY KEY, name text NOT NULL);
             INSERT INTO users SELECT 'user ' || n, 'Name ' || n FROM generate_series(0, {}) AS n",
            USERS - 1
        ),
    );
    let receiver = Receiver::start().await;
    // Some answers are lost after the user was kept, some fail, some are slow.
    let count = std::sync::atomic::AtomicU64::new(0);
    receiver.says(move |_| match count.fetch_add(1, Ordering::Relaxed) % 50 {
        7 => Say::Status(503),
        13 => Say::Status(500),
        21 => Say::Slowly(Duration::from_millis(150)),
        _ => Say::Yes,
    });
    let setup = Relays::new(&server, &receiver);
    let owner = server.url("owner");
    setup.worked(&["install", "--apply", "--pg-relay-database", &owner]);
    let over = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for seed in 0..3 {
        let (client, connection) = tokio_postgres::connect(&owner, NoTls).await.unwrap();
        tokio::spawn(connection);
        writers.push(tokio::spawn(write(client, seed, Arc::clone(&over))));
    }
    let mut relays: Vec<Relay> = (0..RELAYS).map(|_| setup.start()).collect();
    for kill in 0..KILLS {
        sleep(Duration::from_millis(300 + 130 * (kill as u64 % 5))).await;
        let victim = kill % RELAYS;
        relays[victim].kill();
        relays[victim] = setup.start();
    }
    over.store(true, Ordering::Relaxed);
    let mut changes = 0;
    for writer in writers {
        changes += writer.await.unwrap();
    }
    assert!(changes > 500, "they wrote {changes} times meanwhile");
    let end = Instant::now() + PATIENCE;
    loop {
        let status: Value = serde_json::from_str(&setup.worked(&["status", "--json"])).unwrap();
        if status["pending"] == 0 && status["fill_done"] == true {
            assert_eq!(status["dead"], 0);
            break;
        }
        assert!(Instant::now() < end, "{status}\n{}", setup.log());
        sleep(Duration::from_millis(100)).await;
    }
    let source = source(&server);
    assert!(receiver.users("name") == source, "the mirror is the source");
    assert!(source.len() < USERS as usize, "some were deleted");
    let kept = receiver.look(|seen| seen.users.len());
    let events = receiver.events();
    println!("{changes} changes, {} users, {events} events, {kept} kept", source.len());
    // What was acknowledged is also what PostgreSQL believes.
    let report = setup.worked(&["resync"]);
    assert!(report.contains(" 0 ranges differ, 0 users"), "{report}");
    for relay in relays {
        assert!(relay.stop().success(), "{}", setup.log());
    }
    receiver.is_content();
}
