//! Reacting to a message with an emoji, and taking that back.

use caffis_schema::{
    EntryKind, Error, ErrorCode, Position,
    command::React,
    event::Reacted,
    limits::{REACTIONS, TEXT_BYTES},
};

use crate::{
    model::{
        authorise::{ReactTo, authorise},
        caller::Caller,
        digest::digest,
        emoji,
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext, message_deleted},
};

impl RoomCommand for React {
    fn digest(&self) -> u64 {
        digest(&("react", self.position, &self.emoji, self.add))
    }

    fn text_bytes(&self) -> usize {
        // The message is written again.
        TEXT_BYTES
    }

    fn message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, _) = context.message(room, caller)?;
        let allowed = authorise(caller, room, ReactTo)?;
        emoji::check(&self.emoji)?;
        if message.is_deleted() {
            return Err(message_deleted());
        }
        let user = allowed.caller().user.clone();
        if message.has_reaction(&user, &self.emoji) == self.add {
            return Ok(Change::default());
        }
        if self.add && message.reactions.len() >= REACTIONS {
            let sentence = format!("This message has {REACTIONS} reactions already.");
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
        Ok(Change::from(EntryKind::Reacted(Reacted {
            message: self.position,
            number: message.number,
            user,
            emoji: self.emoji.clone(),
            added: self.add,
        })))
    }
}
