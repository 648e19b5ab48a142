//! The receiver and PostgreSQL fail.

use std::time::{Duration, Instant};

use caffis_relay::{Resync, resync, status};

use crate::{
    harness::{ROLE, Relay, SCHEMA, database, installed, settings, settled, until},
    receiver::{Receiver, SECRET, Say},
};

const PEOPLE: &str = "INSERT INTO users (id, name) VALUES ('a', 'A'), ('b', 'B'), ('c', 'C')";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn what_may_work_later_is_tried_again() {
    for say in [
        Say::Status(500),
        Say::Status(502),
        Say::Status(503),
        Say::Status(408),
        Say::Status(425),
        Say::Later(429, 1),
        Say::Later(503, 1),
        Say::Status(401),
        Say::Status(403),
        Say::Status(404),
        Say::Elsewhere,
        Say::Hang,
    ] {
        let server = installed(PEOPLE).await;
        let receiver = Receiver::start().await;
        receiver.says(move |_| say);
        let relay = Relay::start(settings(&server, &receiver));
        until("it is tried", || receiver.events() >= 1).await;
        let first = Instant::now();
        receiver.says(|_| Say::Yes);
        until("everybody arrives", || receiver.users("name").len() == 3).await;
        if let Say::Later(_, seconds) = say {
            let waited = first.elapsed();
            assert!(
                waited >= Duration::from_secs(seconds) - Duration::from_millis(50),
                "{say:?}: {waited:?}"
            );
        }
        settled(&server).await;
        relay.stop().await;
        receiver.is_content();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn what_the_receiver_refuses_is_parked_until_it_changes() {
    let server = installed(PEOPLE).await;
    let receiver = Receiver::start().await;
    receiver.says(|event| if event["data"]["name"] == "B" { Say::Status(422) } else { Say::Yes });
    let relay = Relay::start(settings(&server, &receiver));
    settled(&server).await;
    let now = status(&database(&server, ROLE), SCHEMA).await.unwrap();
    assert_eq!((now.dead, now.mirrored), (1, 2), "{now}");
    assert_eq!(now.dead_rows[0].id, "b");
    assert!(
        now.dead_rows[0].reason.contains("422")
            && now.dead_rows[0].reason.contains("the receiver's reason")
    );
    assert!(now.to_string().contains("b at version"), "{now}");
    assert_eq!(receiver.events(), 3, "it is not sent again");
    let database = database(&server, ROLE);
    let nothing = resync(&database, SCHEMA, Resync::default(), 1_000).await.unwrap();
    assert_eq!(nothing.queued, 0, "nor by a resync");
    server.order("app", "UPDATE users SET name = 'B2' WHERE id = 'b'");
    until("the change arrives", || receiver.users("name").contains_key("b")).await;
    settled(&server).await;
    server.order("app", "UPDATE users SET name = 'B' WHERE id = 'b'");
    until("it is refused again", || receiver.events() == 5).await;
    settled(&server).await;
    receiver.says(|_| Say::Yes);
    let what = Resync { dead: true, ..Resync::default() };
    assert_eq!(resync(&database, SCHEMA, what, 1_000).await.unwrap().queued, 1);
    until("it is accepted now", || receiver.users("name")["b"] == "B").await;
    settled(&server).await;
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn one_user_that_hangs_holds_up_nobody() {
    let server = installed("").await;
    let receiver = Receiver::start().await;
    receiver.says(|event| if event["data"]["id"] == "stuck" { Say::Hang } else { Say::Yes });
    let relay = Relay::start(settings(&server, &receiver));
    server.order("app", "INSERT INTO users (id, name) VALUES ('stuck', 'Stuck')");
    until("it hangs", || receiver.events() == 1).await;
    let started = Instant::now();
    server.order(
        "app",
        "INSERT INTO users (id, name) SELECT n, 'N' FROM generate_series(1, 200) AS n",
    );
    until("the others arrive", || receiver.users("name").len() == 200).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    receiver.says(|_| Say::Yes);
    until("it arrives", || receiver.users("name").len() == 201).await;
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_wrong_secret_parks_nobody_and_status_says_what_to_do() {
    let server = installed(PEOPLE).await;
    let receiver = Receiver::start().await;
    let mut wrong = settings(&server, &receiver);
    wrong.endpoint.secrets = vec!["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()];
    let relay = Relay::start(wrong.clone());
    let database = database(&server, ROLE);
    let end = Instant::now() + crate::harness::PATIENCE;
    let reason = loop {
        let now = status(&database, SCHEMA).await.unwrap();
        if let Some((reason, _)) = now.failing.first() {
            assert_eq!(now.dead, 0);
            break reason.clone();
        }
        assert!(Instant::now() < end, "{now}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(reason.contains("pg_relay_secrets") && reason.contains("401"), "{reason}");
    relay.stop().await;
    // While a secret is replaced, events are signed with both.
    wrong.endpoint.secrets.push(SECRET.to_owned());
    let relay = Relay::start(wrong);
    until("all arrive", || receiver.users("name").len() == 3).await;
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn the_relay_goes_on_after_postgresql_crashed_or_stood_still() {
    let mut server = installed(PEOPLE).await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    until("the first", || receiver.users("name").len() == 3).await;
    server.crash();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.restart();
    server.order("app", "UPDATE users SET name = 'after a crash'");
    let all = |name: &'static str| receiver.users("name").values().all(|now| now == name);
    until("what changed after the crash", || all("after a crash")).await;
    // Every connection is cut, also the one that listens.
    server.order("app", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE '%pg-relay'");
    server.order("app", "UPDATE users SET name = 'after a cut'");
    until("what changed after the cut", || all("after a cut")).await;
    server.order("app", "ALTER SYSTEM SET default_transaction_read_only = on");
    server.order("app", "SELECT pg_reload_conf()");
    let write = |name| format!("BEGIN READ WRITE; UPDATE users SET name = '{name}'; COMMIT");
    server.order("app", &write("read-only"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.order("app", &write("writable"));
    server.order("app", "ALTER SYSTEM RESET default_transaction_read_only");
    server.order("app", "SELECT pg_reload_conf()");
    until("what changed while it was read-only", || all("writable")).await;
    settled(&server).await;
    relay.stop().await;
    receiver.is_content();
}
