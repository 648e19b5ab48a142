//! Taking over the shards of a node that died: rules 4, 5 and 7.

use super::{
    gate::{Call, Fate},
    *,
};

const ALL: usize = SHARDS as usize;

/// Two nodes that share the shards, after a while of peace.
async fn pair(rig: &Rig) -> (Node, Node) {
    let one = rig.node().await;
    one.owns(ALL).await;
    let two = rig.node().await;
    two.owns(ALL / 2).await;
    wait(ms(2_000)).await;
    assert_eq!((one.here().len(), two.here().len()), (ALL / 2, ALL / 2));
    (one, two)
}

#[tokio::test(start_paused = true)]
async fn the_shards_of_a_node_that_crashed_have_owners_again_in_time() {
    let rig = Rig::new();
    let (one, two) = pair(&rig).await;
    let three = rig.node().await;
    three.owns(84).await;
    wait(ms(2_000)).await;
    let before: Vec<_> = Shard::all().map(|shard| rig.shard(shard).expect("owned")).collect();
    let dead = three.crash();
    let start = Instant::now();
    while one.here().len() + two.here().len() < ALL {
        wait(ms(10)).await;
        assert!(start.elapsed() <= takeover(), "{} and {}", one.here().len(), two.here().len());
    }
    assert_eq!((one.here().len(), two.here().len()), (ALL / 2, ALL / 2));
    assert!(rig.lease(dead).fenced);
    for before in before {
        let now = rig.shard(Shard::new(before.shard).expect("a shard")).expect("owned");
        let claims = u64::from(before.owner == dead);
        assert_eq!(now.epoch, before.epoch + claims);
        assert!(claims == 0 || now.owner != dead);
    }
    rig.check(&one);
    rig.check(&two);
}

/// Rule 4: a claimer's clock starts when the read has answered. Here the read takes long that finds the
/// last beat, and the renewal begins at any moment of it; then the holder is cut off.
#[tokio::test(start_paused = true)]
async fn a_shard_has_no_two_owners_while_reads_are_slow() {
    for offset in (0..1_000).step_by(50) {
        let rig = Rig::new();
        let (one, two) = pair(&rig).await;
        two.gate.decide(|call| match call {
            Call::ReadLease => Fate::SlowThere(ms(950)),
            _ => Fate::Pass,
        });
        wait(ms(5_000 + offset)).await;
        one.gate.cut();
        two.gate.decide(|_| Fate::Pass);
        // Its clock is fast, as far as is allowed for.
        two.boot.suspend(ms(450));
        while two.here().len() == ALL / 2 {
            wait(ms(10)).await;
        }
        assert!(!one.held(), "cut off {offset} ms after");
    }
}

/// Rule 4: a fence of unknown outcome is none. The claimer takes nothing until it knows of one.
#[tokio::test(start_paused = true)]
async fn only_a_fence_that_is_known_allows_a_claim() {
    for fate in [Fate::Fail, Fate::Lost, Fate::Written, Fate::Late(ms(700))] {
        let rig = Rig::new();
        let (one, two) = pair(&rig).await;
        let dead = one.cluster.node();
        let (store, mut fences, mut claims) = (rig.store.clone(), 0, 0);
        let peek = Rig { store, started: AtomicU64::new(0) };
        let counts = Arc::new(Mutex::new((0, 0)));
        let told = counts.clone();
        two.gate.decide(move |call| {
            let fate = match call {
                Call::Lease(row) if row.node == dead => {
                    fences += 1;
                    if fences <= 3 { fate } else { Fate::Pass }
                }
                Call::Shard(row) if row.epoch > 1 => {
                    let before = peek.shard(Shard::new(row.shard).expect("a shard"));
                    if before.is_some_and(|before| before.owner == dead) {
                        claims += 1;
                        assert!(peek.lease(dead).fenced, "claimed without a fence");
                    }
                    Fate::Pass
                }
                _ => Fate::Pass,
            };
            *told.lock().expect("not poisoned") = (fences, claims);
            fate
        });
        one.crash();
        two.owns(ALL).await;
        let (fences, claims) = *counts.lock().expect("not poisoned");
        assert!(fences >= 1 && claims == ALL / 2, "{fate:?}: {fences} fences, {claims} claims");
    }
}

/// Rule 4: a fence ends only what was seen. Here the claimer's clock is wrong by seconds, and the holder
/// renews between the look and the fence.
#[tokio::test(start_paused = true)]
async fn a_lease_that_was_renewed_meanwhile_is_not_fenced() {
    let rig = Rig::new();
    let (one, two) = pair(&rig).await;
    let node = one.cluster.node();
    let fences = Arc::new(AtomicU64::new(0));
    let told = fences.clone();
    two.gate.decide(move |call| match call {
        Call::Lease(row) if row.node == node => {
            assert!(row.fenced);
            told.fetch_add(1, Ordering::SeqCst);
            Fate::SlowThere(ms(500))
        }
        _ => Fate::Pass,
    });
    one.pause.set(true);
    two.boot.suspend(ms(3_000));
    while fences.load(Ordering::SeqCst) == 0 {
        wait(ms(10)).await;
    }
    assert!(one.held());
    one.pause.set(false);
    wait(ms(20_000)).await;
    assert!(one.held() && two.held() && !rig.lease(node).fenced);
    assert_eq!((one.here().len(), fences.load(Ordering::SeqCst)), (ALL / 2, 1));
    rig.check(&one);
}

