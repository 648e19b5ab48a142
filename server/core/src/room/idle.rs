//! The rooms that nobody uses, in the order in which they became idle.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::cell::RoomCell;
use crate::settings::Settings;

/// A room stays in memory for so long after it was last used: whoever had it loaded gets to use it.
const GRACE: Duration = Duration::from_secs(1);

/// Rooms that became idle, in that order.
#[derive(Debug, Default)]
pub(super) struct IdleRooms {
    /// Each with when it had last been used.
    pub(super) queue: VecDeque<(Instant, Arc<RoomCell>)>,
    /// What all of them take in memory, about.
    pub(super) bytes: usize,
}

impl IdleRooms {
    /// The room that became idle first, when more wait than may.
    pub(super) fn pop_over(&mut self, settings: &Settings) -> Option<(Instant, Arc<RoomCell>)> {
        let over = self.queue.len() > settings.idle_rooms || self.bytes > settings.idle_bytes;
        let (used, _) = self.queue.front()?;
        if over && used.elapsed() >= GRACE { self.queue.pop_front() } else { None }
    }
}
