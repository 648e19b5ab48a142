//! What batches declare, and reading many rows at once.

use std::{ops::Bound, time::Duration};

use bytes::Bytes;
use caffis_core::ports::store::{
    Atomicity, Batch, Key, MAX_GET_KEYS, Operation, Row, Stamp, Store, StoreError, StoreLimits,
    Value,
};

use super::{
    Subject,
    cases::{all, batch, put, text, values, write},
    stamp,
    tables::{NEWEST, PLAIN},
};

fn at(room: u64, position: u64) -> Key {
    Key { partition: vec![Value::U64(room), Value::U64(0)], clustering: vec![Value::U64(position)] }
}

fn plain(id: &str) -> Key {
    Key { partition: vec![text(id)], clustering: Vec::new() }
}

async fn refused(store: &dyn Store, batch: Batch) {
    let answer = store.write(batch.clone()).await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?} for {batch:?}");
}

/// Whatever a batch declares, all of it is there once it was answered.
pub(super) async fn every_atomicity(store: &dyn Store) {
    for (room, atomicity) in
        [(900, Atomicity::Partition), (902, Atomicity::Repairable), (904, Atomicity::Logged)]
    {
        let mut keys = vec![at(room, 1), at(room, 2)];
        if atomicity != Atomicity::Partition {
            keys.push(at(room + 1, 1));
        }
        let operations = keys.iter().map(|key| put(&NEWEST, key.clone(), values(room))).collect();
        let written = store.write(Batch { stamp: stamp(), atomicity, operations }).await;
        assert_eq!(written, Ok(()), "{atomicity:?}");
        let found = store.get_many(&NEWEST, &keys).await.expect("a read");
        assert!(found.iter().all(Option::is_some), "{atomicity:?}: {found:?}");
    }
}

/// Batches that are not what they declare: refused where the store checks it.
pub(super) async fn declarations(store: &dyn Store) {
    let row = |room, position| put(&NEWEST, at(room, position), values(1));
    let delete = |room, position| Operation::Delete { table: &NEWEST, key: at(room, position) };
    let range = |room| Operation::DeleteRange {
        table: &NEWEST,
        partition: at(room, 0).partition,
        from: Bound::Included(vec![Value::U64(9)]),
        to: Bound::Excluded(vec![Value::U64(3)]),
    };
    let partition = |operations| Batch { operations, ..Batch::partition(stamp()) };
    let logged = |operations| Batch { operations, ..Batch::logged(stamp()) };
    refused(store, partition(vec![row(910, 1), row(911, 1)])).await;
    refused(store, partition(vec![row(910, 1), put(&PLAIN, plain("910"), values(1))])).await;
    refused(store, logged(vec![row(910, 1), row(911, 1), row(910, 1)])).await;
    refused(store, logged(vec![row(910, 1), delete(910, 1)])).await;
    refused(store, logged(vec![delete(910, 1), row(910, 1)])).await;
    refused(store, logged(vec![range(910), row(910, 4)])).await;
    refused(store, logged(vec![row(910, 9), range(910)])).await;
    assert_eq!(store.scan(all(&NEWEST, &at(910, 0).partition)).await, Ok(Vec::new()));

    write(store, vec![row(910, 9), row(910, 4)]).await;
    // Beside the range, and in the same range of another partition.
    write(store, vec![range(910), row(910, 3), row(910, 10), row(911, 4)]).await;
    let rows = store.scan(all(&NEWEST, &at(910, 0).partition)).await.expect("a scan");
    let found: Vec<_> = rows.into_iter().map(|row| row.key.clustering).collect();
    assert_eq!(found, [10, 3].map(|position| vec![Value::U64(position)]));
    let mut twice = logged(vec![row(912, 1), delete(912, 1), put(&NEWEST, at(912, 1), values(7))]);
    twice.merge();
    assert_eq!(store.write(twice).await, Ok(()), "merged, it is one write");
    let found = store.get(&NEWEST, &at(912, 1)).await.expect("a read").expect("the row");
    assert_eq!(found.values, values(7), "the last one counts");
}

