//! What becomes of a message: edits, deletes, reactions.

use caffis_schema::{
    Body, Command, Error, ErrorCode, Position, RoomId, Text,
    command::{Delete, Edit, Hide, Pin, Pins, React, Revisions},
    limits::EMOJI_BYTES,
    open::Empty,
    reply::{Appended, PinList, RevisionPage},
    room::Mentions,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    entries::Place,
    input::Given,
    operation::{Method, Operation, body},
    parameter::{Holds, Parameter},
    problem::Problem,
};

const MESSAGE: &str = "/api/chat/rooms/{room}/messages/{position}";
const PIN: &str = "/api/chat/rooms/{room}/messages/{position}/pin";
const REACTION: &str = "/api/chat/rooms/{room}/messages/{position}/reactions/{emoji}";

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Put,
        body: body::<Words>(&["mentions"]),
        keyed: true,
        message: true,
        ..Operation::get::<Appended>(
            MESSAGE,
            "edit_message",
            "Changes the words of a person's own message.",
            |given| {
                Box::pin(async move {
                    let (key, (room, position)) = (given.key()?, message(&given)?);
                    let Words { body, mentions } = given.body()?;
                    let edit = Edit { key, room, position, body, mentions };
                    given.call(Command::Edit(edit)).await
                })
            },
        )
    },
    Operation {
        method: Method::Delete,
        rights: &["members"],
        keyed: true,
        ..Operation::get::<Appended>(
            MESSAGE,
            "delete_message",
            "Deletes a message for everyone.",
            |given| {
                Box::pin(async move {
                    let (key, (room, position)) = (given.key()?, message(&given)?);
                    given.call(Command::Delete(Delete { key, room, position })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        rights: &["members"],
        keyed: true,
        ..Operation::get::<Appended>(PIN, "pin_message", "Pins a message in its room.", |given| {
            Box::pin(pin(given, true))
        })
    },
    Operation {
        method: Method::Delete,
        rights: &["members"],
        keyed: true,
        ..Operation::get::<Appended>(
            PIN,
            "unpin_message",
            "Takes back that a message is pinned.",
            |given| Box::pin(pin(given, false)),
        )
    },
    Operation {
        rights: &["history"],
        ..Operation::get::<PinList>(
            "/api/chat/rooms/{room}/pins",
            "list_pins",
            "What is pinned in a room, oldest first.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    given.call(Command::Pins(Pins { room })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/messages/{position}/hidden",
            "hide_message",
            "Deletes a message for the person alone, on all their devices.",
            |given| {
                Box::pin(async move {
                    let (room, position) = message(&given)?;
                    given.call(Command::Hide(Hide { room, position })).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        conflicts: true,
        query: &[Parameter {
            name: "from",
            about: "The first revision wanted; 0, and if it is absent, is what was sent.",
            holds: Holds::Type(u32::SCHEMA),
        }],
        ..Operation::get::<RevisionPage>(
            "/api/chat/rooms/{room}/messages/{position}/revisions",
            "list_revisions",
            "What a message said before it was edited, oldest first.",
            |given| {
                Box::pin(async move {
                    let (room, position) = message(&given)?;
                    let from = given.query("from")?.unwrap_or_default();
                    given.call(Command::Revisions(Revisions { room, position, from })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        keyed: true,
        ..Operation::get::<Appended>(
            REACTION,
            "add_reaction",
            "Adds the person's reaction to a message.",
            |given| Box::pin(react(given, true)),
        )
    },
    Operation {
        method: Method::Delete,
        keyed: true,
        ..Operation::get::<Appended>(
            REACTION,
            "remove_reaction",
            "Takes back the person's reaction to a message.",
            |given| Box::pin(react(given, false)),
        )
    },
];

/// What a message is to say.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Words {
    body: Body,
    /// Whom it mentions from now on; if it is absent, the same people as before.
    #[serde(default)]
    mentions: Option<Mentions>,
}

fn message(given: &Given) -> Result<(RoomId, Position), Problem> {
    Ok((given.path("room")?, given.path::<Place>("position")?.0))
}

async fn pin(given: Given, pin: bool) -> Result<Answer, Problem> {
    let (key, (room, position)) = (given.key()?, message(&given)?);
    given.call(Command::Pin(Pin { key, room, position, pin })).await
}

async fn react(given: Given, add: bool) -> Result<Answer, Problem> {
    let (key, (room, position)) = (given.key()?, message(&given)?);
    let emoji = Text::<EMOJI_BYTES>::new(given.path::<String>("emoji")?).map_err(|_| {
        let sentence = "In the address, emoji is not one emoji.";
        Problem::from(Error::refused(ErrorCode::NotAnEmoji, sentence))
    })?;
    given.call(Command::React(React { key, room, position, emoji, add })).await
}
