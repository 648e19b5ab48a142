//! How far a person has read.

use caffis_schema::{Command, MessageNumber, command::Mark, open::Empty};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    input::Given,
    operation::{Method, Operation, body},
    problem::Problem,
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Put,
        body: body::<Number>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/read",
            "mark_read",
            "The person has read the messages up to this number. It only goes forward, so sending it \
             again does no harm.",
            |given| Box::pin(async move { given.call(Command::MarkRead(mark(&given)?)).await }),
        )
    },
    Operation {
        method: Method::Put,
        body: body::<Number>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/unread",
            "mark_unread",
            "Marks the message with this number and all after it as unread, for the person alone.",
            |given| Box::pin(async move { given.call(Command::MarkUnread(mark(&given)?)).await }),
        )
    },
];

fn mark(given: &Given) -> Result<Mark, Problem> {
    let Number { number } = given.body()?;
    Ok(Mark { room: given.path("room")?, number })
}

/// The number of a message.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Number {
    number: MessageNumber,
}
