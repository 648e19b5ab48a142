use std::{fs, os::unix::fs::MetadataExt, time::Duration};

use caffis_conformance::clock::ManualClock;
use caffis_core::ports::{
    clock::Clock,
    store::{Column, ColumnType, Stamp},
};
use fjall::Readable;

use super::*;

static NOTES: Table = Table {
    name: "notes",
    partition: &[Column { name: "id", ty: ColumnType::U64 }],
    clustering: &[],
    values: &[Column { name: "words", ty: ColumnType::U64 }],
};

fn note(id: u64) -> Key {
    Key { partition: vec![Value::U64(id)], clustering: Vec::new() }
}

fn put(ids: std::ops::Range<u64>, ttl: Option<u64>) -> Batch {
    let ttl = ttl.map(Duration::from_secs);
    let row = |id| Row { key: note(id), values: vec![Value::U64(id)] };
    let put = |id| Operation::Put { table: &NOTES, row: row(id), ttl, fresh: false };
    Batch { operations: ids.map(put).collect(), ..Batch::logged(Stamp(1)) }
}

fn open(path: &Path) -> (EmbeddedStore, Arc<ManualClock>) {
    let clock = ManualClock::at(1_000_000_000);
    let mut options = Options::new(clock.clone());
    options.reserve_bytes = 0;
    (EmbeddedStore::open(path, options).unwrap(), clock)
}

/// The rows on disk, also those whose time is over.
fn raw_rows(store: &EmbeddedStore) -> usize {
    let database = store.shared.current().unwrap();
    database.show();
    database.snapshot().iter(&database.table(NOTES.name).unwrap()).count()
}

#[tokio::test]
async fn compactions_sweep_rows_whose_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let (store, clock) = open(folder.path());
    store.write(put(0..10, None)).await.unwrap();
    store.write(put(100..150, Some(30))).await.unwrap();
    let table = store.shared.current().unwrap().table(NOTES.name).unwrap();
    table.rotate_memtable_and_wait().unwrap();
    // A row that stayed and is written anew with an end: its older self must not come back.
    store.write(put(0..1, Some(30))).await.unwrap();
    table.rotate_memtable_and_wait().unwrap();
    assert_eq!(raw_rows(&store), 60);
    clock.advance(Duration::from_secs(31));
    let found = store.get(&NOTES, &note(100)).await;
    assert_eq!(found, Ok(None), "reads leave it out at once");
    clock.advance(Duration::from_secs(61));
    while store.shared.now.load(std::sync::atomic::Ordering::Relaxed) < (Clock::now(&*clock)).get()
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    table.major_compact().unwrap();
    assert_eq!(raw_rows(&store), 9);
    assert_eq!(store.get(&NOTES, &note(0)).await, Ok(None));
    assert!(store.get(&NOTES, &note(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_failure_of_fjalls_own_threads_is_healed_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.write(put(0..10, None)).await.unwrap();
    {
        // Holding the lock keeps the committing thread from healing before the damage is undone.
        let slot = store.shared.database.read().unwrap();
        let database = slot.as_ref().unwrap();
        let table = database.table(NOTES.name).unwrap();
        let (tables, away) = (table.path().join("tables"), table.path().join("tables.away"));
        fs::rename(&tables, &away).unwrap();
        table.rotate_memtable().unwrap();
        while database.is_writable() {
            std::thread::sleep(Duration::from_millis(1));
        }
        fs::rename(&away, &tables).unwrap();
    }
    assert_eq!(store.write(put(10..20, None)).await, Ok(()), "opened anew and written");
    assert_eq!(store.health(), Health::Healthy);
    for id in 0..20 {
        assert!(store.get(&NOTES, &note(id)).await.unwrap().is_some(), "{id}");
    }
}

#[tokio::test]
async fn a_backup_lets_go_when_the_database_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.write(put(0..10, None)).await.unwrap();
    store.shared.reopening.store(true, std::sync::atomic::Ordering::SeqCst);
    let stopped = store.backup(Vec::new(), |_| ());
    assert!(matches!(stopped, Err(BackupError::Interrupted)));
    store.shared.reopening.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(store.backup(Vec::new(), |_| ()).unwrap().rows, 10);
}

/// What the journals hold, in bytes on disk.
fn journal_bytes(folder: &Path) -> u64 {
    let files = fs::read_dir(folder.join("data")).unwrap().map(|entry| entry.unwrap());
    let journals = files.filter(|file| file.path().extension().is_some_and(|e| e == "jnl"));
    journals.map(|file| file.metadata().unwrap().blocks() * 512).sum()
}

async fn write_much(store: &EmbeddedStore) {
    for round in 0..40 {
        store.write(put(round * 4_000..(round + 1) * 4_000, None)).await.unwrap();
    }
}

async fn all_there(store: &EmbeddedStore) {
    assert_eq!(raw_rows(store), 160_000);
    for id in (0..160_000).step_by(997) {
        let row = store.get(&NOTES, &note(id)).await.unwrap().expect("a row");
        let newest = if id == 0 { 77 } else { id };
        assert_eq!(row.values, [Value::U64(newest)], "{id}");
    }
}

async fn rewrite_one(store: &EmbeddedStore) {
    let row = Row { key: note(0), values: vec![Value::U64(77)] };
    let operations = vec![Operation::Put { table: &NOTES, row, ttl: None, fresh: false }];
    store.write(Batch { operations, ..Batch::logged(Stamp(1)) }).await.unwrap();
}

#[tokio::test]
async fn a_quiet_store_empties_its_journals() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    write_much(&store).await;
    assert!(journal_bytes(folder.path()) > 4 * 1024 * 1024, "something to empty");
    let start = Instant::now();
    while journal_bytes(folder.path()) > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "no checkpoint");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rewrite_one(&store).await;
    all_there(&store).await;
    drop(store);
    all_there(&open(folder.path()).0).await;
}

