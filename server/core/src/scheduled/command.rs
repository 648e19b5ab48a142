//! Sending a message that is due, as a command to the room's owner.

use caffis_schema::{Error, ErrorCode, Keyed, Position, RoomId, command::Send, room::ClientKey};

use crate::{
    model::{caller::Caller, room::RoomState},
    room::{Change, RoomCommand, StepContext},
};

/// A message that is due. Its owner alone makes the command, so no copy of one that was refused is on its way: a
/// message that is changed afterwards is sent under the same id.
#[derive(Debug)]
pub(super) struct SendDue(pub(super) Send);

impl Keyed for SendDue {
    fn key(&self) -> ClientKey {
        self.0.key
    }

    fn room(&self) -> RoomId {
        self.0.room
    }
}

impl RoomCommand for SendDue {
    fn digest(&self) -> u64 {
        self.0.digest()
    }

    fn always_appends(&self) -> bool {
        self.0.always_appends()
    }

    fn keeps_refusals(&self) -> bool {
        false
    }

    fn members(&self) -> usize {
        self.0.members()
    }

    fn text_bytes(&self) -> usize {
        self.0.text_bytes()
    }

    fn message(&self) -> Option<Position> {
        self.0.message()
    }

    fn named_message(&self) -> Option<Position> {
        self.0.named_message()
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        // The clock may have been set back since somebody looked.
        let early = self.0.key.time.since(context.now);
        if early > 0 {
            let wait = u32::try_from(early).unwrap_or(u32::MAX);
            return Err(Error::later(ErrorCode::Unavailable, "This is not due yet.", wait));
        }
        self.0.step(room, caller, context)
    }
}
