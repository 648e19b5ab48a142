//! `chat.message.edited` and `chat.message.deleted`.

use caffis_schema::{
    Position, Text,
    event::{Deleted, Edited},
    outgoing::{About, BodyKind, ChatEvent, MessageDeleted, MessageEdited},
};

use super::messages::words;

pub(super) fn edited(
    (room, position): (About, Position),
    edited: &Edited,
    preview_bytes: usize,
) -> ChatEvent {
    // What a later entry has replaced, the chat does not say any more.
    let now = edited.body.as_ref().map(|body| words(body, preview_bytes));
    let (body, preview) = now.unwrap_or((BodyKind::Deleted, Text::default()));
    ChatEvent::MessageEdited(MessageEdited {
        room,
        position,
        message: edited.message,
        number: edited.number,
        revision: edited.revision,
        body,
        preview,
    })
}

pub(super) fn deleted(room: About, position: Position, deleted: &Deleted) -> ChatEvent {
    let Deleted { message, number, by, .. } = deleted;
    let (message, number, by) = (*message, *number, by.clone());
    ChatEvent::MessageDeleted(MessageDeleted { room, position, message, number, by })
}
