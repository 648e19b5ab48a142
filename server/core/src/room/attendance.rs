//! Sessions that open and close rooms. In a public room that is walking in and out, and the others
//! hear of it.

use std::sync::Arc;

use caffis_schema::{Error, ErrorCode, Event, RoomId, event::Attendance};

use super::{
    cell::{RoomCell, is_walk_in},
    rooms::Rooms,
};
use crate::{
    hub::{encoded::Encoded, latest::LatestKey, people::SessionHandle},
    sync::lock,
};

impl Rooms {
    /// Subscribes a session to a room's feed. None: the room was taken out of memory meanwhile.
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
        let Some(entered) = cell.open(session) else { return Ok(None) };
        if entered {
            self.publish_attendance(cell, session, true);
        }
        Ok(Some(()))
    }

    /// Takes a session off a room's feed.
    pub fn detach(&self, session: &Arc<SessionHandle>, room: RoomId) {
        lock(&session.open).remove(&room);
        if let Some(cell) = self.in_memory(room)
            && cell.close(session.id)
        {
            self.publish_attendance(&cell, session, false);
        }
    }

    fn publish_attendance(&self, cell: &RoomCell, session: &SessionHandle, entered: bool) {
        let Some(state) = cell.state() else { return };
        if !is_walk_in(&state) || session.service {
            return;
        }
        let few = self.settings.small_room_members;
        let (count, _) = cell.attendance(0);
        let named = count <= few;
        let profile = self.directory.peek(&session.user);
        let event = Encoded::event(Event::Attendance(Attendance {
            room: cell.id,
            count,
            entered: (named && entered).then_some(profile),
            exited: (named && !entered).then(|| session.user.clone()),
        }));
        let key = LatestKey::Attendance(cell.id, session.user.clone());
        cell.each_open(|other| {
            if other.id != session.id {
                other.outbound.latest(key.clone(), &event);
            }
        });
    }
}
