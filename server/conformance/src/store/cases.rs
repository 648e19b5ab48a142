//! Fixed cases.

use std::{ops::Bound, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::store::{
    Batch, Key, MAX_SCAN_ROWS, Operation, Row, Scan, SharedStore, Store, Table, Value,
};

use super::{
    Subject, stamp,
    tables::{MIXED, NEWEST, PLAIN, RISING},
};

pub(super) fn text(text: &str) -> Value {
    Value::Text(Arc::from(text))
}

fn data(data: &'static [u8]) -> Value {
    Value::Bytes(Bytes::from_static(data))
}

/// Values for the suite's value columns.
pub(super) fn values(number: u64) -> Vec<Value> {
    vec![Value::Bool(number % 2 == 1), Value::U64(number), text("words"), data(b"data")]
}

pub(super) fn put(table: &'static Table, key: Key, values: Vec<Value>) -> Operation {
    Operation::Put { table, row: Row { key, values }, ttl: None, fresh: false }
}

/// A scan of a whole partition.
pub(super) fn all(table: &'static Table, partition: &[Value]) -> Scan {
    Scan {
        table,
        partition: partition.to_vec(),
        from: Bound::Unbounded,
        to: Bound::Unbounded,
        reverse: false,
        limit: MAX_SCAN_ROWS,
    }
}

/// A batch with the next stamp, which asks for as much as the operations allow.
pub(super) fn batch(operations: Vec<Operation>) -> Batch {
    let place = |operation: &Operation| (operation.table().name, operation.partition().to_vec());
    let apart = operations.iter().any(|operation| place(operation) != place(&operations[0]));
    let batch = if apart { Batch::logged(stamp()) } else { Batch::partition(stamp()) };
    Batch { operations, ..batch }
}

pub(super) async fn write(store: &dyn Store, operations: Vec<Operation>) {
    store.write(batch(operations)).await.expect("a write");
}

async fn clusterings(store: &dyn Store, scan: Scan) -> Vec<Vec<Value>> {
    let rows = store.scan(scan).await.expect("a scan");
    rows.into_iter().map(|row| row.key.clustering).collect()
}

fn room(room: u64) -> Vec<Value> {
    vec![Value::U64(room), Value::U64(0)]
}

fn at(of: u64, position: u64) -> Key {
    Key { partition: room(of), clustering: vec![Value::U64(position)] }
}

pub(super) async fn every_type(store: &dyn Store) {
    for flag in [false, true] {
        for number in [0, 1, (1 << 63) - 1] {
            let key = Key {
                partition: vec![Value::Bool(flag), data(b"\x00\xff\x00"), text("日本\u{0}")],
                clustering: vec![
                    text("\u{10ffff}"),
                    data(b"\xff\xff"),
                    Value::U64(number),
                    Value::Bool(!flag),
                ],
            };
            let row = Row {
                key: key.clone(),
                values: vec![Value::Bool(flag), Value::U64(number), text("🙂"), data(b"\x00")],
            };
            assert_eq!(store.get(&RISING, &key).await, Ok(None));
            write(store, vec![put(&RISING, key.clone(), row.values.clone())]).await;
            assert_eq!(store.get(&RISING, &key).await, Ok(Some(row)));
        }
    }
}

pub(super) async fn null_and_empty(store: &dyn Store) {
    let key = |id: &str| Key { partition: vec![text(id)], clustering: Vec::new() };
    for (id, values) in [
        ("", vec![Value::Null, Value::Null, Value::Null, Value::Null]),
        ("empty", vec![Value::Bool(false), Value::U64(0), text(""), data(b"")]),
    ] {
        let row = Row { key: key(id), values };
        write(store, vec![put(&PLAIN, row.key.clone(), row.values.clone())]).await;
        assert_eq!(store.get(&PLAIN, &key(id)).await, Ok(Some(row)), "null is not empty");
    }
}

/// Bytes and text with 0x00 and 0xff, and prefixes of each other, lie in byte order.
pub(super) async fn bytes_in_order(store: &dyn Store) {
    let partition = vec![Value::Bool(true), data(b""), text("")];
    let ordered: Vec<&'static [u8]> = vec![
        b"",
        b"\x00",
        b"\x00\x00",
        b"\x00\x00\x01",
        b"\x00\x01",
        b"\x00\xff",
        b"\x01",
        b"a",
        b"a\x00",
        b"a\x00\xff",
        b"a\x01",
        b"aa",
        b"a\xff",
        b"b",
        b"\xfe",
        b"\xff",
        b"\xff\x00",
        b"\xff\xff",
    ];
    let clustering = |bytes| vec![text("a\u{0}"), data(bytes), Value::U64(1), Value::Bool(false)];
    let operations = ordered.iter().rev().map(|bytes| {
        let key = Key { partition: partition.clone(), clustering: clustering(bytes) };
        put(&RISING, key, values(1))
    });
    write(store, operations.collect()).await;
    let found = clusterings(store, all(&RISING, &partition)).await;
    let expected: Vec<_> = ordered.iter().map(|bytes| clustering(bytes)).collect();
    assert_eq!(found, expected);
}

