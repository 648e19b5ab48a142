//! A reactor that remembers what it heard, to see that reactors miss nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_core::{
    reactors::{Reaction, Reactor},
    room::RoomCell,
};
use caffis_schema::{Position, RoomId};

use crate::trace::lock;

/// The same one follows the log in all processes, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    /// The head of each room when it was last heard of.
    heads: Mutex<BTreeMap<RoomId, Position>>,
}

impl Witness {
    /// The head of each room when it was last heard of.
    pub(crate) fn heads(&self) -> BTreeMap<RoomId, Position> {
        lock(&self.heads).clone()
    }

    /// What was heard since a backup never happened.
    pub(crate) fn restore(&self, heads: BTreeMap<RoomId, Position>) {
        *lock(&self.heads) = heads;
    }
}

impl Reactor for Witness {
    fn name(&self) -> &'static str {
        "witness"
    }

    fn react<'a>(&'a self, room: &'a Arc<RoomCell>) -> Reaction<'a> {
        Box::pin(async move {
            if let Some(state) = room.state() {
                let mut heads = lock(&self.heads);
                let head = heads.entry(room.id).or_default();
                *head = state.head.max(*head);
            }
            Ok(())
        })
    }
}
