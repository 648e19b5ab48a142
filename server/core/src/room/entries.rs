//! Entries as rows of the timeline.

use caffis_schema::{
    Body, ClientId, Codec, Entry, EntryKind, List, MessageNumber, Position, RoomId, Text,
    Timestamp, UserId, codec,
    event::{Deleted, Edited, Joined, TextBody},
    limits::{REACTIONS, USERS_PER_COMMAND},
    room::{LastEdit, Mentions, Message, MessageKey, Reaction},
};
use serde::{Deserialize, Serialize};

use crate::{model::room::BucketName, ports::store::StoreError, tables::TimelineRow};

/// The command that made an entry. It is kept with the entry, so that a new owner can write again what
/// became of the command (rules 10 and 15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// Who gave it.
    pub(super) by: UserId,
    /// Its client id.
    pub(super) client: ClientId,
    /// The time in its key.
    pub(super) time: Timestamp,
    /// A digest of its content.
    pub(super) digest: u64,
}

/// Where an entry lies, and what was written with it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The bucket.
    pub(super) bucket: BucketName,
    /// The position of the first entry of the append.
    pub(super) append: Position,
}

/// The row of an entry. Texts have columns of their own; everything else travels as on the wire.
pub(super) fn to_row(
    room: RoomId,
    place: Place,
    entry: &Entry,
    origin: Option<&Origin>,
) -> Result<TimelineRow, StoreError> {
    let mut row = TimelineRow {
        room,
        epoch: place.bucket.epoch,
        bucket: place.bucket.number,
        position: entry.position,
        time: entry.time,
        append: place.append,
        by: origin.map(|origin| origin.by.clone()),
        digest: origin.map(|origin| origin.digest),
        kind: entry.kind.name().into(),
        number: None,
        sender: None,
        client: origin.map(|origin| origin.client),
        client_time: origin.map(|origin| origin.time),
        text: None,
        content: None,
        ballots: None,
    };
    let columns = origin.is_none();
    fill(&mut row, entry, columns)?;
    Ok(row)
}

/// The row of an entry that has changed since: it keeps what belongs to the command that made it.
pub(super) fn again(mut row: TimelineRow, entry: &Entry) -> Result<TimelineRow, StoreError> {
    (row.text, row.content) = (None, None);
    let columns = row.client.is_none();
    fill(&mut row, entry, columns)?;
    Ok(row)
}

/// Writes the content of an entry. `columns` says that the row has no command whose key would be taken for
/// a message's.
fn fill(row: &mut TimelineRow, entry: &Entry, columns: bool) -> Result<(), StoreError> {
    if let EntryKind::Message(message) = &entry.kind {
        row.number = Some(message.number);
        row.sender = message.sender.clone();
        row.client = message.key.map(|key| key.id).or(row.client);
        row.client_time = message.key.map(|key| key.time).or(row.client_time);
        // A text's key is read from the columns.
        let columns = message.key.is_some() || columns;
        if let Body::Text(body) = &message.body
            && message.changed == Position::ZERO
            && message.extras.is_empty()
            && columns
        {
            row.text = Some(body.text.as_str().into());
            return Ok(());
        }
    }
    let content = codec::encode(&entry.kind, Codec::Binary).map_err(|error| {
        StoreError::Invalid { table: TimelineRow::TABLE.name, reason: error.to_string() }
    })?;
    row.content = Some(content.into());
    Ok(())
}

/// The entry of a row.
pub(super) fn from_row(row: TimelineRow) -> Result<Entry, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { table: TimelineRow::TABLE.name, reason };
    let kind = match (row.content, row.text) {
        (Some(content), _) => codec::decode(&content, Codec::Binary)
            .or_else(|error| older(&content).ok_or(error))
            .map_err(|error| corrupt(format!("position {}: {error}", row.position)))?,
        (None, Some(text)) => {
            let key = row.client.zip(row.client_time);
            let text = Text::new(&*text).map_err(|error| corrupt(error.to_string()))?;
            EntryKind::Message(Message::new(
                row.number.ok_or_else(|| corrupt("a message without number".to_owned()))?,
                row.sender,
                key.map(|(id, time)| MessageKey { id, time }),
                Body::Text(TextBody { text }),
            ))
        }
        (None, None) => return Err(corrupt(format!("position {} is empty", row.position))),
    };
    Ok(Entry { position: row.position, time: row.time, kind })
}

