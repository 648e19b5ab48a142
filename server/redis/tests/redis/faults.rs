//! What goes wrong with a server. Each time calls fail soon, and all heals by itself.

use std::time::{Duration, Instant};

use bytes::Bytes;
use caffis_core::ports::bus::{Bus, BusError, MAX_PAYLOAD_BYTES};
use caffis_servers::redis::RedisServer;
use tokio::time::sleep;

use crate::common::{
    PROMPT, ask, echo, gap, heals, node, nodes, options, replies, say, subscribed, topic,
    unavailable, words,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_server_is_killed_and_comes_back() {
    let mut server = RedisServer::start();
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    let mut other = subscribed(&two, "another").await;
    echo(&two);
    replies(&one, &two).await;
    // A request is under way, to a node that takes its time.
    let slow = node(4, &options(&server));
    let _requests = slow.requests();
    subscribed(&slow, "it is connected").await;
    let asking = tokio::spawn({
        let (one, slow) = (one.clone(), slow.clone());
        async move { ask(&one, &slow).await }
    });
    sleep(Duration::from_millis(300)).await;
    let killed = Instant::now();
    server.kill();
    assert_eq!(asking.await.unwrap(), Err(BusError::NoReply));
    unavailable(&one).await;
    assert!(killed.elapsed() < PROMPT, "{:?}", killed.elapsed());
    let answer = ask(&one, &two).await;
    assert!(matches!(answer, Err(BusError::Unavailable(_) | BusError::NoReply)), "{answer:?}");
    let mut new = two.subscribe();
    let added = new.add(&[topic("new")]).await;
    assert!(matches!(added, Err(BusError::Unavailable(_))), "{added:?}");
    server.restart();
    gap(&mut subscription).await;
    gap(&mut other).await;
    heals(&one, "room", &mut subscription).await;
    heals(&two, "another", &mut other).await;
    replies(&one, &two).await;
    new.add(&[topic("new")]).await.expect("added");
    heals(&one, "new", &mut new).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_server_that_is_not_there_at_the_start() {
    let mut server = RedisServer::start();
    server.kill();
    let bus = node(1, &options(&server));
    unavailable(&bus).await;
    let mut subscription = bus.subscribe();
    assert!(subscription.add(&[topic("room")]).await.is_err());
    server.restart();
    while subscription.add(&[topic("room")]).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }
    heals(&bus, "room", &mut subscription).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_server_that_hangs() {
    let server = RedisServer::start();
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    echo(&two);
    replies(&one, &two).await;
    server.pause();
    let paused = Instant::now();
    let asking = one.request(two.node(), Bytes::new(), Duration::from_secs(30));
    let (answer, _) = tokio::join!(asking, unavailable(&one));
    assert!(matches!(answer, Err(BusError::Unavailable(_) | BusError::NoReply)), "{answer:?}");
    assert!(paused.elapsed() < PROMPT, "{:?}", paused.elapsed());
    server.resume();
    gap(&mut subscription).await;
    heals(&one, "room", &mut subscription).await;
    replies(&one, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn connections_are_cut() {
    let server = RedisServer::start();
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    echo(&two);
    replies(&one, &two).await;
    for kind in ["pubsub", "normal"] {
        let cut = server.command(&["CLIENT", "KILL", "TYPE", kind]);
        assert_ne!(cut, "0", "{kind}");
        gap(&mut subscription).await;
        heals(&one, "room", &mut subscription).await;
        replies(&one, &two).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_server_becomes_a_read_only_replica() {
    let (server, master) = (RedisServer::start(), RedisServer::start());
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    server.order(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let reason = unavailable(&one).await;
    assert!(reason.contains("replica"), "{reason}");
    server.order(&["REPLICAOF", "NO", "ONE"]);
    gap(&mut subscription).await;
    heals(&one, "room", &mut subscription).await;
    // Of several servers the master is found.
    server.order(&["REPLICAOF", "127.0.0.1", &master.port().to_string()]);
    let both = format!("redis://127.0.0.1:{},127.0.0.1:{}", server.port(), master.port());
    let three = node(4, &both.parse().unwrap());
    let mut subscription = subscribed(&three, "room").await;
    heals(&three, "room", &mut subscription).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_flush_loses_nothing() {
    let server = RedisServer::start();
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    say(&one, "room", "before").await.expect("said");
    server.order(&["FLUSHALL"]);
    server.order(&["SCRIPT", "FLUSH"]);
    say(&one, "room", "after").await.expect("said");
    assert_eq!(words(&mut subscription).await, "before");
    assert_eq!(words(&mut subscription).await, "after");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn full_memory_stops_nothing() {
    // Less than the server itself takes: no write is let through.
    let server = RedisServer::with(&["--maxmemory", "1kb", "--maxmemory-policy", "noeviction"]);
    let refused = server.command(&["SET", "a", "1"]);
    assert!(refused.contains("OOM"), "{refused}");
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    echo(&two);
    say(&one, "room", "still there").await.expect("said");
    assert_eq!(words(&mut subscription).await, "still there");
    replies(&one, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_slow_subscriber_is_cut_off_by_the_server() {
    let server = RedisServer::with(&["--client-output-buffer-limit", "pubsub", "64kb", "0", "0"]);
    let [one, two, _] = nodes(&options(&server));
    let mut subscription = subscribed(&two, "room").await;
    say(&one, "room", "small").await.expect("said");
    assert_eq!(words(&mut subscription).await, "small");
    // More than may wait for any subscriber of this server.
    let large = Bytes::from(vec![7; MAX_PAYLOAD_BYTES]);
    one.publish(topic("room"), large).await.expect("handed on");
    gap(&mut subscription).await;
    heals(&one, "room", &mut subscription).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn subscriptions_leave_nothing_behind() {
    let server = RedisServer::start();
    let bus = node(1, &options(&server));
    let topics: Vec<_> = (0..1_500).map(|number| topic(&format!("room/{number}"))).collect();
    let mut one = bus.subscribe();
    one.add(&topics).await.expect("added");
    let mut two = bus.subscribe();
    two.add(&topics[..10]).await.expect("added");
    let channels = |count: usize| {
        move |answer: &str| answer.lines().filter(|line| line.contains("topic")).count() == count
    };
    server.until(&["PUBSUB", "CHANNELS"], channels(1_500));
    one.remove(&topics[5..]).await.expect("removed");
    server.until(&["PUBSUB", "CHANNELS"], channels(10));
    drop(two);
    server.until(&["PUBSUB", "CHANNELS"], channels(5));
    heals(&bus, "room/4", &mut one).await;
    drop(one);
    server.until(&["PUBSUB", "CHANNELS"], channels(0));
    drop(bus);
    server.until(&["PUBSUB", "CHANNELS"], str::is_empty);
}
