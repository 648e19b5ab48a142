//! Sending.

use caffis_schema::{
    Body, Command, List, Position, RoomId,
    command::{Forward, Send},
    limits::EXTRAS,
    reply::Appended,
    room::Extra,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::operation::{Method, Operation, body};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Post,
        rights: &["notices"],
        body: body::<Words>(&["extras"]),
        keyed: true,
        message: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/messages",
            "send_message",
            "Sends a message: of a person a text, a poll, a location or a place, of a service a notice.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Words { body, extras } = given.body()?;
                    given.call(Command::Send(Send { key, room, body, extras })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Source>(&[]),
        keyed: true,
        message: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/forwards",
            "forward_message",
            "Sends what a message of another room says, with who wrote it first.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Source { source, position } = given.body()?;
                    let forward = Forward { key, room, source, position, copied: None };
                    given.call(Command::Forward(forward)).await
                })
            },
        )
    },
];

/// What is to be forwarded.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Source {
    /// The room in which the message is.
    source: RoomId,
    /// Its position there.
    position: Position,
}

/// What is to be said.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Words {
    body: Body,
    /// What belongs to it besides its words, such as the message that it answers.
    #[serde(default)]
    extras: List<Extra, EXTRAS>,
}
