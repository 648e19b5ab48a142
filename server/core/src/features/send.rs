//! Sending a message.

use caffis_schema::{
    Body, EntryKind, Error, ErrorCode, Reply,
    command::Send,
    event::SystemBody,
    room::{Message, RoomClass},
};

use crate::{
    model::{
        actor::Actor,
        authorise::{Allowed, Post, authorise},
        room::RoomState,
        text,
    },
    room::{Change, RoomCommand, StepContext},
    services::{Asker, Handled},
};

/// The pure step.
///
/// # Errors
/// Who may not post, and what is not a message.
pub fn step(
    room: &RoomState,
    actor: &Actor,
    send: &Send,
    context: &StepContext<'_>,
) -> Result<Change, Error> {
    let notice = matches!(send.body, Body::System(_));
    let allowed = authorise(actor, room, Post { notice })?;
    check(room, &send.body, context)?;
    Ok(Change { entries: vec![entry(room, allowed, send)] })
}

fn check(room: &RoomState, body: &Body, context: &StepContext<'_>) -> Result<(), Error> {
    let most_chars = match room.meta.class {
        RoomClass::Public => context.settings.public_text_chars,
        RoomClass::Social | RoomClass::Evidence => context.settings.text_chars,
    };
    match body {
        Body::Text(body) | Body::System(SystemBody::Notice(body)) => {
            text::check_message(&body.text, most_chars)
        }
        Body::System(SystemBody::Unknown(_)) | Body::Unknown(_) => Err(Error::refused(
            ErrorCode::Invalid,
            "This server does not know this kind of message.",
        )),
    }
}

fn entry(room: &RoomState, allowed: Allowed<Post>, send: &Send) -> EntryKind {
    let sender = allowed.actor().author();
    EntryKind::Message(Message {
        number: room.number + 1,
        sender,
        key: Some(send.key),
        body: send.body.clone(),
    })
}

/// Gives the message to the room's owner. It is in the room's queue when this returns.
pub fn handle(
    asker: &Asker,
    send: Send,
) -> impl Future<Output = Handled> + std::marker::Send + 'static + use<> {
    let room = send.room;
    let answer =
        asker.services.rooms.command(room, asker.actor(room), RoomCommand::Send(Box::new(send)));
    async move { Ok(Reply::Appended(answer.await?.appended)) }
}
