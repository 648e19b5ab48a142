//! Backup of a store under load, and what restore accepts.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_conformance::clock::ManualClock;
use caffis_core::ports::store::{Batch, Operation, Row, Stamp, Store, Value};
use caffis_embedded::{BackupReport, EmbeddedStore, RestoreError, restore};
use common::{LOG, SENT, START, has, key, message, open, rows, shared};

fn clock() -> Arc<ManualClock> {
    ManualClock::at(START)
}

async fn backup(store: &Arc<EmbeddedStore>) -> (Vec<u8>, BackupReport) {
    let store = Arc::clone(store);
    let copy = move || {
        let mut file = Vec::new();
        let report = store.backup(&mut file, |_| ()).expect("a backup");
        (file, report)
    };
    tokio::task::spawn_blocking(copy).await.unwrap()
}

fn left(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load() {
    const WRITERS: u64 = 6;
    let folder = tempfile::tempdir().unwrap();
    let store = shared(&folder.path().join("live"));
    let acknowledged: Arc<Vec<AtomicU64>> = Arc::new((0..WRITERS).map(|_| 0.into()).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
        let acknowledged = Arc::clone(&acknowledged);
        tasks.spawn(async move {
            for position in 1.. {
                store.write(message(writer, position, 200)).await.expect("a write");
                acknowledged[writer as usize].store(position, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
    }
    while acknowledged.iter().any(|count| count.load(Ordering::SeqCst) < 100) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before: Vec<_> = acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    let (file, report) = backup(&store).await;
    stop.store(true, Ordering::SeqCst);
    tasks.join_all().await;

    let path = folder.path().join("copy");
    assert_eq!(restore(file.as_slice(), &path, clock()).expect("a restore"), report);
    assert_eq!((report.tables, report.bytes), (2, file.len() as u64));
    let copy = open(&path);
    let mut total = 0;
    for writer in 0..WRITERS {
        let found = rows(&copy, &LOG, writer).await.unwrap();
        let live = rows(&store, &LOG, writer).await.unwrap();
        assert!(found.len() as u64 >= before[writer as usize], "an acknowledged row is missing");
        assert_eq!(found, live[live.len() - found.len()..], "one point in time");
        assert_eq!(rows(&copy, &SENT, writer).await.unwrap().len(), found.len());
        assert!(has(&copy, writer, found.len() as u64).await);
        total += 2 * found.len() as u64;
    }
    assert_eq!(report.rows, total);
    copy.write(message(1, 1_000_000, 10)).await.expect("the copy can be written");
    drop(copy);
    assert!(has(&open(&path), 1, 1_000_000).await);
    assert_eq!(left(folder.path()).len(), 2, "nothing is left beside");
}

/// A backup of more than one frame, with an expiring row and a deleted one.
async fn sample(folder: &Path) -> Vec<u8> {
    let store = shared(folder);
    for position in 0..200 {
        store.write(message(position % 5, position, 2_000)).await.unwrap();
    }
    let row = Row { key: key(9, 9), values: vec![Value::U64(9)] };
    let ttl = Some(Duration::from_secs(60));
    let operations = vec![
        Operation::Put { table: &SENT, row, ttl, fresh: false },
        Operation::Delete { table: &LOG, key: key(0, 0) },
        Operation::Delete { table: &SENT, key: key(0, 0) },
    ];
    store.write(Batch { operations, ..Batch::logged(Stamp(1)) }).await.unwrap();
    backup(&store).await.0
}

#[tokio::test]
async fn rows_keep_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = sample(&folder.path().join("live")).await;
    let path = folder.path().join("deep/er/copy");
    fs::create_dir_all(&path).unwrap();
    restore(file.as_slice(), &path, clock()).expect("an empty folder is fine");
    let clock = clock();
    let store = EmbeddedStore::open(&path, caffis_embedded::Options::new(clock.clone())).unwrap();
    assert!(store.get(&SENT, &key(9, 9)).await.unwrap().is_some());
    assert!(!has(&store, 0, 0).await, "it was deleted");
    clock.advance(Duration::from_secs(61));
    assert!(store.get(&SENT, &key(9, 9)).await.unwrap().is_none());
}

#[tokio::test]
async fn damaged_files_are_refused_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = sample(&folder.path().join("live")).await;
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("copy");
    let refused = |bytes: &[u8]| {
        let error = restore(bytes, &path, clock()).expect_err("a refusal");
        assert_eq!(left(target.path()), Vec::<String>::new(), "{error}");
        error
    };
    for length in [0, 7, 23, 24, 25, 40, file.len() / 2, file.len() - 9, file.len() - 1] {
        let error = refused(&file[..length]);
        assert!(matches!(error, RestoreError::Damaged(_)), "cut to {length}: {error}");
    }
    for at in (24..file.len()).step_by(file.len() / 40) {
        let mut bytes = file.clone();
        bytes[at] ^= 0x20;
        let error = refused(&bytes);
        assert!(matches!(error, RestoreError::Damaged(_)), "bit at {at}: {error}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(matches!(refused(&longer), RestoreError::Damaged(_)));
    for (at, found) in [(11, 2), (15, 200)] {
        let mut other = file.clone();
        other[at] = found;
        let error = refused(&other);
        assert!(matches!(error, RestoreError::Version { .. }), "{error}");
    }
    assert!(matches!(refused(&vec![0xa5; 5_000]), RestoreError::Damaged(_)));
    restore(file.as_slice(), &path, clock()).expect("the whole file is fine");
}

#[tokio::test]
async fn a_folder_in_use_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live");
    let file = sample(&path).await;
    let error = restore(file.as_slice(), &path, clock()).expect_err("a refusal");
    assert!(matches!(error, RestoreError::NotEmpty(_)));
    assert!(has(&open(&path), 1, 1).await, "the store is as it was");
}
