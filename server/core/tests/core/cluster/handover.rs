//! Handing shards over: rule 6, fair shares, leaving.

use caffis_core::cluster::{Ended, HANDOVERS};

use super::{
    gate::{Call, Fate},
    *,
};

const ALL: usize = SHARDS as usize;

/// Who owns how many, by the store.
fn owners(rig: &Rig, nodes: &[&Node]) -> Vec<usize> {
    let rows: Vec<_> = Shard::all().filter_map(|shard| rig.shard(shard)).collect();
    let owned = |node: &&Node| {
        let owned = |row: &&ShardRow| row.owner == node.cluster.node() && !row.released;
        rows.iter().filter(owned).count()
    };
    nodes.iter().map(owned).collect()
}

#[tokio::test(start_paused = true)]
async fn every_node_gets_its_share() {
    let rig = Rig::new();
    let one = rig.node().await;
    assert!(one.owns(ALL).await < ms(500));
    let two = rig.node().await;
    let three = rig.node().await;
    let start = Instant::now();
    let (mut freed, mut longest) = (BTreeMap::new(), Duration::ZERO);
    while one.here().len() + two.here().len() + three.here().len() < ALL || one.here().len() > 86 {
        for shard in Shard::all() {
            if rig.shard(shard).expect("claimed").released {
                freed.entry(shard).or_insert_with(Instant::now);
            } else if let Some(since) = freed.remove(&shard) {
                longest = longest.max(since.elapsed());
            }
        }
        assert!(freed.len() <= HANDOVERS, "{} at once", freed.len());
        assert!(start.elapsed() < ms(10_000));
        wait(ms(10)).await;
    }
    println!("a shard was free for {longest:?} at most, {:?} in all", start.elapsed());
    assert!(longest > Duration::ZERO && longest < ms(300), "{longest:?}");
    let shares = [one.here().len(), two.here().len(), three.here().len()];
    assert!(shares.iter().all(|share| (84..=86).contains(share)), "{shares:?}");
    // What the nodes say of each other is the same.
    wait(ms(1_100)).await;
    for (shard, epoch) in two.here() {
        let expected = Owner::There { node: two.cluster.node(), epoch };
        assert_eq!(one.cluster.shards().owner(shard), expected);
        assert_eq!(three.cluster.shards().owner(shard), expected);
    }
    // And then it stays so.
    let asked = one.rooms.asked().len();
    wait(ms(60_000)).await;
    assert_eq!(owners(&rig, &[&one, &two, &three]), shares);
    assert_eq!(one.rooms.asked().len(), asked);
}

/// Rule 6: no new command, then everything that was sent, then the release.
#[tokio::test(start_paused = true)]
async fn a_shard_is_released_only_when_its_rooms_have_finished() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    one.rooms.stuck(true);
    let two = rig.node().await;
    wait(ms(20_000)).await;
    let asked = one.rooms.asked();
    assert_eq!(asked.len(), HANDOVERS);
    for shard in &asked {
        assert_eq!(one.cluster.shards().owner(*shard), Owner::Nobody, "takes no new command");
        let row = rig.shard(*shard).expect("claimed");
        assert_eq!((row.owner, row.released), (one.cluster.node(), false), "and is not free");
    }
    assert!(two.here().is_empty());
    one.rooms.stuck(false);
    two.owns(ALL / 2).await;
    for shard in asked {
        assert_eq!(
            rig.shard(shard).map(|row| (row.owner, row.epoch)),
            Some((two.cluster.node(), 2))
        );
    }
}

