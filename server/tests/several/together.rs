//! Two nodes are one chat, also while one of them dies, leaves, or Redis is away.

use std::time::Duration;

use caffis_schema::{
    Position, RoomId, ServerSignal, Text, places::LocationUpdate, room::Availability,
};
use rustix::process::Signal;

use crate::{
    common::{Over, Server},
    friend::Friend,
    nodes::{Ground, again, friend, ordered, printed, shared, status, until},
    traffic::{Load, rooms_of},
};

/// Two of them on each node, who come to the other one if theirs is away, and rooms of all.
async fn people(one: &Server, two: &Server) -> (Vec<Friend>, Vec<RoomId>) {
    let friends = vec![
        friend(&[one, two], "giulia", Over::WebSocket).await,
        friend(&[two, one], "marco", Over::WebSocket).await,
        friend(&[one, two], "luca", Over::Quic).await,
        friend(&[two, one], "aiko", Over::Quic).await,
    ];
    let rooms = rooms_of(&friends).await;
    (friends, rooms)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn two_nodes_are_one_chat() {
    let ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (giulia, marco) = (
        friend(&[&one], "giulia", Over::WebSocket).await,
        friend(&[&two], "marco", Over::WebSocket).await,
    );
    for signal in 1..=4 {
        let room = giulia.group(&[&marco]).await;
        giulia.say(room, "Are you on the other node?").await;
        marco.hears(room, "Are you on the other node?").await;
        marco.say(room, "I am").await;
        giulia.hears(room, "I am").await;
        giulia.client.typing(room, signal, true);
        marco
            .until("that she is typing", |heard| {
                heard.signals.iter().find_map(|signal| match signal {
                    ServerSignal::Typing(by) if by.room == room && by.active => Some(()),
                    _ => None,
                })
            })
            .await;
        let (message, coordinates) = (Position(2), Text::cut("45.46,9.19"));
        let update = LocationUpdate { room, message, counter: signal, coordinates, accuracy: None };
        giulia.client.update_location(update);
        marco
            .until("where she is", |heard| {
                heard.signals.iter().find_map(|signal| match signal {
                    ServerSignal::Location(by) if by.room == room => Some(()),
                    _ => None,
                })
            })
            .await;
    }
    // He goes and comes back, and she is told.
    drop(marco);
    giulia.sees("marco", Availability::Offline).await;
    let _marco = friend(&[&two], "marco", Over::WebSocket).await;
    giulia.sees("marco", Availability::Online).await;
    let text = printed(&one, &[]).await;
    assert!(text.contains("one\n") && text.contains("two\n"), "{text}");
    // A shard moves from the node that has it, and back.
    if let Err(error) = ordered(&one, &["hand-over", "7", "--to", "two"]).await {
        assert!(error.contains("does not belong to this node"), "{error}");
        let text = printed(&two, &["hand-over", "7"]).await;
        assert!(text.starts_with("shard 7 belongs to") && text.ends_with("one\n"), "{text}");
        printed(&one, &["hand-over", "7", "--to", "two"]).await;
    }
    let text = printed(&two, &["hand-over", "7", "--to", "one"]).await;
    assert!(text.starts_with("shard 7 belongs to") && text.ends_with("one\n"), "{text}");
    let nobody = ordered(&one, &["hand-over", "7", "--to", "three"]).await;
    assert!(nobody.is_err_and(|error| error.contains("is called three")));
    assert_eq!(status(&one).nodes.len(), 2, "{text}");
    // Left by command, a node ends in order, and the other has all shards.
    let mut two = two;
    printed(&two, &["leave"]).await;
    assert_eq!(two.ended().await.code(), Some(0));
    let all = |status: &caffis_chat::control::ClusterStatus| {
        status.nodes.iter().any(|node| node.node == status.here && node.shards == 256)
    };
    until(&one, all).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_node_dies_and_a_node_leaves_under_load() {
    let ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (friends, rooms) = people(&one, &two).await;
    let load = Load::start(&friends, &rooms);
    load.goes_on(&friends, "at the start").await;
    let setup = again(&two);
    two.kill().await;
    let took = load.goes_on_in_all(&rooms, "after a crash").await;
    eprintln!("after a crash every room went on within {took:?}");
    load.goes_on(&friends, "after a crash").await;
    let two = setup.start().await;
    shared(&one).await;
    load.goes_on(&friends, "with two nodes again").await;
    // It leaves while everybody sends.
    let mut one = one;
    let setup = again(&one);
    one.signal(Signal::TERM);
    assert_eq!(one.ended().await.code(), Some(0));
    let took = load.goes_on_in_all(&rooms, "after a node left").await;
    eprintln!("after a node left every room went on within {took:?}");
    load.goes_on(&friends, "after a node left").await;
    let _one = setup.start().await;
    shared(&two).await;
    load.goes_on(&friends, "at the end").await;
    load.check(&friends, &rooms).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn redis_goes_away_and_comes_back_under_load() {
    let mut ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let two = ground.node("two").start().await;
    shared(&one).await;
    let (friends, rooms) = people(&one, &two).await;
    let load = Load::start(&friends, &rooms);
    load.goes_on(&friends, "at the start").await;
    ground.redis.kill();
    // Rooms of a client's own node go on.
    load.goes_on(&friends, "without Redis").await;
    ground.redis.restart();
    load.goes_on_in_all(&rooms, "with Redis again").await;
    load.goes_on(&friends, "with Redis again").await;
    ground.redis.pause();
    tokio::time::sleep(Duration::from_secs(4)).await;
    ground.redis.resume();
    load.goes_on_in_all(&rooms, "after Redis hung").await;
    load.goes_on(&friends, "after Redis hung").await;
    load.check(&friends, &rooms).await;
    // Nobody lost a lease over it.
    for server in [&one, &two] {
        assert!(status(server).has_lease);
        assert_eq!(server.get("/readyz").await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a real server"]
async fn a_node_that_sleeps_through_its_lease_ends() {
    let ground = Ground::start().await;
    let one = ground.node("one").start().await;
    let mut two = ground.node("two").start().await;
    shared(&one).await;
    let giulia = friend(&[&two, &one], "giulia", Over::WebSocket).await;
    let room = giulia.group(&[]).await;
    giulia.say(room, "before").await;
    two.signal(Signal::STOP);
    // The other one takes all shards over.
    until(&one, |status| {
        status.nodes.iter().any(|node| node.node == status.here && node.shards == 256)
    })
    .await;
    two.signal(Signal::CONT);
    assert_eq!(two.ended().await.code(), Some(1));
    assert!(two.log().contains("lease has ended"), "{}", two.log());
    giulia.say(room, "after").await;
    giulia.hears(room, "after").await;
    giulia.is_whole();
}
