//! Sending a message.

use caffis_schema::{Body, EntryKind, Error, command::Send, room::Message};

use crate::{
    model::{
        authorise::{Post, authorise},
        body,
        caller::Caller,
        digest::digest,
        room::RoomState,
    },
    room::{Change, RoomCommand, StepContext},
};

impl RoomCommand for Send {
    fn digest(&self) -> u64 {
        digest(&("send", &self.body))
    }

    fn always_appends(&self) -> bool {
        true
    }

    fn text_bytes(&self) -> usize {
        body::length(&self.body)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let notice = matches!(self.body, Body::System(_));
        let allowed = authorise(caller, room, Post { notice })?;
        let body = body::checked(&self.body, context.settings.most_chars(room.meta.class))?;
        let (number, sender) = (room.number + 1, allowed.caller().author());
        let message = Message::new(number, sender, Some(self.key.into()), body);
        Ok(Change::from(EntryKind::Message(message)))
    }
}