/// Rule 6: a release that may still come is waited for, and what is taken back has a new epoch.
#[tokio::test(start_paused = true)]
async fn a_release_of_unknown_outcome_is_never_taken_back() {
    for fate in [Fate::Fail, Fate::Lost, Fate::Written, Fate::Late(ms(2_500))] {
        let rig = Rig::new();
        let one = rig.node().await;
        one.owns(ALL).await;
        let mut releases = 0;
        one.gate.decide(move |call| match call {
            Call::Shard(row) if row.released => {
                releases += 1;
                if releases <= 3 * HANDOVERS { fate } else { Fate::Pass }
            }
            _ => Fate::Pass,
        });
        let two = rig.node().await;
        while one.rooms.asked().is_empty() {
            wait(ms(10)).await;
        }
        // The shards that were given up are for nobody else; the first node takes them back.
        two.crash();
        let start = Instant::now();
        while one.here().len() < ALL {
            assert!(start.elapsed() < ms(20_000), "{fate:?}: {}", one.here().len());
            wait(ms(10)).await;
            rig.check(&one);
        }
        wait(ms(5_000)).await;
        rig.check(&one);
        let asked = one.rooms.asked();
        for (shard, epoch) in one.here() {
            assert!(!asked.contains(&shard) || epoch > 1, "{fate:?}: {shard:?} in {epoch}");
        }
    }
}

/// Rule 7: a released shard carries what its owner could use.
#[tokio::test(start_paused = true)]
async fn stamps_after_a_handover_lie_above_those_before() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    one.wall.set(START + 3_600_000);
    wait(ms(1_500)).await;
    let used = one.stamp().expect("a stamp");
    let two = rig.node().await;
    let before = two.stamp().expect("a stamp");
    assert!(before < used);
    while two.here().is_empty() {
        wait(ms(10)).await;
    }
    assert!(two.stamp().expect("a stamp") > used);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_hands_everything_over() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    let two = rig.node().await;
    two.owns(ALL / 2).await;
    wait(ms(2_000)).await;
    let start = Instant::now();
    one.cluster.leave(ms(10_000)).await;
    assert!(start.elapsed() < ms(5_000), "{:?}", start.elapsed());
    assert!(!one.held());
    assert_eq!(one.cluster.ended().await, Ended::Left);
    assert!(rig.lease(one.cluster.node()).fenced);
    two.owns(ALL).await;
    assert!(start.elapsed() < ms(5_000), "without waiting for a lease: {:?}", start.elapsed());
    let drained = one.rooms.asked().len();
    assert_eq!(drained, ALL, "all that it ever had");
    rig.check(&two);
    assert!(one.task.await.is_ok(), "nothing of it runs any more");
}

#[tokio::test(start_paused = true)]
async fn the_last_node_leaves_at_once() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    let start = Instant::now();
    one.cluster.leave(ms(10_000)).await;
    assert!(start.elapsed() < ms(1_000), "{:?}", start.elapsed());
    assert!(Shard::all().all(|shard| rig.shard(shard).expect("claimed").released));
    let two = rig.node().await;
    assert!(two.owns(ALL).await < ms(1_000));
    assert!(two.here().iter().all(|(_, epoch)| *epoch == 2));
}

/// Rooms that do not finish are not released: their shards are free because the lease has ended.
#[tokio::test(start_paused = true)]
async fn leaving_ends_in_time_though_rooms_do_not_finish() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    one.rooms.stuck(true);
    one.cluster.leave(ms(3_000)).await;
    assert!(!one.held() && rig.lease(one.cluster.node()).fenced);
    assert!(Shard::all().all(|shard| !rig.shard(shard).expect("claimed").released));
    let two = rig.node().await;
    assert!(two.owns(ALL).await < ms(1_000), "nobody waits for a lease that has ended");
    assert!(two.here().iter().all(|(_, epoch)| *epoch == 2));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_and_looked_for_at_once() {
    let rig = Rig::new();
    let one = rig.node().await;
    one.owns(ALL).await;
    wait(ms(1_500)).await;
    let mut changes = one.cluster.shards().changes().expect("they change");
    changes.take();
    let two = rig.node().await;
    wait(ms(5)).await;
    assert!(!changes.take());
    one.cluster.wake();
    wait(ms(15)).await;
    assert!(changes.take(), "it begins to hand over");
    two.owns(ALL / 2).await;
}
