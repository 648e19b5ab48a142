//! The store's suite on the model and on the wrapper that reorders.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use caffis_conformance::{
    clock::ManualClock,
    faulty::{Fault, FaultyStore, LATE, Plan},
    memory::MemoryStore,
    store::{Subject, suite},
};
use caffis_core::ports::store::{
    Atomicity, Batch, Column, ColumnType, Key, Operation, Row, Stamp, Store, StoreError, Table,
    Value,
};

static PLACES: Table = Table {
    name: "places",
    partition: &[Column { name: "id", ty: ColumnType::U64 }],
    clustering: &[],
    values: &[],
};

fn key(id: u64) -> Key {
    Key { partition: vec![Value::U64(id)], clustering: Vec::new() }
}

fn batch(count: u64) -> Batch {
    let put = |id| Operation::Put {
        table: &PLACES,
        row: Row { key: key(id), values: Vec::new() },
        ttl: None,
        fresh: false,
    };
    Batch { operations: (0..count).map(put).collect(), ..Batch::logged(Stamp(1)) }
}

#[tokio::test]
async fn memory() {
    let clock = ManualClock::at(1_000_000);
    let store = Arc::new(MemoryStore::new(clock.clone()));
    suite(Subject::new(store, clock)).await;
}

#[tokio::test(start_paused = true)]
async fn reordering() {
    let clock = ManualClock::at(1_000_000);
    let inner = Arc::new(MemoryStore::new(clock.clone()));
    let plan = Plan::reordering(Duration::from_millis(5));
    let (store, _) = FaultyStore::new(inner, 7, plan);
    suite(Subject::new(Arc::new(store), clock)).await;
}

/// What a reader sees of one batch over 6 partitions, and the answer, for a seed.
async fn watch(seed: u64) -> Vec<Vec<u64>> {
    let inner = Arc::new(MemoryStore::new(ManualClock::at(0)));
    let plan = Plan::reordering(Duration::from_millis(20));
    let (store, _) = FaultyStore::new(inner, seed, plan);
    let store = Arc::new(store);
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move { writer.write(batch(6)).await });
    let mut seen: Vec<Vec<u64>> = Vec::new();
    while !writing.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let mut now = Vec::new();
        for id in 0..6 {
            if store.get(&PLACES, &key(id)).await.unwrap().is_some() {
                now.push(id);
            }
        }
        seen.push(now);
    }
    assert_eq!(writing.await.unwrap(), Ok(()));
    seen
}

#[tokio::test(start_paused = true)]
async fn a_batch_over_partitions_is_seen_in_parts_and_repeats() {
    let first = watch(3).await;
    assert!(first.iter().any(|seen| !seen.is_empty() && seen.len() < 6), "{first:?}");
    assert_eq!(first.last().map(Vec::len), Some(6), "all in the end");
    assert_eq!(watch(3).await, first, "the same seed");
    assert_ne!(watch(4).await, first, "another seed");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_batch_is_written_whole() {
    let inner = Arc::new(MemoryStore::new(ManualClock::at(0)));
    let plan = Plan::reordering(Duration::from_millis(20));
    let (store, _) = FaultyStore::new(inner, 3, plan);
    let cut = tokio::time::timeout(Duration::from_millis(3), store.write(batch(6))).await;
    assert!(cut.is_err(), "the caller goes away in the middle");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for id in 0..6 {
        assert!(store.get(&PLACES, &key(id)).await.unwrap().is_some(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn faults_say_what_happened() {
    let inner = Arc::new(MemoryStore::new(ManualClock::at(0)));
    let (store, faults) = FaultyStore::new(inner, 1, Plan::default());
    let written = async || store.get(&PLACES, &key(0)).await.unwrap().is_some();
    for fault in [Fault::Unavailable, Fault::Full, Fault::UnknownLost] {
        faults.fail_next_write(fault);
        let answer = store.write(batch(1)).await.unwrap_err();
        match fault {
            Fault::Unavailable => assert!(matches!(answer, StoreError::Unavailable(_))),
            Fault::Full => assert_eq!(answer, StoreError::Full),
            _ => assert!(matches!(answer, StoreError::Unknown(_))),
        }
        assert!(!written().await, "{fault:?}");
    }
    faults.fail_next_write(Fault::UnknownWritten);
    assert!(matches!(store.write(batch(1)).await, Err(StoreError::Unknown(_))));
    assert!(written().await);
    faults.fail_next_read(Fault::Unavailable);
    assert!(store.get(&PLACES, &key(0)).await.is_err());
    assert_eq!(faults.injected(), 5);
    faults.set_plan(Plan { unavailable: 1000, ..Plan::default() });
    assert!(store.insert_if_absent(&PLACES, Row { key: key(9), values: vec![] }).await.is_err());
    assert_eq!(store.get(&PLACES, &key(9)).await, Ok(None));
}

/// Which of six rows of six partitions are there after a write that ended as `UnknownPartly`.
async fn partly(batch: Batch, seed: u64) -> Vec<u64> {
    let inner = Arc::new(MemoryStore::new(ManualClock::at(0)));
    let plan = Plan { unknown_partly: 1_000, ..Plan::default() };
    let (store, _) = FaultyStore::new(inner, seed, plan);
    assert!(matches!(store.write(batch).await, Err(StoreError::Unknown(_))));
    let mut found = Vec::new();
    for id in 0..6 {
        if store.get(&PLACES, &key(id)).await.unwrap().is_some() {
            found.push(id);
        }
    }
    found
}

#[tokio::test]
async fn only_a_repairable_batch_is_written_in_part() {
    let repairable = || Batch { atomicity: Atomicity::Repairable, ..batch(6) };
    let mut seen = Vec::new();
    for seed in 0..10 {
        assert!(partly(batch(6), seed).await.is_empty(), "a logged one is not");
        seen.push(partly(repairable(), seed).await);
    }
    assert!(seen.iter().any(|found| (1..6).contains(&found.len())), "{seen:?}");
    assert_eq!(partly(repairable(), 3).await, seen[3], "the same seed");
}

#[tokio::test]
async fn a_late_write_loses_to_a_newer_one() {
    let inner = Arc::new(MemoryStore::new(ManualClock::at(0)));
    let (store, faults) = FaultyStore::new(inner, 1, Plan::default());
    faults.fail_next_write(Fault::UnknownLate);
    tokio::time::pause();
    let put = Batch { stamp: Stamp(5), ..batch(1) };
    assert!(matches!(store.write(put).await, Err(StoreError::Unknown(_))));
    let operations = vec![Operation::Delete { table: &PLACES, key: key(0) }];
    store.write(Batch { operations, ..Batch::partition(Stamp(6)) }).await.unwrap();
    tokio::time::sleep(2 * LATE).await;
    assert_eq!(store.get(&PLACES, &key(0)).await, Ok(None), "it was deleted after that");
}
