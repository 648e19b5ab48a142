//! Rooms of which something has just become durable, for whoever follows the logs closely.
//!
//! A hint in memory, never waited for: what is lost here, because too much waits or the process ends, reactors
//! find from their cursors a minute or two later.

use std::{
    collections::BTreeSet,
    mem,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use caffis_schema::RoomId;
use tokio::sync::Notify;

use crate::sync::lock;

/// The most rooms that wait to be looked at.
pub(crate) const MOST_HINTS: usize = 10_000;

/// Rooms that wait to be looked at.
#[derive(Debug, Default)]
pub(crate) struct Hints {
    rooms: Mutex<BTreeSet<RoomId>>,
    news: Notify,
    /// Nobody takes them.
    unwanted: AtomicBool,
}

impl Hints {
    /// Whether somebody takes them: else nothing is noted.
    pub(crate) fn want(&self, wanted: bool) {
        self.unwanted.store(!wanted, Ordering::Relaxed);
    }

    /// Something of a room is durable.
    pub(crate) fn note(&self, room: RoomId) {
        if self.unwanted.load(Ordering::Relaxed) {
            return;
        }
        let first = {
            let mut rooms = lock(&self.rooms);
            rooms.len() < MOST_HINTS && rooms.insert(room) && rooms.len() == 1
        };
        if first {
            self.news.notify_one();
        }
    }

    /// Takes what waits now, if anything does.
    pub(crate) fn noted(&self) -> BTreeSet<RoomId> {
        mem::take(&mut *lock(&self.rooms))
    }

    /// Takes what waits, once there is something.
    pub(crate) async fn take(&self) -> BTreeSet<RoomId> {
        loop {
            let rooms = self.noted();
            if !rooms.is_empty() {
                return rooms;
            }
            self.news.notified().await;
        }
    }
}
