//! Writes that arrive in another order than their stamps: for stores with several writers.

use std::{ops::Bound, time::Duration};

use caffis_core::ports::store::{Atomicity, Batch, Key, Operation, Row, Stamp, Store, Value};

use super::{
    Subject,
    cases::{all, put, values},
    tables::NEWEST,
};

/// A room's rows with stamps of its own.
struct Room<'a> {
    store: &'a dyn Store,
    room: u64,
}

impl Room<'_> {
    fn key(&self, position: u64) -> Key {
        let partition = vec![Value::U64(self.room), Value::U64(0)];
        Key { partition, clustering: vec![Value::U64(position)] }
    }

    async fn write(&self, stamp: u64, operation: Operation) {
        let (stamp, atomicity) = (Stamp(stamp), Atomicity::Partition);
        let batch = Batch { stamp, atomicity, operations: vec![operation] };
        self.store.write(batch).await.expect("a write");
    }

    async fn put(&self, stamp: u64, position: u64) {
        self.write(stamp, put(&NEWEST, self.key(position), values(stamp))).await;
    }

    async fn put_for(&self, stamp: u64, position: u64, seconds: u64) {
        let row = Row { key: self.key(position), values: values(stamp) };
        let ttl = Some(Duration::from_secs(seconds));
        self.write(stamp, Operation::Put { table: &NEWEST, row, ttl, fresh: false }).await;
    }

    async fn delete(&self, stamp: u64, position: u64) {
        self.write(stamp, Operation::Delete { table: &NEWEST, key: self.key(position) }).await;
    }

    /// Deletes from the position `from` down to `to`.
    async fn delete_range(&self, stamp: u64, from: u64, to: u64) {
        let range = Operation::DeleteRange {
            table: &NEWEST,
            partition: self.key(0).partition,
            from: Bound::Included(vec![Value::U64(from)]),
            to: Bound::Included(vec![Value::U64(to)]),
        };
        self.write(stamp, range).await;
    }

    /// The stamps of the rows that are there, by position.
    async fn found(&self) -> Vec<(u64, u64)> {
        let rows = self.store.scan(all(&NEWEST, &self.key(0).partition)).await.expect("a scan");
        let number = |value: &Value| match value {
            Value::U64(number) => *number,
            other => panic!("not a number: {other:?}"),
        };
        let mut found = Vec::new();
        for row in rows {
            let stamp = number(&row.values[1]);
            assert_eq!(row.values, values(stamp), "all columns are of one write");
            let got = self.store.get(&NEWEST, &row.key).await;
            found.push((number(&row.key.clustering[0]), stamp));
            assert_eq!(got, Ok(Some(row)), "a scan and a get agree");
        }
        found.reverse();
        found
    }
}

pub(super) async fn larger_stamps_win(store: &dyn Store) {
    let room = Room { store, room: 800 };
    room.put(20, 1).await;
    room.put(10, 1).await;
    room.delete(19, 1).await;
    assert_eq!(room.found().await, [(1, 20)], "older writes do nothing");
    room.delete(20, 1).await;
    assert_eq!(room.found().await, [], "at equal stamps the delete wins");
    room.put(20, 1).await;
    room.put(15, 1).await;
    assert_eq!(room.found().await, [], "an older write does not undelete");
    room.put(21, 1).await;
    assert_eq!(room.found().await, [(1, 21)]);
    room.put(21, 1).await;
    assert_eq!(room.found().await, [(1, 21)], "a retry");
}

pub(super) async fn tombstones_stay_where_nothing_was(store: &dyn Store) {
    let room = Room { store, room: 801 };
    room.delete(20, 1).await;
    room.delete_range(20, 9, 5).await;
    for position in 1..=10 {
        room.put(10, position).await;
    }
    assert_eq!(room.found().await, [(2, 10), (3, 10), (4, 10), (10, 10)]);
    room.put(30, 1).await;
    room.put(30, 7).await;
    let found = [(1, 30), (2, 10), (3, 10), (4, 10), (7, 30), (10, 10)];
    assert_eq!(room.found().await, found);
}

pub(super) async fn ranges_take_what_is_older(store: &dyn Store) {
    let room = Room { store, room: 802 };
    for (stamp, position) in [(10, 1), (30, 2), (20, 3), (21, 4), (10, 9)] {
        room.put(stamp, position).await;
    }
    room.delete_range(20, 8, 1).await;
    assert_eq!(room.found().await, [(2, 30), (4, 21), (9, 10)]);
    // An older range that arrives later, and overlaps.
    room.delete_range(15, 10, 4).await;
    assert_eq!(room.found().await, [(2, 30), (4, 21)]);
    room.put(19, 5).await;
    room.put(14, 10).await;
    room.put(16, 9).await;
    assert_eq!(room.found().await, [(2, 30), (4, 21), (9, 16)]);
    room.delete_range(40, 100, 0).await;
    room.put(39, 2).await;
    assert_eq!(room.found().await, []);
}

/// A row whose time is over has been written all the same: an older write does not show instead.
pub(super) async fn ended_rows_keep_their_stamp(subject: &Subject) {
    let room = Room { store: &*subject.store, room: 803 };
    room.put_for(20, 1, 3).await;
    room.put(10, 1).await;
    room.put(10, 2).await;
    room.put_for(20, 2, 3).await;
    // A row that stays, over one that ends; the older one comes later.
    room.put(20, 3).await;
    room.put_for(10, 3, 3).await;
    (subject.pass_time)(Duration::from_secs(4)).await;
    assert_eq!(room.found().await, [(3, 20)]);
    room.put(19, 1).await;
    room.put(21, 2).await;
    assert_eq!(room.found().await, [(2, 21), (3, 20)]);
}
