//! What the tests of the embedded store share.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    ops::Bound,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use bytes::Bytes;
use caffis_conformance::clock::ManualClock;
use caffis_core::ports::store::{
    Batch, Column, ColumnType, Key, MAX_SCAN_ROWS, Operation, Order, Row, Scan, Stamp, Store,
    StoreError, Table, Value,
};
use caffis_embedded::{EmbeddedStore, Options};

/// The shape of a timeline.
pub(crate) static LOG: Table = Table {
    name: "log",
    partition: &[Column { name: "room", ty: ColumnType::U64 }],
    clustering: &[(Column { name: "position", ty: ColumnType::U64 }, Order::Descending)],
    values: &[Column { name: "body", ty: ColumnType::Bytes }],
};

/// A second table, written together with the first.
pub(crate) static SENT: Table = Table {
    name: "sent",
    partition: &[Column { name: "room", ty: ColumnType::U64 }],
    clustering: &[(Column { name: "client_id", ty: ColumnType::U64 }, Order::Ascending)],
    values: &[Column { name: "position", ty: ColumnType::U64 }],
};

pub(crate) const START: u64 = 1_800_000_000_000;

pub(crate) fn options() -> Options {
    let mut options = Options::new(ManualClock::at(START));
    options.reserve_bytes = 1024 * 1024;
    options
}

pub(crate) fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(path, options()).expect("the store opens")
}

pub(crate) fn key(room: u64, position: u64) -> Key {
    Key { partition: vec![Value::U64(room)], clustering: vec![Value::U64(position)] }
}

/// A message and its `sent` row.
pub(crate) fn message(room: u64, position: u64, size: usize) -> Batch {
    let body = Bytes::from(vec![position as u8; size]);
    let put = |table, values| {
        let row = Row { key: key(room, position), values };
        Operation::Put { table, row, ttl: None, fresh: false }
    };
    let entry = put(&LOG, vec![Value::Bytes(body)]);
    let sent = put(&SENT, vec![Value::U64(position)]);
    Batch { operations: vec![entry, sent], ..Batch::logged(Stamp(1)) }
}

/// Whether both rows of a message are there; panics when one is.
pub(crate) async fn has(store: &EmbeddedStore, room: u64, position: u64) -> bool {
    let key = key(room, position);
    let entry = store.get(&LOG, &key).await.expect("a read").is_some();
    let sent = store.get(&SENT, &key).await.expect("a read").is_some();
    assert_eq!(entry, sent, "half a batch is there: {room} {position}");
    entry
}

/// All rows of a partition.
pub(crate) async fn rows(
    store: &EmbeddedStore,
    table: &'static Table,
    room: u64,
) -> Result<Vec<Row>, StoreError> {
    let scan = Scan {
        table,
        partition: vec![Value::U64(room)],
        from: Bound::Unbounded,
        to: Bound::Unbounded,
        reverse: false,
        limit: MAX_SCAN_ROWS,
    };
    store.scan(scan).await
}

/// Runs one test of this test program in a process of its own.
pub(crate) fn child(test: &str, folder: &Path, round: u64) -> Command {
    let program = std::env::current_exe().expect("this program");
    // The shell ignores the signal of the file size limit, so that writes fail with an error.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("STORE_FOLDER", folder)
        .env("STORE_ROUND", round.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The folder and round that a child was told; none when nobody told it (it is not a child).
pub(crate) fn told() -> Option<(std::path::PathBuf, u64)> {
    let folder = std::env::var_os("STORE_FOLDER")?;
    let round = std::env::var("STORE_ROUND").ok()?.parse().ok()?;
    Some((folder.into(), round))
}

/// A store that tasks share.
pub(crate) fn shared(path: &Path) -> Arc<EmbeddedStore> {
    Arc::new(open(path))
}
