//! How fast users are filled, and how soon changes arrive. Prints figures, and asserts nothing about time:
//! `cargo test --release -p caffis-relay --test figures -- --ignored --nocapture --test-threads 1`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

#[path = "postgres/harness.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod harness;
#[path = "postgres/receiver.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod receiver;

use std::time::{Duration, Instant};

use caffis_relay::{Limits, Resync, resync};
use caffis_servers::PostgresServer;
use harness::{ROLE, Relay, SCHEMA, bare, database, installed, settings, settled};
use receiver::Receiver;
use tokio::time::{interval, sleep};
use tokio_postgres::NoTls;

const FILLED: usize = 50_000;
const CHANGES: usize = 2_000;

fn people(count: usize) -> String {
    format!(
        "INSERT INTO users (id, name, picture, locale, zone, roles) SELECT 'user ' || n, 'Name ' || n,
             'https://app.example.org/pictures/' || n || '.webp', 'it-IT', 'Europe/Rome', '{{host}}'
         FROM generate_series(1, {count}) AS n"
    )
}

fn fast(server: &PostgresServer, receiver: &Receiver) -> caffis_relay::Settings {
    let mut settings = settings(server, receiver);
    settings.limits = Limits { fill_rate: 1_000_000, ..Limits::default() };
    settings
}

async fn filled(receiver: &Receiver, count: usize) {
    while receiver.look(|seen| seen.users.len()) < count {
        sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures"]
async fn the_first_fill() {
    for relays in [1, 2] {
        let server = installed(&people(FILLED)).await;
        let receiver = Receiver::start().await;
        let started = Instant::now();
        let running: Vec<_> = (0..relays).map(|_| Relay::start(fast(&server, &receiver))).collect();
        filled(&receiver, FILLED).await;
        let took = started.elapsed();
        settled(&server).await;
        println!(
            "fill by {relays} relay(s): {FILLED} users in {:.2} s, {:.0} users/s, {} events",
            took.as_secs_f64(),
            FILLED as f64 / took.as_secs_f64(),
            receiver.events()
        );
        let started = Instant::now();
        let database = database(&server, ROLE);
        let report = resync(&database, SCHEMA, Resync::default(), 1_000_000).await.unwrap();
        let users = report.users as f64 / started.elapsed().as_secs_f64();
        println!("resync without differences: {users:.0} users/s");
        for relay in running {
            relay.stop().await;
        }
        receiver.is_content();
    }
}

/// Changes one user after the other at a rate; gives the times from commit to arrival, sorted.
async fn latencies(server: &PostgresServer, receiver: &Receiver, per_second: u32) -> Vec<Duration> {
    let (client, connection) = tokio_postgres::connect(&server.url("owner"), NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let change = "UPDATE users SET name = $2 WHERE id = $1";
    let change = client.prepare(change).await.unwrap();
    let name = format!("changed at {per_second}/s");
    let mut tick = interval(Duration::from_secs(1) / per_second);
    let mut committed = Vec::new();
    for number in 1..=CHANGES {
        tick.tick().await;
        let id = format!("user {number}");
        client.execute(&change, &[&id, &name]).await.unwrap();
        committed.push((id, Instant::now()));
    }
    drop(client);
    connection.await.unwrap().unwrap();
    while receiver.users("name").values().filter(|now| **now == name).count() < CHANGES {
        sleep(Duration::from_millis(20)).await;
    }
    let mut times: Vec<Duration> = receiver.look(|seen| {
        let arrived = |id: &String| seen.users[id].at;
        committed.iter().map(|(id, at)| arrived(id).saturating_duration_since(*at)).collect()
    });
    times.sort();
    times
}

fn print(what: &str, times: &[Duration]) {
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms", at(0.5), at(0.99), at(1.0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures"]
async fn from_commit_to_the_receiver() {
    let server = installed(&people(CHANGES)).await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(fast(&server, &receiver));
    filled(&receiver, CHANGES).await;
    for rate in [20, 100, 500] {
        let times = latencies(&server, &receiver, rate).await;
        print(&format!("change to receiver, {rate} changes/s"), &times);
    }
    // While the first fill of many others runs.
    relay.stop().await;
    let server = installed(&people(FILLED * 2)).await;
    let receiver = Receiver::start().await;
    let mut slow = fast(&server, &receiver);
    slow.limits.fill_rate = Limits::default().fill_rate;
    let relay = Relay::start(slow);
    filled(&receiver, CHANGES).await;
    let times = latencies(&server, &receiver, 500).await;
    let left = FILLED * 2 - receiver.look(|seen| seen.users.len());
    print(
        &format!("change to receiver, 500 changes/s during the first fill ({left} left)"),
        &times,
    );
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures"]
async fn what_the_trigger_costs() {
    let mut figures = Vec::new();
    for with in [false, true] {
        let server = if with { installed(&people(CHANGES)).await } else { bare() };
        if !with {
            server.order("app", &people(CHANGES));
        }
        let (client, connection) =
            tokio_postgres::connect(&server.url("owner"), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let change = "UPDATE users SET name = $2 WHERE id = $1";
        let change = client.prepare(change).await.unwrap();
        let started = Instant::now();
        for number in 1..=CHANGES {
            client.execute(&change, &[&format!("user {number}"), &"changed"]).await.unwrap();
        }
        figures.push(started.elapsed() / u32::try_from(CHANGES).unwrap());
        let started = Instant::now();
        client.execute("UPDATE users SET name = 'all at once'", &[]).await.unwrap();
        figures.push(started.elapsed() / u32::try_from(CHANGES).unwrap());
        drop(client);
        connection.await.unwrap().unwrap();
    }
    println!(
        "an UPDATE of one user: {:?}, with the trigger {:?}; of all at once, for each: {:?}, with it {:?}",
        figures[0], figures[2], figures[1], figures[3]
    );
}