/// A message as it was kept before messages could be edited: tables up to version 10 have some.
#[derive(Serialize, Deserialize)]
struct Unchanged {
    number: MessageNumber,
    sender: Option<UserId>,
    key: Option<MessageKey>,
    body: Body,
}

/// A message as it was kept before it could answer another one: tables up to version 14 have some.
#[derive(Serialize, Deserialize)]
struct WithoutExtras {
    number: MessageNumber,
    sender: Option<UserId>,
    key: Option<MessageKey>,
    body: Body,
    changed: Position,
    edited: Option<LastEdit>,
    reactions: List<Reaction, REACTIONS>,
}

/// An edit as it was kept before messages could mention people: tables up to version 18 have some.
#[derive(Serialize, Deserialize)]
struct WithoutMentions {
    message: Position,
    number: MessageNumber,
    revision: u32,
    replaces: Position,
    body: Option<Body>,
}

/// A deletion as it was kept before there were threads: tables up to version 23 have some.
#[derive(Serialize, Deserialize)]
struct WithoutThread {
    message: Position,
    number: MessageNumber,
    replaces: Position,
    by: Option<UserId>,
}

/// People who joined, as it was kept before they could come by invite links: tables up to version 21 have some.
#[derive(Serialize, Deserialize)]
struct WithoutInvite {
    users: List<UserId, USERS_PER_COMMAND>,
    by: Option<UserId>,
    visible_after: Position,
}

