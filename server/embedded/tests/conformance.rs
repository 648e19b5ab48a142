//! The port's suite, with everything in the write buffer and with most of it on disk.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{sync::Arc, time::Duration};

use caffis_conformance::{
    clock::ManualClock,
    faulty::{FaultyStore, Plan},
    store::{Subject, suite},
};
use caffis_embedded::{EmbeddedStore, Options};

fn subject(write_buffer_bytes: u64) -> (tempfile::TempDir, Arc<EmbeddedStore>, Arc<ManualClock>) {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(common::START);
    let mut options = Options::new(clock.clone());
    options.write_buffer_bytes = write_buffer_bytes;
    options.reserve_bytes = 0;
    let store = EmbeddedStore::open(folder.path(), options).unwrap();
    (folder, Arc::new(store), clock)
}

/// The embedded store has one writer, and checks declarations in debug builds.
fn single(mut subject: Subject) -> Subject {
    subject.several_writers = false;
    subject.checks_declarations = cfg!(debug_assertions);
    subject
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_memory() {
    let (_folder, store, clock) = subject(32 * 1024 * 1024);
    suite(single(Subject::new(store, clock))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_disk() {
    let (_folder, store, clock) = subject(16 * 1024);
    let mut subject = single(Subject::new(store, clock));
    subject.seed = 100;
    suite(subject).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_parts() {
    let (_folder, store, clock) = subject(1024 * 1024);
    let (store, _) = FaultyStore::new(store, 5, Plan::reordering(Duration::from_micros(200)));
    let mut subject = single(Subject::new(Arc::new(store), clock));
    subject.seed = 200;
    subject.sequences = 1;
    suite(subject).await;
}