pub(super) async fn stamps_have_bounds(store: &dyn Store) {
    for number in [0, 1 << 63, u64::MAX] {
        let operations = vec![put(&NEWEST, at(920, 1), values(1))];
        refused(store, Batch { operations, ..Batch::partition(Stamp(number)) }).await;
    }
    assert_eq!(store.get(&NEWEST, &at(920, 1)).await, Ok(None));
}

pub(super) async fn batches_have_limits(store: &dyn Store) {
    let limits = store.limits();
    assert!(limits.batch_operations <= StoreLimits::MAX.batch_operations, "{limits:?}");
    assert!(limits.batch_bytes <= StoreLimits::MAX.batch_bytes, "{limits:?}");
    let piece = 512 * 1024;
    let large = |position| {
        let mut values = values(1);
        values[3] = Value::Bytes(Bytes::from(vec![7; piece]));
        put(&NEWEST, at(930, position), values)
    };
    let too_many = limits.batch_bytes / piece + 1;
    refused(store, batch((0..too_many as u64).map(large).collect())).await;
    assert_eq!(store.get(&NEWEST, &at(930, 0)).await, Ok(None));
}

/// A row that was never written, with absent columns: it reads back like another.
pub(super) async fn fresh_rows(store: &dyn Store) {
    let row =
        Row { key: at(940, 1), values: vec![Value::Null, Value::U64(1), Value::Null, Value::Null] };
    let fresh = Operation::Put { table: &NEWEST, row: row.clone(), ttl: None, fresh: true };
    let batch = Batch { operations: vec![fresh], ..Batch::partition(stamp()) };
    for _ in 0..2 {
        assert_eq!(store.write(batch.clone()).await, Ok(()), "and a retry");
        assert_eq!(store.get(&NEWEST, &at(940, 1)).await, Ok(Some(row.clone())));
    }
    let absent = Row { values: vec![const { Value::Null }; 4], ..row };
    write(store, vec![put(&NEWEST, absent.key.clone(), absent.values.clone())]).await;
    assert_eq!(store.get(&NEWEST, &at(940, 1)).await, Ok(Some(absent)), "a row without values");
}

pub(super) async fn many_keys(subject: &Subject) {
    let store = &*subject.store;
    let row = |position| Row { key: at(950 + position % 3, position), values: values(position) };
    let operations = (0..100).map(|position| {
        let ttl = (position == 7).then(|| Duration::from_secs(3));
        Operation::Put { table: &NEWEST, row: row(position), ttl, fresh: false }
    });
    write(store, operations.collect()).await;
    (subject.pass_time)(Duration::from_secs(4)).await;
    let asked: Vec<u64> = vec![99, 0, 3, 100, 3, 7, 1, 500];
    let keys: Vec<Key> = asked.iter().map(|position| row(*position).key).collect();
    let found = store.get_many(&NEWEST, &keys).await;
    let there = |position: u64| position < 100 && position != 7;
    let expected = asked.iter().map(|position| there(*position).then(|| row(*position))).collect();
    assert_eq!(found, Ok(expected));
    assert_eq!(store.get_many(&NEWEST, &[]).await, Ok(Vec::new()));

    let most: Vec<Key> = (0..MAX_GET_KEYS as u64).map(|position| row(position).key).collect();
    let found = store.get_many(&NEWEST, &most).await.expect("as many as are allowed");
    assert_eq!(found.len(), MAX_GET_KEYS);
    assert_eq!(found.iter().flatten().count(), 99);
    let mut more = most.clone();
    more.push(row(1).key);
    let mut bad = row(1).key;
    bad.clustering.clear();
    for keys in [&more[..], &[row(1).key, bad][..]] {
        let answer = store.get_many(&NEWEST, keys).await;
        assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?}");
    }
}