pub(super) async fn mixed_orders(store: &dyn Store) {
    let partition = vec![Value::U64(1)];
    let rows: Vec<Vec<Value>> = [
        ("b", 1, b"z".as_slice()),
        ("b", 1, b"a\x00"),
        ("b", 1, b"a"),
        ("b", 1, b""),
        ("b", 2, b"z"),
        ("a\u{0}", 0, b""),
        ("a", 9, b""),
        ("", 0, b"\xff"),
        ("", 0, b"\x00"),
    ]
    .map(|(words, number, bytes)| vec![text(words), Value::U64(number), data(bytes)])
    .to_vec();
    let operations = rows.iter().rev().map(|clustering| {
        let key = Key { partition: partition.clone(), clustering: clustering.clone() };
        put(&MIXED, key, values(1))
    });
    write(store, operations.collect()).await;
    assert_eq!(clusterings(store, all(&MIXED, &partition)).await, rows);
    let mut scan = all(&MIXED, &partition);
    scan.from = Bound::Included(vec![text("b"), Value::U64(1)]);
    scan.to = Bound::Included(vec![text("b"), Value::U64(1)]);
    assert_eq!(clusterings(store, scan.clone()).await, rows[0..4]);
    scan.from = Bound::Excluded(vec![text("b")]);
    scan.to = Bound::Excluded(vec![text("")]);
    assert_eq!(clusterings(store, scan.clone()).await, rows[5..7]);
    scan.reverse = true;
    scan.limit = 1;
    assert_eq!(clusterings(store, scan).await, rows[6..7]);
}

/// Every kind of bound on a descending column; `from` is the larger value.
pub(super) async fn bounds(store: &dyn Store) {
    write(store, (1..=9).map(|n| put(&NEWEST, at(2, n), values(n))).collect()).await;
    let bound = |kind, n| match kind {
        0 => Bound::Unbounded,
        1 => Bound::Included(vec![Value::U64(n)]),
        _ => Bound::Excluded(vec![Value::U64(n)]),
    };
    for (from, to) in [(7, 3), (3, 7), (5, 5), (0, 0), (100, 0), (9, 1)] {
        for (from_kind, to_kind) in [0, 1, 2].iter().flat_map(|f| [0, 1, 2].map(|t| (*f, t))) {
            let expected: Vec<_> = (1..=9)
                .rev()
                .filter(|n| from_kind == 0 || *n < from || (from_kind == 1 && *n == from))
                .filter(|n| to_kind == 0 || *n > to || (to_kind == 1 && *n == to))
                .map(|n| vec![Value::U64(n)])
                .collect();
            let mut scan = all(&NEWEST, &room(2));
            scan.from = bound(from_kind, from);
            scan.to = bound(to_kind, to);
            for limit in [0, 1, 3, 100] {
                scan.limit = limit;
                scan.reverse = false;
                let forward: Vec<_> = expected.iter().take(limit).cloned().collect();
                assert_eq!(clusterings(store, scan.clone()).await, forward, "{scan:?}");
                scan.reverse = true;
                let back: Vec<_> = expected.iter().rev().take(limit).cloned().collect();
                assert_eq!(clusterings(store, scan.clone()).await, back, "{scan:?}");
            }
        }
    }
}

/// Partitions whose columns run together to the same bytes are still different ones.
pub(super) async fn partitions_are_apart(store: &dyn Store) {
    let partitions = [("a", "b"), ("ab", ""), ("", "ab"), ("a\u{0}", "b"), ("a", "\u{0}b")];
    let partition = |(bytes, words): (&'static str, &str)| {
        vec![Value::Bool(false), data(bytes.as_bytes()), text(words)]
    };
    let clustering = vec![text("x"), data(b"x"), Value::U64(1), Value::Bool(true)];
    for (number, of) in partitions.into_iter().enumerate() {
        let key = Key { partition: partition(of), clustering: clustering.clone() };
        write(store, vec![put(&RISING, key, values(number as u64))]).await;
    }
    for (number, of) in partitions.into_iter().enumerate() {
        let rows = store.scan(all(&RISING, &partition(of))).await.expect("a scan");
        assert_eq!(rows.len(), 1, "{of:?}");
        assert_eq!(rows[0].values, values(number as u64), "{of:?}");
    }
}

