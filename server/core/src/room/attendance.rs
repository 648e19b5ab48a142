//! Sessions that open and close rooms. In a public room that is walking in and out, and the others
//! hear of it.

use std::sync::Arc;

use caffis_schema::{Error, ErrorCode, RoomId};
use tokio::time::Instant;

use super::{cell::RoomCell, idle::LOOKS, rooms::Rooms};
use crate::{hub::people::SessionHandle, sync::lock};

impl Rooms {
    /// Subscribes a session to a room's feed. None: the room was taken out of memory meanwhile, ask
    /// for it again.
    ///
    /// # Errors
    /// `limit_reached` when the session has too many rooms open.
    pub fn attach(
        &self,
        cell: &Arc<RoomCell>,
        session: &Arc<SessionHandle>,
    ) -> Result<Option<()>, Error> {
        {
            let open = lock(&session.open);
            if open.len() >= self.settings.open_rooms as usize && !open.contains(&cell.id) {
                let sentence = "Too many rooms are open: close one first.";
                return Err(Error::refused(ErrorCode::LimitReached, sentence));
            }
        }
        let mut inner = lock(&cell.inner);
        if inner.evicted || inner.loaded.is_none() {
            return Ok(None);
        }
        lock(&session.open).insert(cell.id);
        if inner.feed.add(session) {
            self.note_attendance(cell, &mut inner, session, true);
        }
        Ok(Some(()))
    }

    /// Takes a session off a room's feed.
    pub fn detach(&self, session: &Arc<SessionHandle>, room: RoomId) {
        lock(&session.open).remove(&room);
        let Some(cell) = self.in_memory(room) else { return };
        let mut inner = lock(&cell.inner);
        inner.used = Instant::now();
        if inner.feed.remove(session.id) {
            self.note_attendance(&cell, &mut inner, session, false);
        }
        self.note_idle(&cell, &mut inner);
        drop(inner);
        self.evict(LOOKS);
    }
}
