//! Out of disk space: writes are refused, reads go on, and writing starts again once there is space.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use caffis_core::ports::store::{Store, StoreError};
use caffis_embedded::{EmbeddedStore, Health};
use common::{child, has, message, open, options, told};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The promise: it writes again this long after there is room.
const HEALS_WITHIN: Duration = Duration::from_secs(10);

/// What a store was told and answered.
#[derive(Default)]
struct Answers {
    written: Vec<u64>,
    refused: Vec<u64>,
    next: u64,
}

impl Answers {
    /// Writes until a write is refused.
    async fn fill(&mut self, store: &EmbeddedStore) {
        for _ in 0..100_000 {
            let position = self.next;
            self.next += 1;
            match store.write(message(1, position, 4_000)).await {
                Ok(()) => self.written.push(position),
                Err(StoreError::Full) => return self.refused.push(position),
                Err(error) => panic!("{position}: {error}"),
            }
        }
        panic!("the store never ran full");
    }

    /// Compares the store with what was answered.
    async fn check(&self, store: &EmbeddedStore) {
        for position in &self.written {
            assert!(has(store, 1, *position).await, "{position} was acknowledged");
        }
        for position in &self.refused {
            assert!(!has(store, 1, *position).await, "{position} was refused");
        }
    }
}

async fn heals(store: &EmbeddedStore) -> Duration {
    let start = Instant::now();
    while store.health() != Health::Healthy {
        assert!(start.elapsed() < HEALS_WITHIN, "{:?}", store.health());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

async fn stays_full(store: &EmbeddedStore, answers: &mut Answers) {
    assert_eq!(store.health(), Health::Full);
    for _ in 0..20 {
        answers.refused.push(answers.next);
        let refused = store.write(message(1, answers.next, 4_000)).await;
        assert_eq!(refused, Err(StoreError::Full));
        answers.next += 1;
        answers.check(store).await;
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    assert_eq!(store.health(), Health::Full);
}

fn limit_files(bytes: Option<u64>) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    setrlimit(Resource::Fsize, Rlimit { current: bytes, maximum }).unwrap();
}

/// Not a test of its own: lives through three limits on the size of its files.
#[tokio::test]
#[ignore = "run by a test in a process of its own"]
async fn child_with_small_files() {
    let Some((folder, round)) = told() else { return };
    let mut answers = Answers::default();
    let mut options = options();
    // In the second round tables are written all the while.
    if round == 1 {
        options.write_buffer_bytes = 256 * 1024;
    }
    let limits: [u64; 3] = [300_000, 1_100_000, 2_222_222];
    {
        let store = EmbeddedStore::open(&folder, options).unwrap();
        for limit in limits {
            limit_files(Some(limit));
            answers.fill(&store).await;
            stays_full(&store, &mut answers).await;
            limit_files(None);
            println!("round {round}, limit {limit}: healed after {:?}", heals(&store).await);
            answers.next += 1;
            store.write(message(1, answers.next, 4_000)).await.expect("it writes again");
            answers.written.push(answers.next);
            answers.next += 1;
        }
    }
    let store = open(&folder);
    answers.check(&store).await;
    println!("{} written, {} refused", answers.written.len(), answers.refused.len());
}

fn run_child(round: u64) {
    let folder = tempfile::tempdir().unwrap();
    let output = child("child_with_small_files", folder.path(), round).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_limit_on_files() {
    run_child(0);
}

#[test]
fn a_limit_on_files_with_small_tables() {
    run_child(1);
}

/// A small file system in memory, where the user may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: mounting a small file system needs root");
            return None;
        }
        let size = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).status();
        if !mounted.is_ok_and(|status| status.success()) {
            println!("skipped: a small file system cannot be mounted here");
            return None;
        }
        Some(Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Fills a disk but for some bytes, a piece at a time: the store works meanwhile, so how much is free
/// is looked at before each piece.
fn fill_disk(file: &Path, leave: u64) {
    const PIECE: u64 = 64 * 1024;
    let mut file = fs::File::create(file).unwrap();
    loop {
        let stat = rustix::fs::fstatvfs(&file).unwrap();
        let free = stat.f_bavail * stat.f_frsize;
        let bytes = free.saturating_sub(leave).min(PIECE);
        if bytes == 0 {
            return;
        }
        file.write_all(&vec![1u8; usize::try_from(bytes).unwrap()]).unwrap();
    }
}

async fn live_through_a_full_disk(reserve_bytes: u64, leave: u64) {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "48m") else { return };
    let ballast = disk.0.join("ballast");
    let path = disk.0.join("store");
    let mut options = options();
    options.reserve_bytes = reserve_bytes;
    let mut answers = Answers::default();
    {
        let store = EmbeddedStore::open(&path, options.clone()).unwrap();
        for _ in 0..3 {
            store.write(message(1, answers.next, 100)).await.expect("there is room");
            answers.written.push(answers.next);
            answers.next += 1;
            fill_disk(&ballast, leave);
            answers.fill(&store).await;
            stays_full(&store, &mut answers).await;
            fs::remove_file(&ballast).unwrap();
            println!("reserve {reserve_bytes}: healed after {:?}", heals(&store).await);
        }
    }
    let store = EmbeddedStore::open(&path, options).unwrap();
    answers.check(&store).await;
}

#[tokio::test]
async fn a_full_disk() {
    live_through_a_full_disk(0, 200_000).await;
}

#[tokio::test]
async fn the_reserve_refuses_before_the_disk_is_full() {
    live_through_a_full_disk(8 * 1024 * 1024, 9 * 1024 * 1024).await;
}