pub(super) async fn deletes(store: &dyn Store) {
    let operations = (1..=6).flat_map(|n| [4, 5].map(|of| put(&NEWEST, at(of, n), values(n))));
    write(store, operations.collect()).await;
    write(store, vec![Operation::Delete { table: &NEWEST, key: at(4, 6) }]).await;
    write(store, vec![Operation::Delete { table: &NEWEST, key: at(4, 99) }]).await;
    let range = |from, to| Operation::DeleteRange { table: &NEWEST, partition: room(4), from, to };
    write(
        store,
        vec![range(Bound::Excluded(vec![Value::U64(5)]), Bound::Included(vec![Value::U64(3)]))],
    )
    .await;
    let left = clusterings(store, all(&NEWEST, &room(4))).await;
    assert_eq!(left, [5, 2, 1].map(|n| vec![Value::U64(n)]));
    write(store, vec![range(Bound::Unbounded, Bound::Unbounded)]).await;
    assert_eq!(clusterings(store, all(&NEWEST, &room(4))).await.len(), 0);
    assert_eq!(clusterings(store, all(&NEWEST, &room(5))).await.len(), 6, "another partition");
}

pub(super) async fn table_without_clustering(store: &dyn Store) {
    let partition = vec![text("alone")];
    let key = Key { partition: partition.clone(), clustering: Vec::new() };
    write(store, vec![put(&PLAIN, key.clone(), values(1))]).await;
    let row = Row { key: key.clone(), values: values(1) };
    assert_eq!(store.scan(all(&PLAIN, &partition)).await, Ok(vec![row]));
    assert_eq!(store.scan(all(&PLAIN, &[text("alon")])).await, Ok(Vec::new()));
    let (from, to) = (Bound::Unbounded, Bound::Unbounded);
    write(store, vec![Operation::DeleteRange { table: &PLAIN, partition, from, to }]).await;
    assert_eq!(store.get(&PLAIN, &key).await, Ok(None));
}

/// While one task rewrites two rows of a partition together, another must never see one of them
/// without the other.
pub(super) async fn partition_is_isolated(store: &SharedStore) {
    write(&**store, (1..=2).map(|n| put(&NEWEST, at(6, n), values(0))).collect()).await;
    let writer = SharedStore::clone(store);
    let writing = tokio::spawn(async move {
        for round in 1..=200 {
            let operations = (1..=2).map(|n| put(&NEWEST, at(6, n), values(round)));
            write(&*writer, operations.collect()).await;
        }
    });
    let mut last = 0;
    while !writing.is_finished() {
        let rows = store.scan(all(&NEWEST, &room(6))).await.expect("a scan");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].values, rows[1].values, "half a write was seen");
        let Value::U64(round) = rows[0].values[1] else { panic!("not a number") };
        assert!(round >= last, "a write was taken back");
        last = round;
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer ends");
}

pub(super) async fn time_to_live(subject: &Subject) {
    let store = &*subject.store;
    let short = |n, ttl: Option<u64>| Operation::Put {
        table: &NEWEST,
        row: Row { key: at(7, n), values: values(n) },
        ttl: ttl.map(Duration::from_secs),
        fresh: false,
    };
    let left = || clusterings(store, all(&NEWEST, &room(7)));
    write(store, vec![short(1, Some(3)), short(2, Some(30)), short(3, None), short(4, Some(3))])
        .await;
    assert_eq!(left().await.len(), 4);
    write(store, vec![short(4, None)]).await;
    (subject.pass_time)(Duration::from_secs(4)).await;
    assert_eq!(store.get(&NEWEST, &at(7, 1)).await, Ok(None));
    assert_eq!(left().await, [4, 3, 2].map(|n| vec![Value::U64(n)]), "4 was written anew");
    let mut limited = all(&NEWEST, &room(7));
    limited.limit = 1;
    limited.reverse = true;
    assert_eq!(clusterings(store, limited).await, [vec![Value::U64(2)]], "limits count live rows");
}
