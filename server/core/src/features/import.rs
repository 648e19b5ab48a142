//! Importing messages of the past.
//!
//! A message goes through the room's log like any other, after what is there. The id of its command
//! follows from the caller's id and is kept for ever, so the same line makes one message however often it comes, whatever
//! breaks in between. When its author sent it is an extra of the message; the entry has the owner's time, because a
//! room's time never runs backwards.

use std::collections::BTreeMap;

use caffis_schema::{
    Body, EntryKind, Error, ErrorCode, Keyed, List, Position, RoomId,
    imports::{ImportId, ImportMessage},
    room::{ClientKey, Extra, Imported, Message, ReplyTo},
};
use futures_util::future::join_all;

use crate::{
    call::Call,
    errors::owner_stopped,
    model::{
        authorise::{ImportInto, authorise},
        body,
        caller::{Caller, Rights},
        digest::digest,
        imports::Hashed,
        room::RoomState,
    },
    room::{Change, Done, RoomCommand, StepContext, message_deleted},
    tables::SentRow,
};

/// A message on its way into the room's log.
#[derive(Debug)]
struct Import {
    key: ClientKey,
    room: RoomId,
    message: ImportMessage,
    reply: Option<Position>,
}

impl Keyed for Import {
    fn key(&self) -> ClientKey {
        self.key
    }

    fn room(&self) -> RoomId {
        self.room
    }
}

impl RoomCommand for Import {
    fn digest(&self) -> u64 {
        let ImportMessage { sender, sent, body, reply_to, .. } = &self.message;
        digest(&("import", sender, sent, body, reply_to))
    }

    fn always_appends(&self) -> bool {
        true
    }

    fn keeps_refusals(&self) -> bool {
        // The line may come again once what was wrong is put right.
        false
    }

    fn lasts(&self) -> bool {
        true
    }

    fn text_bytes(&self) -> usize {
        body::length(&self.message.body)
    }

    fn named_message(&self) -> Option<Position> {
        self.reply
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        authorise(caller, room, ImportInto)?;
        let ImportMessage { sender, sent, body, .. } = &self.message;
        if !matches!(body, Body::Text(_) | Body::Location(_) | Body::Place(_)) {
            let sentence = "Only texts, locations and places can be imported.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        if *sent > context.now {
            let sentence = "A message that is imported was sent in the past.";
            return Err(Error::refused(ErrorCode::Invalid, sentence));
        }
        let body = body::checked(body, context.settings.most_chars(room.meta.class))?;
        let mut extras = vec![Extra::Imported(Imported { time: *sent })];
        if let Some(message) = self.reply {
            if context.message(room, caller)?.0.is_deleted() {
                return Err(message_deleted());
            }
            extras.push(Extra::Reply(ReplyTo { message }));
        }
        let message = Message::new(room.number + 1, Some(sender.clone()), None, body);
        let extras = List::cut(extras);
        Ok(Change::from(EntryKind::Message(Message { extras, ..message })))
    }
}

/// The key of the message with an id of the caller. It names no head, so the store is always asked for an earlier copy.
fn key(id: &ImportId) -> ClientKey {
    let Hashed { id, bits } = Hashed::of(id);
    ClientKey { id, time: SentRow::lasting(bits), head: Position::ZERO }
}

/// Adds messages to a room that this node owns, in their order; says of each whether it is new, or why it was not
/// added. Those that do not answer one of the others share writes.
pub(crate) async fn into_room(
    call: &Call,
    room: RoomId,
    messages: Vec<ImportMessage>,
) -> Vec<Result<bool, Error>> {
    let mut done: Vec<Option<Result<bool, Error>>> = vec![None; messages.len()];
    let mut added: BTreeMap<ImportId, Position> = BTreeMap::new();
    let mut under_way = Vec::new();
    for (place, message) in messages.into_iter().enumerate() {
        if message.reply_to.is_some() {
            settle(&mut under_way, &mut done, &mut added).await;
        }
        let (id, prepared) = (message.id.clone(), prepare(call, room, message, &added).await);
        match prepared {
            Ok(import) => {
                let caller = Caller {
                    user: call.user().clone(),
                    service: Some(Rights::IMPORT),
                    attending: false,
                };
                let command = call.services.rooms.command(caller, true, Box::new(import));
                under_way.push(async move { (place, id, command.await) });
            }
            Err(error) => done[place] = Some(Err(error)),
        }
    }
    settle(&mut under_way, &mut done, &mut added).await;
    let lost = || Err(owner_stopped());
    done.into_iter().map(|done| done.unwrap_or_else(lost)).collect()
}

/// The command that adds a message, once its author and what it answers are known.
async fn prepare(
    call: &Call,
    room: RoomId,
    message: ImportMessage,
    added: &BTreeMap<ImportId, Position>,
) -> Result<Import, Error> {
    if message.id.is_empty() {
        return Err(Error::refused(ErrorCode::Invalid, "The id of a message is empty."));
    }
    let sender = &message.sender;
    let known = call.services.directory.find_stored(sender).await?;
    if known.is_none_or(|person| person.is_deleted()) {
        let sentence = format!("There is no person {sender}.");
        return Err(Error::refused(ErrorCode::NotFound, &sentence));
    }
    let reply = match &message.reply_to {
        None => None,
        Some(id) => Some(position_of(call, room, id, added).await?),
    };
    Ok(Import { key: key(&message.id), room, message, reply })
}

/// Where the message with an id of the caller is.
async fn position_of(
    call: &Call,
    room: RoomId,
    id: &ImportId,
    added: &BTreeMap<ImportId, Position>,
) -> Result<Position, Error> {
    if let Some(position) = added.get(id) {
        return Ok(*position);
    }
    match call.services.rooms.sent_before(room, call.user(), key(id)).await? {
        Some(sent) => Ok(sent.appended.position),
        None => {
            let sentence = "The message that this one answers was not imported before it.";
            Err(Error::refused(ErrorCode::NotFound, sentence))
        }
    }
}

/// Waits for the commands under way, and notes what became of them.
async fn settle<F>(
    under_way: &mut Vec<F>,
    done: &mut [Option<Result<bool, Error>>],
    added: &mut BTreeMap<ImportId, Position>,
) where
    F: Future<Output = (usize, ImportId, Result<Done, Error>)>,
{
    for (place, id, result) in join_all(under_way.drain(..)).await {
        if let Ok(Done { appended, .. }) = &result {
            added.insert(id, appended.position);
        }
        done[place] = Some(result.map(|done| !done.again));
    }
}
