//! Forwarding: sending what another message says, with who wrote it first.
//!
//! The words are copied by the server, on the node of the person and with their rights, so nobody can say that somebody
//! said what they did not. The copy goes with the command to the owner of the room to which it goes.

use caffis_schema::{
    Body, EntryKind, Error, ErrorCode, List, Reply, Text,
    command::{Copied, Forward},
    event::{SystemBody, TextBody},
    room::{Extra, Forwarded, Message, MessagePlace, RoomClass},
};

use crate::{
    answers::as_seen_by,
    call::Call,
    model::{
        authorise::{Post, authorise, check_pace},
        body,
        caller::Caller,
        digest::digest,
        polls,
        room::RoomState,
    },
    previews,
    room::{Change, RoomCommand, StepContext, message_deleted, no_such_message},
    tables::{self, RoomRow},
};

impl RoomCommand for Forward {
    fn digest(&self) -> u64 {
        // Not of what was copied: a copy of the command may come after the message was edited.
        digest(&("forward", self.source, self.position))
    }

    fn always_appends(&self) -> bool {
        true
    }

    fn text_bytes(&self) -> usize {
        self.copied.as_ref().map_or(0, |copied| body::length(&copied.body))
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let allowed = authorise(caller, room, Post { notice: false })?;
        // There is nothing to forward. If there was, an earlier copy of the command is answered before this.
        let Some(Copied { body, origin }) = &self.copied else { return Err(no_such_message()) };
        let body = body::checked(body, context.settings.most_chars(room.meta.class))?;
        // Last, so that what is refused for good is not put off first.
        check_pace(caller, room, context.now)?;
        let extras = List::cut(vec![Extra::Forwarded(origin.clone())]);
        let (number, sender) = (room.number + 1, allowed.caller().author());
        let message = Message::new(number, sender, Some(self.key.into()), body);
        Ok(Change::from(EntryKind::Message(Message { extras, ..message })))
    }
}

/// What is forwarded, as the caller sees it. Costs a read of the room's row, and one of the message unless it is in
/// memory.
///
/// # Errors
/// `not_found` for what the caller does not see, `deleted`, `room_class` for a room of evidence, `invalid` for a kind that
/// cannot be forwarded, and what keeps it from being read now.
pub(crate) async fn copy(call: &Call, command: &Forward) -> Result<Copied, Error> {
    let Forward { source, position, .. } = *command;
    let found = previews::seen(call, source, position).await?;
    let mut reply = Reply::Entry(found.ok_or_else(no_such_message)?);
    if call.service().is_none() {
        as_seen_by(&call.services, call.user(), Some(source), &mut reply).await?;
    }
    let Reply::Entry(entry) = reply else { return Err(no_such_message()) };
    let EntryKind::Message(message) = &entry.kind else { return Err(no_such_message()) };
    if message.is_deleted() {
        return Err(message_deleted());
    }
    let row = tables::get::<RoomRow>(&*call.services.store, RoomRow::key(&source)).await?;
    let class = row.ok_or_else(no_such_message)?.class;
    if class == RoomClass::Evidence {
        let sentence = "What is said in this room stays there.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    let body = match &message.body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => Body::Text(words.clone()),
        // The votes stay where they were given.
        Body::Poll(poll) => Body::Text(TextBody { text: Text::cut(&polls::as_text(poll)) }),
        Body::Location(_) | Body::Place(_) => message.body.clone(),
        Body::Hidden(_) => return Err(no_such_message()),
        Body::System(SystemBody::Unknown(_)) | Body::Deleted(_) | Body::Unknown(_) => {
            let sentence = "This kind of message cannot be forwarded.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
    };
    let place = MessagePlace { room: source, position };
    let origin = message.forwarded().cloned().unwrap_or_else(|| Forwarded {
        by: message.sender.clone(),
        time: entry.time,
        place: (class == RoomClass::Public).then_some(place),
    });
    Ok(Copied { body, origin })
}
