//! Sending a message, which may answer another one, be a reply in a thread, and mention people.

use caffis_schema::{
    Body, EntryKind, Error, Position,
    command::Send,
    room::{Extra, Message},
};

use crate::{
    model::{
        authorise::{Post, authorise, check_pace},
        body,
        caller::Caller,
        digest::digest,
        extras, live_locations, mentions, polls,
        room::RoomState,
        threads::{next_reply, numbered},
    },
    room::{Change, RoomCommand, StepContext, message_deleted},
};

/// People whose rows a reply in a thread writes besides those whom it mentions: who wrote it and who wrote its root.
const REPLY_PEOPLE: usize = 2;

impl RoomCommand for Send {
    fn digest(&self) -> u64 {
        // Without extras as it was before there were any: copies of a command may come before and after an
        // upgrade.
        match self.extras.is_empty() {
            true => digest(&("send", &self.body)),
            false => digest(&("send", &self.body, &self.extras)),
        }
    }

    fn always_appends(&self) -> bool {
        true
    }

    fn text_bytes(&self) -> usize {
        body::length(&self.body)
    }

    fn members(&self) -> usize {
        let thread = Extra::thread(&self.extras).map_or(0, |_| REPLY_PEOPLE);
        mentions::most(Extra::mentions(&self.extras)) + thread
    }

    fn message(&self) -> Option<Position> {
        // The replies are counted at their root.
        Extra::thread(&self.extras).map(|thread| thread.root)
    }

    fn named_message(&self) -> Option<Position> {
        Extra::reply(&self.extras)
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
        polls::check_closing(&body, context.now)?;
        let mut extras = extras::checked(&self.extras, room, caller)?;
        let now = (context.settings.small_room_members, context.now);
        live_locations::check((&body, &extras), room, now)?;
        if Extra::thread(&extras).is_some() {
            let number = next_reply(context.message(room, caller)?.0)?;
            extras = numbered(extras, number);
        }
        if self.named_message().is_some() && context.message(room, caller)?.0.is_deleted() {
            return Err(message_deleted());
        }
        // Last, so that what is refused for good is not put off first.
        check_pace(caller, room, context.now)?;
        let (number, sender) = (room.number + 1, allowed.caller().author());
        let message = Message::new(number, sender, Some(self.key.into()), body);
        Ok(Change::from(EntryKind::Message(Message { extras, ..message })))
    }
}