/// Takes a backup, but not before the committing thread has gone round often enough for a checkpoint.
struct Patient<'a> {
    store: &'a EmbeddedStore,
    taken: usize,
}

impl io::Write for Patient<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken == 0 {
            let database = self.store.shared.current().unwrap();
            while !database.is_flushed() {
                std::thread::sleep(Duration::from_millis(5));
            }
            for _ in 0..3 {
                let round = *self.store.shared.working.lock().unwrap();
                while *self.store.shared.working.lock().unwrap() == round {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
        self.taken += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_checkpoint_waits_for_a_backup() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    write_much(&store).await;
    let report = store.backup(Patient { store: &store, taken: 0 }, |_| ()).expect("a backup");
    assert_eq!(report.rows, 160_000);
    let start = Instant::now();
    while journal_bytes(folder.path()) > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "no checkpoint after it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_store_that_closes_empties_its_journals() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    write_much(&store).await;
    drop(store);
    assert_eq!(journal_bytes(folder.path()), 0);
    let (store, _) = open(folder.path());
    rewrite_one(&store).await;
    all_there(&store).await;
    drop(store);
    all_there(&open(folder.path()).0).await;
}

const fn small(name: &'static str) -> Table {
    Table {
        name,
        partition: &[Column { name: "id", ty: ColumnType::U64 }],
        clustering: &[],
        values: &[],
    }
}

static SMALL: [Table; 12] = [
    small("a"),
    small("b"),
    small("c"),
    small("d"),
    small("e"),
    small("f"),
    small("g"),
    small("h"),
    small("i"),
    small("j"),
    small("k"),
    small("l"),
];

#[tokio::test]
async fn journals_are_emptied_only_when_every_table_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    for table in &SMALL {
        let row = Row { key: note(1), values: Vec::new() };
        let operations = vec![Operation::Put { table, row, ttl: None, fresh: false }];
        store.write(Batch { operations, ..Batch::logged(Stamp(1)) }).await.unwrap();
    }
    write_much(&store).await;
    drop(store);
    let (store, _) = open(folder.path());
    for table in &SMALL {
        assert!(store.get(table, &note(1)).await.unwrap().is_some(), "{}", table.name);
    }
}

#[tokio::test]
async fn requests_of_one_group_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open(folder.path());
    store.write(put(1..2, None)).await.unwrap();
    let erase = |id| {
        let (from, to) = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        let partition = vec![Value::U64(id)];
        store.write(Batch {
            operations: vec![Operation::DeleteRange { table: &NOTES, partition, from, to }],
            ..Batch::partition(Stamp(1))
        })
    };
    let row = |id| Row { key: note(id), values: vec![Value::U64(id)] };
    for _ in 0..20 {
        // Queued in this order before the thread can have committed the first.
        let (wrote, erased, first, second, swapped, last) = tokio::join!(
            store.write(put(1..4, None)),
            erase(3),
            store.insert_if_absent(&NOTES, row(3)),
            store.insert_if_absent(&NOTES, row(3)),
            store.compare_and_set(&NOTES, note(3), vec![Value::U64(3)], vec![Value::U64(30)]),
            erase(2),
        );
        assert_eq!((wrote, erased, last), (Ok(()), Ok(()), Ok(())));
        assert_eq!(first, Ok(None), "the range before it was erased");
        assert_eq!(second, Ok(Some(row(3))));
        assert_eq!(swapped, Ok(Swap::Done));
        let found = store.get(&NOTES, &note(3)).await.unwrap().expect("the row");
        assert_eq!(found.values, [Value::U64(30)]);
        assert_eq!(store.get(&NOTES, &note(2)).await, Ok(None));
        erase(3).await.unwrap();
    }
}

/// Writers' groups and fjall's flushes go on side by side: a flush must not show a group's first rows
/// before its last ones are there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_shows_no_half_of_a_write() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(1_000_000_000);
    let mut options = Options::new(clock);
    options.reserve_bytes = 0;
    options.write_buffer_bytes = 16 * 1024;
    let store = Arc::new(EmbeddedStore::open(folder.path(), options).unwrap());
    let round = |round| {
        let row = |id| Row { key: note(id), values: vec![Value::U64(round)] };
        let put = |id| Operation::Put { table: &NOTES, row: row(id), ttl: None, fresh: false };
        Batch { operations: (0..500).map(put).collect(), ..Batch::logged(Stamp(1)) }
    };
    store.write(round(0)).await.unwrap();
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        for number in 1..=300 {
            writer.write(round(number)).await.unwrap();
        }
    });
    while !writing.is_finished() {
        let rows = EmbeddedStore::read(&store.shared, |database, _| {
            let (snapshot, table) = (database.snapshot(), database.table(NOTES.name).unwrap());
            Ok([0, 499].map(|id| snapshot.get(&table, key::encode(&NOTES, &note(id))).unwrap()))
        });
        let [first, last] = rows.unwrap();
        assert_eq!(first, last, "half a write was seen");
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
}
