//! Deleting a message for everyone: what is left of it is a tombstone.

use caffis_schema::{
    EntryKind, Error, ErrorCode, Position, command::Delete, event::Deleted, limits::TEXT_BYTES,
    room::RoomClass,
};

use crate::{
    model::{
        authorise::{DeleteMessage, authorise, moderates},
        caller::Caller,
        digest::digest,
        room::RoomState,
        timing::in_edit_window,
    },
    room::{Change, RoomCommand, StepContext},
    settings::Settings,
};

impl RoomCommand for Delete {
    fn digest(&self) -> u64 {
        digest(&("delete", self.position))
    }

    fn text_bytes(&self) -> usize {
        // What the message said is kept.
        TEXT_BYTES
    }

    fn message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn asks_readers(&self) -> bool {
        true
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, sent) = context.message(room, caller)?;
        let allowed = authorise(caller, room, DeleteMessage { author: message.sender.clone() })?;
        if message.is_deleted() {
            return Ok(Change::default());
        }
        if !moderates(caller, room) {
            if !has_readers(room, context.settings) {
                in_edit_window(sent, context.now)?;
            } else if context.is_read(message) {
                let sentence = "Somebody has read this message.";
                return Err(Error::refused(ErrorCode::AlreadyRead, sentence));
            }
        }
        Ok(Change::from(EntryKind::Deleted(Deleted {
            message: self.position,
            number: message.number,
            replaces: message.edited.map_or(Position::ZERO, |edit| edit.position),
            by: allowed.caller().author(),
            thread: message.thread().map(|thread| thread.root),
        })))
    }
}

/// Whether a room tells who has read what. In large rooms, and in those that people walk into, nobody is told:
/// there a message can be deleted for some time after it was sent.
fn has_readers(room: &RoomState, settings: &Settings) -> bool {
    room.meta.class != RoomClass::Public && room.is_small(settings.small_room_members)
}
