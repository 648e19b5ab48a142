//! Opening: again, twice, and what is not a store of this format.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use caffis_core::ports::store::Store;
use caffis_embedded::{EmbeddedStore, FORMAT, Health, OLDEST_FORMAT, OpenError};
use common::{has, message, open, options};

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        let store = open(folder.path());
        assert_eq!(store.health(), Health::Healthy);
        for earlier in 0..round {
            assert!(has(&store, 1, earlier).await);
        }
        store.write(message(1, round, 100)).await.unwrap();
    }
}

#[tokio::test]
async fn a_folder_has_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let second = EmbeddedStore::open(folder.path(), options()).err().expect("a refusal");
    assert!(matches!(&second, OpenError::Locked { path } if path == folder.path()));
    assert!(second.to_string().contains(&folder.path().display().to_string()));
    first.write(message(1, 1, 10)).await.expect("the first goes on");
    drop(first);
    open(folder.path());
}

#[test]
fn another_format_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    for other in [OLDEST_FORMAT - 1, FORMAT + 1] {
        fs::write(folder.path().join("format"), format!("caffis-store {other}\n")).unwrap();
        let error = EmbeddedStore::open(folder.path(), options()).err().expect("a refusal");
        assert!(matches!(error, OpenError::Format { found, .. } if found == other));
        let reads = format!("this program reads formats {OLDEST_FORMAT} to {FORMAT}");
        assert_eq!(error.to_string(), format!("the store has format {other}; {reads}"));
    }
    fs::write(folder.path().join("format"), b"\xff\xfe").unwrap();
    let error = EmbeddedStore::open(folder.path(), options()).err().expect("a refusal");
    assert!(matches!(error, OpenError::NotAStore { .. }));
}

#[test]
fn an_older_format_is_brought_to_this_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let format = folder.path().join("format");
    for older in OLDEST_FORMAT..FORMAT {
        fs::write(&format, format!("caffis-store {older}\n")).unwrap();
        drop(open(folder.path()));
        assert_eq!(fs::read_to_string(&format).unwrap(), format!("caffis-store {FORMAT}\n"));
    }
}

#[test]
fn a_foreign_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let error = EmbeddedStore::open(folder.path(), options()).err().expect("a refusal");
    assert!(matches!(&error, OpenError::NotAStore { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn queued_writes_are_served_before_closing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    // Polled once, so that the batch is queued, and then forgotten.
    for position in 0..50 {
        let mut write = store.write(message(1, position, 100));
        assert!(futures_poll_once(&mut write).is_none());
    }
    drop(store);
    let store = open(folder.path());
    for position in 0..50 {
        assert!(has(&store, 1, position).await, "{position}");
    }
}

fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
