//! Resync finds what passed the triggers by, and sends nothing else.

use caffis_relay::{Resync, ResyncReport, resync};
use caffis_servers::PostgresServer;

use crate::{
    harness::{ROLE, Relay, SCHEMA, database, installed, settings, settled, until},
    receiver::Receiver,
};

async fn compare(server: &PostgresServer, what: Resync) -> ResyncReport {
    resync(&database(server, ROLE), SCHEMA, what, 100_000).await.unwrap()
}

/// Changes that no trigger sees.
fn behind_their_backs(server: &PostgresServer, statements: &str) {
    server.order("app", &format!("SET session_replication_role = replica; {statements}"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn only_differences_are_sent_and_versions_stay_between_those_of_changes() {
    let server = installed(
        "INSERT INTO users (id, name) SELECT 'user ' || n, 'Name ' || n FROM generate_series(1, 5000) AS n",
    )
    .await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    settled(&server).await;
    let same = compare(&server, Resync::default()).await;
    assert_eq!((same.users, same.different, same.queued), (5_000, 0, 0));
    assert_eq!(same.ranges, 3);
    behind_their_backs(
        &server,
        "UPDATE users SET name = 'Secret' WHERE id = 'user 17';
         DELETE FROM users WHERE id = 'user 4000'; INSERT INTO users (id, name) VALUES ('a new one', 'New')",
    );
    let before = receiver.events();
    let found = compare(&server, Resync::default()).await;
    assert_eq!((found.queued, found.exhausted), (3, 0), "{found:?}");
    assert!(found.different <= 3, "{found:?}");
    settled(&server).await;
    assert_eq!(receiver.events(), before + 3);
    let users = receiver.users("name");
    assert_eq!((users["user 17"].as_str(), users["a new one"].as_str()), ("Secret", "New"));
    assert!(!users.contains_key("user 4000"));
    assert_eq!(compare(&server, Resync::default()).await.different, 0);
    // A change that comes afterwards is newer than what the resync sent.
    server.order("app", "UPDATE users SET name = 'Open' WHERE id = 'user 17'; INSERT INTO users (id, name) VALUES ('user 4000', 'Back')");
    until("the changes arrive", || {
        let users = receiver.users("name");
        users["user 17"] == "Open" && users.contains_key("user 4000")
    })
    .await;
    settled(&server).await;
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_change_that_is_not_committed_yet_wins_over_a_resync() {
    let server = installed("INSERT INTO users (id, name) VALUES ('a', 'A')").await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    settled(&server).await;
    behind_their_backs(&server, "UPDATE users SET name = 'Behind'");
    let url = server.url("owner");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; UPDATE users SET name = 'Committed last'").await.unwrap();
    // It has its version already, and the resync sees what was before.
    assert_eq!(compare(&server, Resync::default()).await.queued, 1);
    until("what was behind", || receiver.users("name")["a"] == "Behind").await;
    client.batch_execute("COMMIT").await.unwrap();
    until("the change", || receiver.users("name")["a"] == "Committed last").await;
    drop(client);
    connection.await.unwrap().unwrap();
    settled(&server).await;
    assert_eq!(compare(&server, Resync::default()).await.queued, 0);
    relay.stop().await;
    receiver.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn everything_can_be_sent_again_to_a_receiver_that_lost_it() {
    let server = installed(
        "INSERT INTO users (id, name) SELECT 'user ' || n, 'Name ' || n FROM generate_series(1, 2500) AS n",
    )
    .await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    settled(&server).await;
    server.order("app", "DELETE FROM users WHERE id = 'user 3'");
    settled(&server).await;
    relay.stop().await;
    let versions = |receiver: &Receiver| {
        receiver.look(|seen| {
            seen.users.iter().map(|(id, kept)| (id.clone(), kept.version)).collect::<Vec<_>>()
        })
    };
    let another = Receiver::start().await;
    let relay = Relay::start(settings(&server, &another));
    let what = Resync { everything: true, ..Resync::default() };
    assert_eq!(compare(&server, what).await.queued, 2_500);
    until("all of it", || another.look(|seen| seen.users.len()) == 2_500).await;
    settled(&server).await;
    assert_eq!(versions(&another), versions(&receiver), "under the same versions");
    let known = receiver.look(|seen| seen.ids.clone());
    another.look(|seen| assert!(seen.ids.keys().all(|id| !known.contains_key(id)), "new ids"));
    assert_eq!(another.look(|seen| seen.users["user 3"].data.clone()), None);
    relay.stop().await;
    another.is_content();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: cargo xtask test --only servers"]
async fn a_user_who_cannot_be_numbered_is_counted() {
    let server = installed("INSERT INTO users (id, name) VALUES ('a', 'A')").await;
    let receiver = Receiver::start().await;
    let relay = Relay::start(settings(&server, &receiver));
    settled(&server).await;
    for number in 1..caffis_relay::STEP {
        behind_their_backs(&server, &format!("UPDATE users SET name = '{number}'"));
        assert_eq!(compare(&server, Resync::default()).await.queued, 1, "{number}");
        settled(&server).await;
    }
    behind_their_backs(&server, "UPDATE users SET name = 'too often'");
    let report = compare(&server, Resync::default()).await;
    assert_eq!((report.queued, report.exhausted), (0, 1));
    server.order("app", "UPDATE users SET name = 'by a trigger'");
    until("a change", || receiver.users("name")["a"] == "by a trigger").await;
    relay.stop().await;
    receiver.is_content();
}
