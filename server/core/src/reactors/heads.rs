//! Puts right what lists read of rooms that are not in memory.
//!
//! A room's owner writes the hint of its head at most once a second; when it crashes before that, the
//! hint is old, and nobody may ask for the room for a long time.

use std::sync::Arc;

use super::{Reaction, Reactor};
use crate::room::{RoomCell, Rooms};

/// By which its cursors are stored.
pub(super) const NAME: &str = "heads";

pub(super) struct Heads(pub(super) Arc<Rooms>);

impl Reactor for Heads {
    fn name(&self) -> &'static str {
        NAME
    }

    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a> {
        Box::pin(async move { Ok(self.0.save_head(room).await?) })
    }
}
