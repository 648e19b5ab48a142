//! Requests that do not fit give `Invalid` and write nothing; requests at the limit are served.

use std::{ops::Bound, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::{
    check::MAX_ROW_BYTES,
    store::{Batch, Key, MAX_SCAN_ROWS, Operation, Row, Scan, Store, StoreError, Table, Value},
};

use super::{
    cases::{all, batch, put, text, values},
    stamp,
    tables::{CLAIMS, NEWEST, PLAIN},
};

fn newest(room: u64, position: u64) -> Key {
    Key { partition: vec![Value::U64(room), Value::U64(0)], clustering: vec![Value::U64(position)] }
}

/// A good row and then one that does not fit.
async fn refused(store: &dyn Store, table: &'static Table, row: Row, ttl: Option<Duration>) {
    let good = Row { key: newest(700, 1), values: values(1) };
    let operations = vec![
        Operation::Put { table: &NEWEST, row: good.clone(), ttl: None, fresh: false },
        Operation::Put { table, row: row.clone(), ttl, fresh: false },
    ];
    let answer = store.write(Batch { operations, ..Batch::logged(stamp()) }).await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?} for {row:?} {ttl:?}");
    assert_eq!(store.get(&NEWEST, &good.key).await, Ok(None), "nothing was written");
}

pub(super) async fn requests_that_do_not_fit(store: &dyn Store) {
    let row = |key: Key, values: Vec<Value>| Row { key, values };
    let mut short = newest(700, 2);
    short.clustering.clear();
    refused(store, &NEWEST, row(short, values(1)), None).await;
    let mut long = newest(700, 2);
    long.partition.push(Value::U64(1));
    refused(store, &NEWEST, row(long, values(1)), None).await;
    refused(store, &NEWEST, row(newest(700, 1 << 63), values(1)), None).await;
    refused(store, &NEWEST, row(newest(u64::MAX, 1), values(1)), None).await;
    refused(store, &NEWEST, row(newest(700, 2), vec![Value::Null]), None).await;
    let mut wrong = newest(700, 2);
    wrong.clustering = vec![text("2")];
    refused(store, &NEWEST, row(wrong, values(1)), None).await;
    let mut null = newest(700, 2);
    null.partition[1] = Value::Null;
    refused(store, &NEWEST, row(null, values(1)), None).await;
    let mut typed = values(1);
    typed[0] = Value::U64(1);
    refused(store, &NEWEST, row(newest(700, 2), typed), None).await;
    let mut large = values(1);
    large[1] = Value::U64(1 << 63);
    refused(store, &NEWEST, row(newest(700, 2), large), None).await;
    let mut big = values(1);
    big[3] = Value::Bytes(Bytes::from(vec![7; MAX_ROW_BYTES + 1]));
    refused(store, &NEWEST, row(newest(700, 2), big), None).await;
    let far = Key { partition: vec![text(&"k".repeat(20_000))], clustering: Vec::new() };
    refused(store, &PLAIN, row(far, values(1)), None).await;
    let good = row(newest(700, 2), values(1));
    refused(store, &NEWEST, good.clone(), Some(Duration::ZERO)).await;
    refused(store, &NEWEST, good, Some(Duration::from_millis(1_500))).await;

    let mut scan = all(&NEWEST, &newest(700, 0).partition);
    scan.limit = MAX_SCAN_ROWS + 1;
    invalid(store, scan.clone()).await;
    scan.limit = 1;
    scan.from = Bound::Included(vec![Value::U64(1), Value::U64(2)]);
    invalid(store, scan.clone()).await;
    scan.from = Bound::Excluded(vec![text("1")]);
    invalid(store, scan.clone()).await;
    scan.from = Bound::Unbounded;
    scan.partition.pop();
    invalid(store, scan).await;

    let delete = |position| Operation::Delete { table: &NEWEST, key: newest(700, position) };
    let operations = (0..=store.limits().batch_operations as u64).map(delete).collect();
    let answer = store.write(batch(operations)).await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?}");
    let short = Row {
        key: Key { partition: vec![text("short")], clustering: Vec::new() },
        values: vec![Value::Null],
    };
    let answer = store.insert_if_absent(&CLAIMS, short.clone()).await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?}");
    let answer = store
        .compare_and_set(&CLAIMS, short.key, vec![Value::Null, Value::Null], vec![Value::Null])
        .await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?}");
}

async fn invalid(store: &dyn Store, scan: Scan) {
    let answer = store.scan(scan.clone()).await;
    assert!(matches!(answer, Err(StoreError::Invalid { .. })), "{answer:?} for {scan:?}");
}

pub(super) async fn requests_at_the_limit(store: &dyn Store) {
    assert_eq!(store.write(batch(Vec::new())).await, Ok(()), "an empty batch");
    let positions = store.limits().batch_operations as u64;
    let operations = (0..positions)
        .map(|position| put(&NEWEST, newest(701, position), values(position)))
        .collect();
    assert_eq!(store.write(batch(operations)).await, Ok(()), "the largest batch");
    let mut scan = all(&NEWEST, &newest(701, 0).partition);
    scan.limit = MAX_SCAN_ROWS;
    let rows = store.scan(scan).await.expect("the largest scan");
    let found: Vec<_> = rows.iter().map(|row| row.key.clustering[0].clone()).collect();
    let expected: Vec<_> = (0..positions).rev().map(Value::U64).collect();
    assert_eq!(found, expected);
    let mut large = values(1);
    large[2] = Value::Null;
    large[3] = Value::Bytes(Bytes::from(vec![7; MAX_ROW_BYTES - 9]));
    let row = Row { key: newest(702, 1), values: large };
    let operations = vec![put(&NEWEST, row.key.clone(), row.values.clone())];
    assert_eq!(store.write(batch(operations)).await, Ok(()), "the largest row");
    assert_eq!(store.get(&NEWEST, &row.key).await, Ok(Some(row)));
    let long: Arc<str> = Arc::from("\u{0}".repeat(16 * 1024));
    let key = Key { partition: vec![Value::Text(long)], clustering: Vec::new() };
    let operations = vec![put(&PLAIN, key.clone(), values(3))];
    assert_eq!(store.write(batch(operations)).await, Ok(()), "the longest key");
    assert_eq!(store.get(&PLAIN, &key).await, Ok(Some(Row { key, values: values(3) })));
}
