//! A shard that somebody moves by command.

use std::time::Duration;

use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    HandOverError,
    cluster::{Owner, Shard},
    model::node::NodeId,
};
use tokio::time::Instant;

use crate::several::{Several, check, log, send};

/// The longest that a message may wait meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// How many shards a node owns.
fn shards(several: &Several, node: usize) -> usize {
    let shards = several.nodes[&node].cluster.shards();
    Shard::all().filter(|shard| matches!(shards.owner(*shard), Owner::Here { .. })).count()
}

#[tokio::test(start_paused = true)]
async fn a_shard_is_handed_over_while_people_write_and_stays_where_it_is() {
    let several = Several::start(2, 8, Plan::default()).await;
    let mut giulia = several.connect(2, "giulia").await;
    let mut room = giulia.group(&["giulia"]).await;
    while several.owner(room) != 1 {
        room = giulia.group(&["giulia"]).await;
    }
    let to = several.nodes[&2].cluster.node();
    let (core, cluster) = (several.nodes[&1].core.clone(), several.nodes[&1].cluster.clone());
    let moving = tokio::spawn(async move { core.hand_over(&cluster, Shard::of(room), to).await });
    let mut written = Vec::new();
    for number in 0..40 {
        written.push(format!("{number}"));
        let took = send(&mut giulia, room, &written[number]).await;
        assert!(took <= PAUSE, "{took:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    moving.await.expect("no panic").expect("handed over");
    assert_eq!(several.owner(room), 2);
    check(&log(&mut giulia, room).await, &written);
    // The other node has given one back for it, and nothing moves again.
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(several.owner(room), 2);
    }
    assert_eq!((shards(&several, 1), shards(&several, 2)), (128, 128));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_handed_over_stays_and_says_why() {
    let several = Several::start(2, 9, Plan::default()).await;
    let (one, two) = (&several.nodes[&1], &several.nodes[&2]);
    let own = Shard::all().find(|s| matches!(one.cluster.shards().owner(*s), Owner::Here { .. }));
    let shard = own.expect("it owns some");
    let (here, there) = (one.cluster.node(), two.cluster.node());
    let refused = two.core.hand_over(&two.cluster, shard, here).await;
    assert_eq!(refused, Err(HandOverError::NotHere(shard)));
    let refused = one.core.hand_over(&one.cluster, shard, here).await;
    assert_eq!(refused, Err(HandOverError::Here(shard)));
    let nobody = NodeId::from_random(77);
    let refused = one.core.hand_over(&one.cluster, shard, nobody).await;
    assert_eq!(refused, Err(HandOverError::NoAnswer(nobody)));
    let owner = one.cluster.shards().owner(shard);
    assert!(matches!(owner, Owner::Here { .. }), "{owner:?}");
    one.core.hand_over(&one.cluster, shard, there).await.expect("handed over");
    one.core.hand_over(&one.cluster, shard, there).await.expect_err("it is not here any more");
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_was_handed_over_comes_back_as_fast() {
    let several = Several::start(2, 9, Plan::default()).await;
    let (one, two) = (&several.nodes[&1], &several.nodes[&2]);
    let own = Shard::all().find(|s| matches!(one.cluster.shards().owner(*s), Owner::Here { .. }));
    let shard = own.expect("it owns some");
    let (here, there) = (one.cluster.node(), two.cluster.node());
    let start = Instant::now();
    for _ in 0..3 {
        one.core.hand_over(&one.cluster, shard, there).await.expect("handed over");
        two.core.hand_over(&two.cluster, shard, here).await.expect("handed back");
    }
    assert!(start.elapsed() <= 6 * PAUSE, "{:?}", start.elapsed());
}
