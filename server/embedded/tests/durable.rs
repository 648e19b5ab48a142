//! What is acknowledged is on disk, not only in the system's memory, where a power cut would take it.
//! The system counts the bytes that it never had to write because their file was cut before: of what
//! was synced there are none.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use caffis_core::ports::store::Store;
use common::{message, open};

/// More than fits into one page of a file, in bytes.
const SIZE: usize = 10_000;

/// The bytes of this process that were cut before the system wrote them; none where it does not say.
fn never_written() -> Option<u64> {
    let counts = fs::read_to_string("/proc/self/io").ok()?;
    let line = counts.lines().find_map(|line| line.strip_prefix("cancelled_write_bytes: "))?;
    line.parse().ok()
}

/// How many bytes of a file the system had not written yet. The file is empty then.
fn unwritten(path: &Path) -> Option<u64> {
    let before = never_written()?;
    OpenOptions::new().write(true).open(path).unwrap().set_len(0).unwrap();
    never_written().map(|after| after - before)
}

fn journals(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { journals(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).collect()
}

#[tokio::test]
async fn what_is_acknowledged_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let control = folder.path().join("control");
    File::create(&control).unwrap().write_all(&[7; SIZE]).unwrap();
    if unwritten(&control).is_none_or(|bytes| bytes == 0) {
        println!("this file system does not tell what it has written");
        return;
    }
    let store = open(&folder.path().join("store"));
    for position in 1..=20 {
        store.write(message(1, position, SIZE)).await.unwrap();
    }
    let journals = journals(folder.path());
    assert!(!journals.is_empty());
    for journal in journals {
        assert_eq!(unwritten(&journal), Some(0), "{}", journal.display());
    }
    // It would look after journals that are gone.
    std::mem::forget(store);
}
