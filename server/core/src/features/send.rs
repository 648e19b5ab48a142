//! Sending a message.

use caffis_schema::{
    Body, EntryKind, Error, ErrorCode,
    command::Send,
    event::SystemBody,
    room::{Message, RoomClass},
};

use crate::{
    model::{
        authorise::{Post, authorise},
        caller::Caller,
        digest::digest,
        room::RoomState,
        text,
    },
    room::{Change, RoomCommand, StepContext},
    settings::Settings,
};

impl RoomCommand for Send {
    fn digest(&self) -> u64 {
        digest(&("send", &self.body))
    }

    fn always_appends(&self) -> bool {
        true
    }

    fn text_bytes(&self) -> usize {
        match &self.body {
            Body::Text(words) | Body::System(SystemBody::Notice(words)) => words.text.len(),
            Body::System(SystemBody::Unknown(_)) | Body::Unknown(_) => 0,
        }
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let notice = matches!(self.body, Body::System(_));
        let allowed = authorise(caller, room, Post { notice })?;
        Ok(Change::from(EntryKind::Message(Message {
            number: room.number + 1,
            sender: allowed.caller().author(),
            key: Some(self.key.into()),
            body: checked(room, &self.body, context.settings)?,
        })))
    }
}

/// The body as it is kept.
fn checked(room: &RoomState, body: &Body, settings: &Settings) -> Result<Body, Error> {
    let most_chars = match room.meta.class {
        RoomClass::Public => settings.public_text_chars,
        RoomClass::Social | RoomClass::Evidence => settings.text_chars,
    };
    let mut body = body.clone();
    match &mut body {
        Body::Text(words) | Body::System(SystemBody::Notice(words)) => {
            words.text = text::with_line_feeds(&words.text);
            text::check_message(&words.text, most_chars)?;
        }
        Body::System(SystemBody::Unknown(_)) | Body::Unknown(_) => {
            let sentence = "This server does not know this kind of message.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
    }
    Ok(body)
}
