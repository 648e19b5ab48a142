//! What outlives a session.

use std::collections::{BTreeSet, VecDeque};

use caffis_schema::{Entry, RoomId, event::RoomEntry};

use crate::{
    events::{ClientEvent, Events, State},
    outbox::Outbox,
    rooms::Rooms,
};

/// What outlives a session.
#[derive(Default)]
pub(crate) struct ClientState {
    pub(crate) rooms: Rooms,
    pub(crate) outbox: Outbox,
    /// Events that do not fit into the application's queue yet.
    pub(crate) pending: VecDeque<ClientEvent>,
    /// The application does not keep up: new events are dropped until it has read those that wait.
    /// Its rooms stay at the last position it was told, so that a new session continues from there.
    pub(crate) lagging: bool,
    /// Open rooms whose page the application lacks and that are still to be loaded.
    pub(crate) reload: BTreeSet<RoomId>,
    pub(crate) active: bool,
}

impl ClientState {
    pub(crate) fn emit(&mut self, event: ClientEvent) {
        let passing =
            matches!(&event, ClientEvent::State(state) if !matches!(state, State::Ended(_)));
        if passing && self.is_lagging() {
            return;
        }
        self.pending.push_back(event);
    }

    /// Emits entries of one room, in order.
    pub(crate) fn emit_entries(&mut self, room: RoomId, entries: Vec<Entry>) {
        for entry in entries {
            self.emit(ClientEvent::Entry(RoomEntry { room, entry }));
        }
    }

    /// Whether events have to be dropped.
    pub(crate) fn is_lagging(&mut self) -> bool {
        self.lagging |= self.pending.len() >= Events::CAPACITY;
        self.lagging
    }

    /// Whether the application has caught up after events were dropped. It is told so once.
    pub(crate) fn has_caught_up(&mut self) -> bool {
        let caught_up = self.lagging && self.pending.is_empty();
        if caught_up {
            self.lagging = false;
            self.emit(ClientEvent::Lagged);
        }
        caught_up
    }
}
