//! Figures, printed: `cargo test --release --workspace --test figures -- --ignored --nocapture`.

#![allow(clippy::expect_used, clippy::disallowed_methods, reason = "measures real time")]

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use caffis_conformance::{clock::ManualClock, memory::MemoryStore};
use caffis_core::{
    cluster::{Cluster, ClusterPorts, Drain, LeaseSettings, Owner, Shard, TokioClock},
    ports::{entropy::Entropy, stamps::Stamps},
};
use caffis_schema::RoomId;

const CALLS: u64 = 20_000_000;

fn print<T>(name: &str, call: impl Fn(u64) -> T) {
    let start = Instant::now();
    for number in 0..CALLS {
        black_box(call(black_box(number)));
    }
    println!("{name}: {:.1} ns", start.elapsed().as_nanos() as f64 / CALLS as f64);
}

struct Nothing;

impl Drain for Nothing {
    fn drain(&self, _: Shard) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }

    fn inherit(&self, _: Vec<(Shard, u64)>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

impl Entropy for Nothing {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

#[tokio::test]
#[ignore = "prints figures"]
async fn asking_who_owns_a_room() {
    let alone = Cluster::alone();
    let clock = ManualClock::at(1_767_225_600_000);
    let ports = ClusterPorts {
        store: Arc::new(MemoryStore::new(clock.clone())),
        clock: clock.clone(),
        boot_clock: Arc::new(TokioClock::default()),
        entropy: Arc::new(Nothing),
        stamps: Stamps::reserved(clock),
        drain: Arc::new(Nothing),
        address: "here".into(),
    };
    let (joined, run) = Cluster::join(ports, LeaseSettings::default()).await.expect("joins");
    tokio::spawn(run);
    let owned = |cluster: &Cluster| {
        let owner = |shard| cluster.shards().owner(shard);
        Shard::all().all(|shard| matches!(owner(shard), Owner::Here { .. }))
    };
    while !owned(&joined) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for (name, cluster) in [("alone", &alone), ("of several", &joined)] {
        print(&format!("{name}, owner_of"), |n| cluster.shards().owner_of(RoomId::from_random(n)));
        print(&format!("{name}, held"), |_| cluster.lease().held());
    }
}
