//! A Redis Cluster: masters fail and slots move.

use std::time::{Duration, Instant};

use caffis_servers::redis::RedisCluster;
use tokio::time::sleep;

use crate::common::{PATIENCE, echo, heals, nodes, options, replies, say, subscribed, words};

/// Enough rooms that each master has some.
const ROOMS: usize = 24;

fn rooms() -> Vec<String> {
    (0..ROOMS).map(|number| format!("room/{number}")).collect()
}

/// The slot of a room's channel, as Redis sees it.
fn slot(cluster: &RedisCluster, room: &str) -> u16 {
    let channel = format!("caffis:caffis:topic:{room}");
    let slot = cluster.masters[0].command(&["CLUSTER", "KEYSLOT", &channel]);
    slot.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_master_dies_and_its_replica_takes_over() {
    let mut cluster = RedisCluster::start(3);
    let [one, two, _] = nodes(&options(&cluster.masters[0]));
    let mut subscriptions = Vec::new();
    for room in rooms() {
        subscriptions.push((subscribed(&two, &room).await, room));
    }
    echo(&two);
    replies(&one, &two).await;
    // It is also the one by which the others were found.
    let there = |slot: u16| usize::from(slot) < 16_384 / 3;
    let (lost, kept): (Vec<_>, Vec<_>) =
        subscriptions.into_iter().partition(|(_, room)| there(slot(&cluster, room)));
    assert!(!lost.is_empty() && !kept.is_empty(), "{} {}", lost.len(), kept.len());
    cluster.masters[0].kill();
    // The other masters go on meanwhile.
    for (mut subscription, room) in kept {
        say(&one, &room, "still there").await.expect("said");
        assert_eq!(words(&mut subscription).await, "still there");
    }
    for (mut subscription, room) in lost {
        heals(&one, &room, &mut subscription).await;
    }
    replies(&one, &two).await;
    replies(&two, &two).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real server"]
async fn a_slot_moves_to_another_master() {
    let cluster = RedisCluster::start(2);
    let [one, two, _] = nodes(&options(&cluster.masters[0]));
    let (from, to) = (&cluster.masters[0], &cluster.masters[1]);
    let first = |room: &String| slot(&cluster, room) < 8_192;
    let room = rooms().into_iter().find(first).expect("one on the first master");
    let mut subscription = subscribed(&two, &room).await;
    say(&one, &room, "before").await.expect("said");
    assert_eq!(words(&mut subscription).await, "before");
    let (number, id) = (slot(&cluster, &room).to_string(), to.command(&["CLUSTER", "MYID"]));
    to.order(&["CLUSTER", "SETSLOT", &number, "NODE", &id]);
    from.order(&["CLUSTER", "SETSLOT", &number, "NODE", &id]);
    heals(&one, &room, &mut subscription).await;
    // It is heard from the new master, and each message once.
    let end = Instant::now() + PATIENCE;
    while !to.command(&["PUBSUB", "SHARDCHANNELS"]).contains(&room) {
        assert!(Instant::now() < end, "nobody listens there");
        sleep(Duration::from_millis(50)).await;
    }
    heals(&one, &room, &mut subscription).await;
    for words_said in ["1", "2", "3"] {
        say(&one, &room, words_said).await.expect("said");
        assert_eq!(words(&mut subscription).await, words_said);
    }
}