fn older(content: &[u8]) -> Option<EntryKind> {
    let (tag, payload): (u32, Vec<u8>) = codec::decode(content, Codec::Binary).ok()?;
    if EntryKind::NAMES.get(tag as usize) == Some(&"edited") {
        let WithoutMentions { message, number, revision, replaces, body } =
            codec::decode(&payload, Codec::Binary).ok()?;
        let mentions = Mentions::default();
        let edited = Edited { message, number, revision, replaces, body, mentions };
        return Some(EntryKind::Edited(edited));
    }
    if EntryKind::NAMES.get(tag as usize) == Some(&"deleted") {
        let WithoutThread { message, number, replaces, by } =
            codec::decode(&payload, Codec::Binary).ok()?;
        return Some(EntryKind::Deleted(Deleted { message, number, replaces, by, thread: None }));
    }
    if EntryKind::NAMES.get(tag as usize) == Some(&"joined") {
        let WithoutInvite { users, by, visible_after } =
            codec::decode(&payload, Codec::Binary).ok()?;
        return Some(EntryKind::Joined(Joined { users, by, visible_after, invite: None }));
    }
    if EntryKind::NAMES.get(tag as usize) != Some(&"message") {
        return None;
    }
    let message = match codec::decode(&payload, Codec::Binary) {
        Ok(WithoutExtras { number, sender, key, body, changed, edited, reactions }) => {
            Message { changed, edited, reactions, ..Message::new(number, sender, key, body) }
        }
        Err(_) => {
            let Unchanged { number, sender, key, body } =
                codec::decode(&payload, Codec::Binary).ok()?;
            Message::new(number, sender, key, body)
        }
    };
    Some(EntryKind::Message(message))
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        event::SystemBody,
        room::{Extra, ReplyTo},
    };

    use super::*;
    use crate::tables::Record;

    fn round_trip(kind: EntryKind) {
        let entry = Entry { position: Position(3), time: Timestamp(5), kind };
        let bucket = BucketName { epoch: 1, number: 1 };
        let place = Place { bucket, append: Position(2) };
        let by = UserId::new("giulia").expect("an id");
        let origin = Origin { by, client: ClientId([7; 16]), time: Timestamp(12), digest: 9 };
        let row = to_row(RoomId::from_random(9), place, &entry, Some(&origin)).expect("fits");
        let raw = TimelineRow::from_row(row.to_row()).expect("fits its columns");
        assert_eq!(from_row(raw.clone()).expect("reads back"), entry);
        assert_eq!(again(raw, &entry).expect("fits"), row);
    }

    #[test]
    fn entries_come_back_as_they_were() {
        let user = UserId::new("giulia").expect("an id");
        let body = Body::Text(TextBody { text: Text::cut("caffè ☕") });
        let key = Some(MessageKey { id: ClientId([7; 16]), time: Timestamp(12) });
        let number = MessageNumber(2);
        let message = Message::new(number, Some(user.clone()), key, body.clone());
        round_trip(EntryKind::Message(message.clone()));
        round_trip(EntryKind::Message(Message::new(number, None, None, body)));
        let (position, time) = (Position(8), Timestamp(6));
        let edited = Some(LastEdit { revision: 1, position, time });
        let changed = Message { changed: position, edited, ..message.clone() };
        round_trip(EntryKind::Message(changed));
        let extras = List::cut(vec![Extra::Reply(ReplyTo { message: Position(1) })]);
        round_trip(EntryKind::Message(Message { extras, ..message }));
        let users = List::cut(vec![user]);
        let visible_after = Position(2);
        let joined = Joined { users, by: None, visible_after, invite: Some(Position(2)) };
        round_trip(EntryKind::Joined(joined));
    }

    #[test]
    fn messages_as_they_were_kept_before_are_read() {
        let body = Body::System(SystemBody::Notice(TextBody { text: Text::cut("closed") }));
        let message = Message::new(MessageNumber(2), None, None, body);
        let new = codec::encode(&message, Codec::Binary).expect("fits");
        // The last fields were added since, which are one byte each when nothing changed: three with edits
        // and reactions, and one with extras.
        for added in [4, 1] {
            let old = new[..new.len() - added].to_vec();
            let content = codec::encode(&(1_u32, old), Codec::Binary).expect("fits");
            assert_eq!(older(&content), Some(EntryKind::Message(message.clone())));
        }
        assert_eq!(older(&[1, 1, 0]), None);
        let (message, replaces) = (Position(3), Position::ZERO);
        let body = Some(Body::Text(TextBody { text: Text::cut("closed") }));
        let mentions = Mentions::default();
        let edited =
            Edited { message, number: MessageNumber(2), revision: 1, replaces, body, mentions };
        let new = codec::encode(&edited, Codec::Binary).expect("fits");
        // No users, and not the room.
        let old = new[..new.len() - 2].to_vec();
        let content = codec::encode(&(6_u32, old), Codec::Binary).expect("fits");
        assert_eq!(older(&content), Some(EntryKind::Edited(edited)));
        let (message, number) = (Position(3), MessageNumber(1));
        let deleted = Deleted { message, number, replaces, by: None, thread: None };
        let new = codec::encode(&deleted, Codec::Binary).expect("fits");
        // Of no thread.
        let old = new[..new.len() - 1].to_vec();
        let content = codec::encode(&(7_u32, old), Codec::Binary).expect("fits");
        assert_eq!(older(&content), Some(EntryKind::Deleted(deleted)));
        let users = List::cut(vec![UserId::new("giulia").expect("an id")]);
        let joined = Joined { users, by: None, visible_after: Position(2), invite: None };
        let new = codec::encode(&joined, Codec::Binary).expect("fits");
        // Not by a link.
        let old = new[..new.len() - 1].to_vec();
        let content = codec::encode(&(2_u32, old), Codec::Binary).expect("fits");
        assert_eq!(older(&content), Some(EntryKind::Joined(joined)));
    }
}