/// Rule 5: what the store may or may not have done is not owned until it is known.
#[tokio::test(start_paused = true)]
async fn work_begins_only_when_a_claim_is_known() {
    for fate in [Fate::Fail, Fate::Lost, Fate::Written, Fate::Late(ms(350)), Fate::Late(ms(3_000))]
    {
        let rig = Rig::new();
        let gate = Gate::new(rig.store.clone());
        let mut claims = 0;
        gate.decide(move |call| match call {
            Call::Shard(_) => {
                claims += 1;
                if claims <= 2 * ALL { fate } else { Fate::Pass }
            }
            _ => Fate::Pass,
        });
        let node = rig.node_on(gate).await;
        let start = Instant::now();
        while node.here().len() < ALL {
            assert!(start.elapsed() < ms(10_000), "{fate:?}");
            wait(ms(5)).await;
            rig.check(&node);
        }
        wait(ms(5_000)).await;
        rig.check(&node);
        assert_eq!(node.here().len(), ALL);
        assert!(node.here().iter().all(|(_, epoch)| *epoch == 1), "{fate:?}");
    }
}

/// Rule 7: the next owner's stamps are larger, though its wall clock is an hour behind.
#[tokio::test(start_paused = true)]
async fn stamps_of_a_new_owner_lie_above_all_that_the_old_one_could_use() {
    let rig = Rig::new();
    let (one, two) = pair(&rig).await;
    let ahead = START + 3_600_000;
    one.wall.set(ahead);
    wait(ms(1_500)).await;
    let used = one.stamp().expect("a stamp");
    assert!(used.0 / 1_000 >= ahead, "{used:?}");
    let reserved = rig.lease(one.cluster.node()).reserved;
    assert!(two.stamp().expect("a stamp") < used);
    one.crash();
    loop {
        let stamp = two.stamp().expect("a stamp");
        if two.here().len() > ALL / 2 {
            break;
        }
        assert!(stamp < used, "until it owns more");
        wait(ms(10)).await;
    }
    assert!(two.stamp().expect("a stamp") > reserved);
    let floors = Shard::all().map(|shard| rig.shard(shard).expect("owned").floor);
    assert_eq!(floors.filter(|floor| *floor >= reserved).count(), ALL / 2);
}

/// Rule 7: what a renewal of unknown outcome would reserve is not used.
#[tokio::test(start_paused = true)]
async fn only_stamps_that_are_known_to_be_reserved_are_used() {
    let rig = Rig::new();
    let node = rig.node().await;
    wait(ms(2_500)).await;
    let reserved = rig.lease(node.cluster.node()).reserved;
    node.gate.decide(|call| match call {
        Call::Lease(_) => Fate::Lost,
        _ => Fate::Pass,
    });
    node.wall.set(START + 3_600_000);
    wait(ms(2_000)).await;
    assert!(node.held());
    for _ in 0..1_000 {
        if let Some(stamp) = node.stamp() {
            assert!(stamp <= reserved, "{stamp:?} of {reserved:?}");
        }
    }
    assert_eq!(rig.lease(node.cluster.node()).reserved, reserved);
}

/// A wall clock that stands still, or a node that writes much, does not run out of stamps.
#[tokio::test(start_paused = true)]
async fn the_range_of_stamps_moves_on_before_it_ends() {
    let rig = Rig::new();
    let node = rig.node().await;
    for second in 0..20 {
        for _ in 0..10_000 {
            assert!(node.stamp().is_some(), "in second {second}");
        }
        wait(ms(1_000)).await;
    }
}

/// The calls of an idle node: one renewal a second, a look at each other node, the shards, the list.
#[tokio::test(start_paused = true)]
async fn an_idle_node_asks_little_of_the_store() {
    let rig = Rig::new();
    let mut nodes = Vec::new();
    for _ in 0..5 {
        nodes.push(rig.node().await);
    }
    wait(ms(30_000)).await;
    let calls = Arc::new(AtomicU64::new(0));
    for node in &nodes {
        let calls = calls.clone();
        node.gate.decide(move |_| {
            calls.fetch_add(1, Ordering::SeqCst);
            Fate::Pass
        });
    }
    wait(ms(100_000)).await;
    let each = calls.load(Ordering::SeqCst) as f64 / 5.0 / 100.0;
    println!("{each:.2} calls per node and second, of 5 nodes");
    // 1 renewal, 4 leases, 8 groups of shards, 1 list, and a hello each 20 s.
    assert!((13.5..14.5).contains(&each), "{each}");
    assert!(nodes.iter().all(Node::held));
}
