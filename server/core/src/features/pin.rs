//! Pinning messages in their room, and what is pinned there.

use caffis_schema::{
    EntryKind, Error, ErrorCode, List, Position, Reply,
    command::{Pin, Pins},
    event::Pinned,
    limits::PINS,
    reply::PinList,
};

use crate::{
    call::{Call, Entered, Handled},
    model::{
        authorise::{PinMessages, Read, authorise},
        caller::Caller,
        digest::digest,
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext, message_deleted},
};

impl RoomCommand for Pin {
    fn digest(&self) -> u64 {
        digest(&("pin", self.position, self.pin))
    }

    fn named_message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, _) = context.message(room, caller)?;
        let allowed = authorise(caller, room, PinMessages)?;
        if message.is_deleted() {
            return Err(message_deleted());
        }
        if room.pins.has(self.position) == self.pin {
            return Ok(Change::default());
        }
        if self.pin && room.pins.pins.len() >= PINS {
            let sentence = format!("This room has {PINS} pinned messages already.");
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
        Ok(Change::from(EntryKind::Pinned(Pinned {
            message: self.position,
            number: message.number,
            by: allowed.caller().author(),
            pinned: self.pin,
        })))
    }
}

/// What is pinned in a room, as far as the caller sees it. From the owner's memory: no read of the store.
///
/// # Errors
/// Who may not know of the room.
pub async fn handle_list(call: Call, command: Pins) -> Handled {
    let Entered { state, allowed, .. } = call.enter(command.room, Read).await?;
    let seen = state.pins.pins.iter().filter(|pin| pin.message > allowed.visible_after());
    let pins = List::cut(seen.cloned().collect());
    Ok(Reply::Pins(PinList { pins, head: state.head }))
}
