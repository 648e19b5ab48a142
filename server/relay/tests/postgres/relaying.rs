//! Changes reach the receiver.

use std::time::Duration;

use caffis_relay::status;
use serde_json::json;

use crate::{
    harness::{ROLE, Relay, SCHEMA, database, installed, limits, settings, settled, until},
    receiver::{Receiver, Say},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn users_are_filled_and_every_change_follows() {
    let server = installed(
        "INSERT INTO users VALUES ('giulia', 'Giulia', 'https://a/g.png', 'it-IT', 'Europe/Rome', '{admin,host}',
             '22:00', '07:00'), ('marco', 'Marco', NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    until("both are filled", || receiver.users("name").len() == 2).await;
    receiver.look(|seen| {
        let kept = &seen.users["giulia"];
        let expected = json!({
            "id": "giulia", "version": kept.version, "name": "Giulia", "picture": "https://a/g.png",
            "locale": "it-IT", "time_zone": "Europe/Rome", "roles": ["admin", "host"],
            "quiet_hours": {"start": "22:00", "end": "07:00"},
        });
        assert_eq!(kept.data.as_ref().unwrap(), &expected);
    });
    let version = |user: &str| receiver.look(|seen| seen.users[user].version);
    let first = version("marco");
    server.order("app", "UPDATE users SET name = 'Marco P.' WHERE id = 'marco'");
    until("a change", || receiver.users("name")["marco"] == "Marco P.").await;
    server.order("app", "DELETE FROM users WHERE id = 'marco'");
    until("a delete", || !receiver.users("name").contains_key("marco")).await;
    let deleted = version("marco");
    server.order("app", "INSERT INTO users (id, name) VALUES ('marco', 'Another')");
    until("a return", || receiver.users("name").contains_key("marco")).await;
    assert!(first < deleted && deleted < version("marco"), "versions grow over a delete");
    settled(&server).await;
    let now = status(&database(&server, ROLE), SCHEMA).await.unwrap();
    assert_eq!((now.mirrored, now.dead, now.fill_users), (2, 0, 2), "{now}");
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn events_of_one_user_follow_each_other_and_newer_ones_replace_those_that_wait() {
    let server = installed("").await;
    let receiver = Receiver::start().await;
    receiver.says(|_| Say::Slowly(Duration::from_millis(100)));
    let change = |from: u32, to: u32| {
        for number in from..=to {
            server.order("app", &format!("UPDATE users SET name = '{number}'"));
        }
    };
    server.order("app", "INSERT INTO users (id, name) VALUES ('a', '0'), ('b', '0')");
    change(1, 20);
    let relays: Vec<_> = (0..3).map(|_| Relay::start(settings(&server, &receiver))).collect();
    let all = |name: &'static str| receiver.users("name").values().filter(|n| **n == name).count();
    until("the newest of what waited", || all("20") == 2).await;
    assert_eq!(receiver.events(), 2, "what was replaced is not sent");
    change(21, 60);
    until("the last ones", || all("60") == 2).await;
    settled(&server).await;
    for relay in relays {
        relay.stop().await;
    }
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn the_first_fill_goes_on_where_it_stopped_at_a_bounded_rate() {
    let server = installed(
        "INSERT INTO users (id, name) SELECT 'user ' || n, 'Name ' || n FROM generate_series(1, 3000) AS n",
    )
    .await;
    let receiver = Receiver::start().await;
    let mut slow = settings(&server, &receiver);
    slow.limits.fill_rate = 1_000;
    let relay = Relay::start(slow.clone());
    until("some are filled", || receiver.events() >= 400).await;
    // Cut off, as by a crash.
    drop(relay);
    let now = status(&database(&server, ROLE), SCHEMA).await.unwrap();
    assert!(!now.fill_done && now.fill_users >= 400, "{now}");
    let started = std::time::Instant::now();
    let filled = now.fill_users;
    let relays: Vec<_> = (0..2).map(|_| Relay::start(slow.clone())).collect();
    until("all are filled", || receiver.users("name").len() == 3_000).await;
    let took = started.elapsed().as_secs_f64();
    let rest = 3_000.0 - f64::from(i32::try_from(filled).unwrap());
    // A second's worth may come at once, and two pages at most before the first wait.
    assert!(took >= (rest - 2_000.0) / 1_000.0, "{rest} users in {took} s");
    settled(&server).await;
    let events = receiver.events();
    assert!(events <= 3_000 + 128, "only what was on its way is sent twice: {events}");
    for relay in relays {
        relay.stop().await;
    }
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_relay_that_ends_in_order_leaves_nothing_taken() {
    let server = installed(
        "INSERT INTO users (id, name) SELECT 'user ' || n, 'Name' FROM generate_series(1, 400) AS n",
    )
    .await;
    let receiver = Receiver::start().await;
    receiver.says(|_| Say::Slowly(Duration::from_millis(200)));
    let mut few = settings(&server, &receiver);
    few.limits = caffis_relay::Limits { in_flight: 20, ..limits() };
    let relay = Relay::start(few);
    until("it sends", || receiver.events() >= 20).await;
    relay.stop().await;
    let now = status(&database(&server, ROLE), SCHEMA).await.unwrap();
    let sent = receiver.users("name").len();
    assert_eq!(now.taken, 0, "{now}");
    assert_eq!(now.mirrored, i64::try_from(sent).unwrap(), "every answer is written down");
    assert!(sent < 400, "{sent}");
}
