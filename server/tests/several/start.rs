//! What keeps a node from starting, and what it does without the others.

use caffis_servers::{CommitLog, CqlSetup, redis::RedisServer};

use crate::{
    common::{Over, Setup, run},
    nodes::{Ground, friend, status},
};

#[tokio::test]
#[ignore = "needs a real server"]
async fn a_node_that_redis_does_not_let_in_says_so() {
    let mut ground = Ground::start().await;
    ground.redis = RedisServer::with(&["--requirepass", "right"]);
    let setup = ground.node("one").variable("CAFFIS_BUS_PASSWORD", "wr0ng");
    let refused = setup.fail().await;
    refused.refused(&["bus", "WRONGPASS"]);
    assert!(!refused.stderr.contains("wr0ng"), "{}", refused.stderr);
}

#[tokio::test]
#[ignore = "needs a real server"]
async fn a_node_starts_without_redis_and_serves_its_rooms() {
    let mut ground = Ground::start().await;
    ground.redis.kill();
    let node = ground.node("one").start().await;
    crate::nodes::until(&node, |status| status.unowned == 0).await;
    let giulia = friend(&[&node], "giulia", Over::WebSocket).await;
    let room = giulia.group(&[]).await;
    giulia.say(room, "alone").await;
    giulia.hears(room, "alone").await;
    ground.redis.restart();
    // Another one joins, and they find each other.
    let other = ground.node("two").start().await;
    crate::nodes::until(&other, |status| status.nodes.len() == 2 && status.has_lease).await;
    assert!(status(&node).has_lease);
}

#[tokio::test]
#[ignore = "needs a real server"]
async fn commands_for_the_embedded_store_say_what_to_do() {
    let ground = Ground::start().await;
    let node = ground.node("one").start().await;
    // Two nodes never share a data folder.
    node.setup.fail().await.refused(&["in use by another process"]);
    let data = node.setup.data();
    let out = node.setup.beside("copy");
    let backup = ["backup", "--data", data.to_str().unwrap(), out.to_str().unwrap()];
    run(&backup).await.refused(&["their own tools"]);
    let revoked = run(&["revoke", "--data", data.to_str().unwrap(), "giulia"]).await;
    revoked.worked();
    let alone = Setup::dev().start().await;
    let data = alone.setup.data();
    let cluster = run(&["cluster", "--data", data.to_str().unwrap()]).await;
    cluster.refused(&["bus is not set"]);
}

#[tokio::test]
#[ignore = "needs a real server"]
async fn a_node_refuses_servers_that_could_lose_what_they_acknowledge() {
    let mut setup = CqlSetup::new(1);
    setup.commit_log = CommitLog::Periodic;
    let ground = Ground { cql: setup.start(), redis: RedisServer::start() };
    let accepting = |losses| ground.node("one").flags(&["--accept-loss", losses]);
    let periodic = format!("commitlog_sync is periodic on {}", ground.cql.hosts()[0]);
    let refused = accepting("replication").fail().await;
    refused.refused(&[&periodic, "batch or group", "accept_loss = [\"commit_log\"]"]);
    assert!(!refused.stderr.contains("accept_loss = [\"replication\"]"), "{}", refused.stderr);
    // Both are named at once, before anything is made.
    let both = accepting("").fail().await;
    both.refused(&[&periodic, "the keyspace chat would get a replication of 1: "]);
    let node = accepting("replication,commit_log").start().await;
    assert!(node.log().contains("accepted by accept_loss: "), "{}", node.log());
    node.stop().await;
    // It is the keyspace that counts, once there is one, and not what is asked for.
    let three = accepting("commit_log").flags(&["--store-replication", "3"]).fail().await;
    three.refused(&["the keyspace chat has a replication of 1 in the data centre datacenter1: "]);
}

#[tokio::test]
#[ignore = "needs a real server"]
async fn migrate_makes_the_tables_and_says_how() {
    let ground = Ground::start().await;
    let store = format!("scylla://{}/made", ground.cql.hosts().join(","));
    let bus = format!("redis://127.0.0.1:{}", ground.redis.port());
    let migrate = ["migrate", "--store", &store, "--store-replication", "1", "--bus", &bus];
    let one_copy = "would get a replication of 1: ";
    run(&migrate).await.refused(&[one_copy, "or accept this with accept_loss = [\"replication\"]"]);
    let migrate = [&migrate[..], &["--accept-loss", "replication"]].concat();
    let planned = [&migrate[..], &["--dry-run"]].concat();
    let plan = run(&planned).await.worked();
    assert!(plan.starts_with("-- From nothing to version"), "{plan}");
    assert!(plan.contains("\nCREATE TABLE IF NOT EXISTS made.timeline (\n"), "{plan}");
    assert_eq!(run(&planned).await.worked(), plan, "it changes nothing");
    let made = run(&migrate).await.worked();
    assert!(made.contains("\nCREATE TABLE IF NOT EXISTS made.timeline (\n"), "{made}");
    for again in [&planned[..], &migrate] {
        let left = run(again).await.worked();
        assert!(left.starts_with("-- It has version") && left.lines().count() == 1, "{left}");
    }
    run(&["migrate"]).await.refused(&["needs no migration"]);
}
