//! A node's own lease: rules 1, 2 and 3.

use caffis_core::{
    cluster::{Ended, JoinError},
    tables::compare_and_set,
};

use super::{
    gate::{Call, Fate},
    *,
};

/// Lets this many renewals be answered, then cuts the node off.
fn renewals<const N: usize>(fates: [Fate; N]) -> impl FnMut(&Call) -> Fate + Send {
    let mut fates = fates.into_iter();
    move |call| match call {
        Call::Lease(_) => fates.next().unwrap_or(Fate::Fail),
        _ => Fate::Pass,
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_lasts_as_long_as_it_is_renewed() {
    let rig = Rig::new();
    let node = rig.node().await;
    let first = rig.lease(node.cluster.node());
    wait(ms(60_000)).await;
    assert!(node.held());
    let later = rig.lease(node.cluster.node());
    assert!((first.beat + 55..first.beat + 65).contains(&later.beat), "{later:?}");
    assert_eq!((later.fenced, later.leaving), (false, false));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_starts_again_is_another_node() {
    let rig = Rig::new();
    let node = rig.node().await;
    node.owns(SHARDS as usize).await;
    let before = node.crash();
    let node = rig.node().await;
    assert_ne!(node.cluster.node(), before);
    // Rule 1: nothing is its own before the lease of its old self has ended.
    wait(ms(4_000)).await;
    assert!(node.here().is_empty());
    node.owns(SHARDS as usize).await;
    assert!(node.here().iter().all(|(_, epoch)| *epoch == 2));
}

/// Rule 1: a process that draws the name of another one does not go on with its lease.
#[tokio::test(start_paused = true)]
async fn a_name_is_used_once() {
    let rig = Rig::new();
    let node = rig.node().await;
    wait(ms(1_500)).await;
    let before = node.crash();
    rig.started.store(1, Ordering::SeqCst);
    assert!(rig.start(Gate::new(rig.store.clone()), 0).await.is_none());
    let other = rig.node().await;
    assert_ne!(other.cluster.node(), before);
}

/// Rule 3: the answer takes 900 ms, and the lease does not begin with it.
#[tokio::test(start_paused = true)]
async fn a_lease_counts_from_the_start_of_a_renewal() {
    let rig = Rig::new();
    let node = rig.node().await;
    wait(ms(500)).await;
    // It starts 1 s after the join.
    node.gate.decide(renewals([Fate::SlowBack(ms(900))]));
    wait(ms(500 + 4_990)).await;
    assert!(node.held());
    wait(ms(20)).await;
    assert!(!node.held());
    assert_eq!(node.cluster.ended().await, Ended::Lapsed);
}

/// Rule 3: what may have taken effect does not count until it is known.
#[tokio::test(start_paused = true)]
async fn a_renewal_of_unknown_outcome_does_not_count() {
    for fate in [Fate::Lost, Fate::Late(ms(6_000))] {
        let rig = Rig::new();
        let node = rig.node().await;
        node.gate.decide(move |call| match call {
            Call::Lease(_) => fate,
            _ => Fate::Pass,
        });
        wait(ms(4_990)).await;
        assert!(node.held());
        wait(ms(20)).await;
        assert!(!node.held(), "{fate:?}");
    }
}

/// Rule 2: the second attempt finds that the first one took effect. Counted is the first one's start.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_not_mistaken_for_an_earlier_one() {
    let rig = Rig::new();
    let node = rig.node().await;
    wait(ms(500)).await;
    let mut attempts = 0;
    node.gate.decide(move |call| match call {
        Call::Lease(_) => {
            attempts += 1;
            match attempts {
                1 => Fate::Written,
                // The next one is late, and its answer says what was there.
                2 => Fate::SlowThere(ms(800)),
                _ => Fate::Fail,
            }
        }
        _ => Fate::Pass,
    });
    wait(ms(500 + 4_990)).await;
    assert!(node.held(), "the first attempt counts");
    wait(ms(20)).await;
    assert!(!node.held(), "the second one does not");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_has_its_own_beat() {
    let rig = Rig::new();
    let node = rig.node().await;
    let beats: Arc<Mutex<Vec<u64>>> = Arc::default();
    let seen = beats.clone();
    let mut random = Random::new(3);
    node.gate.decide(move |call| {
        let Call::Lease(row) = call else { return Fate::Pass };
        seen.lock().expect("not poisoned").push(row.beat);
        *random.pick(&[Fate::Pass, Fate::Lost, Fate::Written, Fate::Late(ms(300)), Fate::Fail])
    });
    wait(ms(30_000)).await;
    let beats = beats.lock().expect("not poisoned");
    assert!(beats.len() > 30, "{beats:?}");
    assert!(beats.is_sorted_by(|a, b| a < b), "{beats:?}");
}

/// Rule 2: a late attempt takes no effect once a later one has.
#[tokio::test(start_paused = true)]
async fn a_late_attempt_changes_nothing() {
    let rig = Rig::new();
    let node = rig.node().await;
    let mut attempts = 0;
    node.gate.decide(move |call| match call {
        Call::Lease(_) => {
            attempts += 1;
            if attempts == 1 { Fate::Late(ms(5_000)) } else { Fate::Pass }
        }
        _ => Fate::Pass,
    });
    wait(ms(20_000)).await;
    assert!(node.held());
}

/// Rule 3: the clock goes on while the machine sleeps. The store would still let it renew.
#[tokio::test(start_paused = true)]
async fn a_lease_is_over_after_a_suspend_and_stays_so() {
    let rig = Rig::new();
    let node = rig.node().await;
    node.owns(SHARDS as usize).await;
    node.boot.suspend(ms(3_000));
    assert!(node.held());
    wait(ms(1_500)).await;
    assert!(node.held(), "it was renewed in time");
    node.boot.suspend(ms(5_000));
    assert!(!node.held());
    wait(ms(3_000)).await;
    assert!(!node.held());
    assert_eq!(node.cluster.ended().await, Ended::Lapsed);
    assert!(!rig.lease(node.cluster.node()).fenced, "nobody else has noticed");
    let owners = node.cluster.shards();
    assert!(Shard::all().all(|shard| owners.owner(shard) == Owner::Nobody));
}

#[tokio::test(start_paused = true)]
async fn a_pause_past_the_lease_ends_it_before_anything_else_runs() {
    let rig = Rig::new();
    let node = rig.node().await;
    // The renewal is answered while the process stands still.
    node.gate.decide(|call| match call {
        Call::Lease(_) => Fate::SlowBack(ms(10)),
        _ => Fate::Pass,
    });
    wait(ms(1_005)).await;
    node.pause.set(true);
    wait(ms(6_000)).await;
    node.pause.set(false);
    wait(ms(2_000)).await;
    assert!(!node.held());
    assert_eq!(node.cluster.ended().await, Ended::Lapsed);
}

#[tokio::test(start_paused = true)]
async fn a_fenced_lease_is_never_held_again() {
    let rig = Rig::new();
    let node = rig.node().await;
    let row = rig.lease(node.cluster.node());
    let fenced = LeaseRow { fenced: true, ..row.clone() };
    compare_and_set(&*rig.store, &row, &fenced).await.expect("writes");
    wait(ms(1_100)).await;
    assert!(!node.held());
    assert_eq!(node.cluster.ended().await, Ended::Fenced);
    wait(ms(20_000)).await;
    assert!(!node.held());
    assert_eq!(rig.lease(node.cluster.node()), fenced);
}

#[tokio::test(start_paused = true)]
async fn joining_goes_on_until_it_is_known() {
    let rig = Rig::new();
    let gate = Gate::new(rig.store.clone());
    gate.decide(renewals([Fate::Lost, Fate::Fail, Fate::Written, Fate::SlowBack(ms(300))]));
    let node = rig.node_on(gate.clone()).await;
    // The third attempt took effect, after 200 ms; the fourth told of it after 300 ms more.
    assert_eq!(rig.lease(node.cluster.node()).beat, 3);
    gate.cut();
    wait(ms(4_590)).await;
    assert!(node.held());
    wait(ms(20)).await;
    assert!(!node.held());
}

#[tokio::test(start_paused = true)]
async fn joining_gives_up_after_the_lease_time() {
    let rig = Rig::new();
    let gate = Gate::new(rig.store.clone());
    gate.cut();
    let start = Instant::now();
    assert!(rig.start(gate, 0).await.is_none());
    assert!((ms(5_000)..ms(5_200)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn settings_that_do_not_fit_are_refused() {
    let rig = Rig::new();
    let wall = ManualClock::at(START);
    let ports = ClusterPorts {
        store: rig.store.clone(),
        clock: wall.clone(),
        boot_clock: SimulatedBootClock::at(Duration::ZERO),
        entropy: Arc::new(Seeded(Mutex::new(Random::new(1)))),
        stamps: Stamps::reserved(wall),
        drain: Rooms::new(),
        address: "here".into(),
    };
    let settings = LeaseSettings { lease_time: ms(2_000), ..settings() };
    let refused = Cluster::join(ports, settings).await.err();
    assert!(matches!(refused, Some(JoinError::Settings(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_process_alone_owns_everything_for_ever() {
    let cluster = Cluster::alone();
    wait(Duration::from_secs(86_400)).await;
    assert!(cluster.lease().held());
    let owners = cluster.shards();
    assert!(Shard::all().all(|shard| owners.owner(shard) == Owner::Here { epoch: 1 }));
    cluster.leave(ms(1_000)).await;
    assert!(cluster.lease().held());
}
