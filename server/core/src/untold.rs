//! Rooms of which something is to be told a little later: changes that come close together are told in
//! one event.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::RoomId;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use crate::sync::lock;

/// How often what waits is looked at.
const STEP: Duration = Duration::from_millis(50);

/// What waits to be told, by room.
#[derive(Debug)]
pub(crate) struct Untold<T> {
    waiting: Mutex<BTreeMap<RoomId, Arc<T>>>,
    noted: Notify,
}

impl<T> Default for Untold<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), noted: Notify::new() }
    }
}

impl<T> Untold<T> {
    /// Has something of a room told soon.
    pub(crate) fn note(&self, room: RoomId, what: &Arc<T>) {
        lock(&self.waiting).entry(room).or_insert_with(|| what.clone());
        self.noted.notify_one();
    }

    /// Tells what is due, until core ends. `tell` says whether something of the room has to wait on.
    pub(crate) async fn run(&self, mut ended: watch::Receiver<()>, tell: impl Fn(&Arc<T>) -> bool) {
        loop {
            tokio::select! {
                biased;
                _ = ended.changed() => return,
                () = self.noted.notified() => {}
            }
            while self.tell(&tell) {
                sleep(STEP).await;
            }
        }
    }

    fn tell(&self, tell: impl Fn(&Arc<T>) -> bool) -> bool {
        let waiting = mem::take(&mut *lock(&self.waiting));
        for (room, what) in waiting {
            if tell(&what) {
                lock(&self.waiting).entry(room).or_insert(what);
            }
        }
        !lock(&self.waiting).is_empty()
    }
}

/// Whether the interval since something was last told is over.
pub(crate) fn is_due(told: Option<Instant>, interval: Duration) -> bool {
    told.is_none_or(|told| told.elapsed() >= interval)
}
