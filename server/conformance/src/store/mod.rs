//! The suite of the store port.
//!
//! Every store runs [`suite`], on an empty store: fixed cases for what is easy to get wrong, then
//! seeded random sequences whose every answer is compared with a plain map ([`model::Model`]).
//!
//! `stamps`, and sequences whose stamps are out of order, are for stores with several writers
//! ([`Subject::several_writers`]); the others get writes in the order of their stamps.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_core::ports::store::{SharedStore, Stamp};

use crate::clock::ManualClock;

mod batches;
mod cases;
mod conditional;
mod limits;
pub mod model;
mod sequence;
mod stamps;
pub mod tables;

/// Lets time pass for the store under test.
pub type PassTime = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A store under test.
pub struct Subject {
    /// The store; empty.
    pub store: SharedStore,
    /// Makes the store's clock go forward, or waits.
    pub pass_time: PassTime,
    /// The first seed of the random sequences.
    pub seed: u64,
    /// How many random sequences to run.
    pub sequences: u64,
    /// How many operations each has.
    pub operations: usize,
    /// Several processes may write to the store: it decides by stamps, not by the order of arrival.
    pub several_writers: bool,
    /// The store refuses batches that are not what they declare; in release builds it need not.
    pub checks_declarations: bool,
}

/// A stamp above all that were given before.
fn stamp() -> Stamp {
    // The cases that choose their stamps use smaller ones.
    static NEXT: AtomicU64 = AtomicU64::new(1_000);
    Stamp(NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Subject {
    /// A store that counts its rows' time by a clock of the test; the usual amount of work.
    #[must_use]
    pub fn new(store: SharedStore, clock: Arc<ManualClock>) -> Self {
        let pass_time: PassTime = Arc::new(move |time| {
            clock.advance(time);
            Box::pin(std::future::ready(()))
        });
        Self {
            store,
            pass_time,
            seed: 1,
            sequences: 4,
            operations: 1_500,
            several_writers: true,
            checks_declarations: true,
        }
    }
}

/// Runs everything.
///
/// # Panics
///
/// When the store does not do what the port says.
pub async fn suite(subject: Subject) {
    let store = &*subject.store;
    cases::every_type(store).await;
    cases::null_and_empty(store).await;
    cases::bytes_in_order(store).await;
    cases::mixed_orders(store).await;
    cases::bounds(store).await;
    cases::partitions_are_apart(store).await;
    cases::deletes(store).await;
    cases::table_without_clustering(store).await;
    cases::partition_is_isolated(&subject.store).await;
    cases::time_to_live(&subject).await;
    limits::requests_that_do_not_fit(store).await;
    limits::requests_at_the_limit(store).await;
    batches::every_atomicity(store).await;
    if subject.checks_declarations {
        batches::declarations(store).await;
    }
    batches::stamps_have_bounds(store).await;
    batches::batches_have_limits(store).await;
    batches::fresh_rows(store).await;
    batches::many_keys(&subject).await;
    if subject.several_writers {
        stamps::larger_stamps_win(store).await;
        stamps::tombstones_stay_where_nothing_was(store).await;
        stamps::ranges_take_what_is_older(store).await;
        stamps::ended_rows_keep_their_stamp(&subject).await;
    }
    conditional::insert_if_absent(store).await;
    conditional::compare_and_set(store).await;
    conditional::one_of_many_inserts(&subject.store).await;
    conditional::counted_by_many(&subject.store).await;
    for seed in subject.seed..subject.seed + subject.sequences {
        sequence::run(&subject, seed).await;
    }
}
