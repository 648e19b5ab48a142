//! Sessions that open and close rooms of which this node is the owner.

use std::sync::Arc;

use caffis_schema::{Error, RoomId, UserId};
use tokio::time::Instant;

use super::{
    cell::RoomCell,
    rooms::{LOOKS, Rooms},
};
use crate::{hub::people::SessionHandle, ports::bus::NodeId, sync::lock};

impl Rooms {
    /// Opens a room for a session. None: the room was taken out of memory meanwhile, ask for it again.
    ///
    /// # Errors
    /// `limit_reached` when the session has too many rooms open.
    pub fn attach(
        &self,
        cell: &Arc<RoomCell>,
        session: &Arc<SessionHandle>,
    ) -> Result<Option<()>, Error> {
        // Under the room's lock: the view begins with the state after which it is told every entry.
        let mut inner = lock(&cell.inner);
        let Some(loaded) = inner.loaded.as_ref().filter(|_| !inner.evicted) else {
            return Ok(None);
        };
        let view = self.views.attach(session, &loaded.state)?;
        inner.view = Some(view);
        Ok(Some(()))
    }

    /// Keeps a view of a public room while somebody has it open on another node.
    pub(crate) fn welcome_guest(&self, cell: &Arc<RoomCell>, node: NodeId, user: &UserId) {
        let mut inner = lock(&cell.inner);
        // If the room was taken out of memory meanwhile, whoever opens it next asks the nodes who is there.
        if let Some(loaded) = inner.loaded.as_ref().filter(|_| !inner.evicted) {
            inner.view = Some(self.views.receive_guest(node, user, &loaded.state));
        }
    }

    /// Notes that a view may be gone, because nobody has the room open anywhere any more.
    pub(crate) fn note_view(&self, room: RoomId) {
        let Some(cell) = self.in_memory(room) else { return };
        let mut inner = lock(&cell.inner);
        if inner.view.is_some() && self.views.get(room).is_none() {
            inner.view = None;
            self.note_idle(&cell, &mut inner);
        }
    }

    /// Closes a room for a session.
    pub fn detach(&self, session: &Arc<SessionHandle>, room: RoomId) {
        let Some(cell) = self.in_memory(room) else {
            self.views.detach(session, room);
            return;
        };
        let mut inner = lock(&cell.inner);
        inner.used = Instant::now();
        if self.views.detach(session, room) {
            inner.view = None;
        }
        self.note_idle(&cell, &mut inner);
        drop(inner);
        self.evict(LOOKS);
    }
}
