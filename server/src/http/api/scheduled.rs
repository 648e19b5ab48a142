//! Messages that are sent later.

use std::str::FromStr;

use caffis_schema::{
    Body, ClientId, Command, List, RoomId, Timestamp,
    limits::EXTRAS,
    open::Empty,
    reply::Appended,
    room::Extra,
    scheduled::{
        CancelScheduled, ChangeScheduled, Schedule, Scheduled, ScheduledMessage, ScheduledPage,
        ScheduledPlace, SendScheduled,
    },
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    input::Given,
    operation::{Method, Operation, body},
    parameter::{Holds, Parameter},
    problem::Problem,
};

const IN_ROOM: &str = "/api/chat/rooms/{room}/scheduled";
const ONE: &str = "/api/chat/rooms/{room}/scheduled/{scheduled}";

const AFTER: Parameter = Parameter {
    name: "after",
    about: "Where the page before this one says to go on: room and id of its `next`, with a colon between them.",
    holds: Holds::Type(String::SCHEMA),
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        query: &[AFTER],
        ..Operation::get::<ScheduledPage>(
            "/api/chat/scheduled",
            "list_scheduled",
            "What the person has scheduled in all rooms, by room.",
            |given| Box::pin(list(given, None)),
        )
    },
    Operation {
        query: &[AFTER],
        ..Operation::get::<ScheduledPage>(
            IN_ROOM,
            "list_scheduled_in_room",
            "What the person has scheduled in a room.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    list(given, Some(room)).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Later>(&["extras"]),
        keyed: true,
        message: true,
        ..Operation::get::<ScheduledMessage>(
            IN_ROOM,
            "schedule_message",
            "Has a message sent at a later time, also if the person is not connected then.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Later { body, extras, due } = given.body()?;
                    given.call(Command::Schedule(Schedule { key, room, body, extras, due })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        body: body::<Later>(&["extras"]),
        keyed: true,
        message: true,
        ..Operation::get::<ScheduledMessage>(
            ONE,
            "change_scheduled_message",
            "Changes what a scheduled message says and when it is sent; one that could not be sent waits again.",
            |given| {
                Box::pin(async move {
                    let (key, (room, id)) = (given.key()?, place(&given)?);
                    let Later { body, extras, due } = given.body()?;
                    let change = ChangeScheduled { key, room, id, body, extras, due };
                    given.call(Command::ChangeScheduled(change)).await
                })
            },
        )
    },
    Operation {
        method: Method::Delete,
        keyed: true,
        ..Operation::get::<Empty>(
            ONE,
            "cancel_scheduled_message",
            "Takes back that a message is sent later.",
            |given| {
                Box::pin(async move {
                    let (key, (room, id)) = (given.key()?, place(&given)?);
                    let cancel = CancelScheduled { key, room, id };
                    given.call(Command::CancelScheduled(cancel)).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        keyed: true,
        message: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/scheduled/{scheduled}/send",
            "send_scheduled_message",
            "Sends a scheduled message now.",
            |given| {
                Box::pin(async move {
                    let (key, (room, id)) = (given.key()?, place(&given)?);
                    given.call(Command::SendScheduled(SendScheduled { key, room, id })).await
                })
            },
        )
    },
];

async fn list(given: Given, room: Option<RoomId>) -> Result<Answer, Problem> {
    let after = given.query::<Place>("after")?.map(|place| place.0);
    given.call(Command::Scheduled(Scheduled { room, after })).await
}

fn place(given: &Given) -> Result<(RoomId, ClientId), Problem> {
    Ok((given.path("room")?, given.path("scheduled")?))
}

/// What is to be said, and when.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Later {
    body: Body,
    /// What belongs to it besides its words, such as the message that it answers.
    #[serde(default)]
    extras: List<Extra, EXTRAS>,
    /// When it is sent.
    due: Timestamp,
}

/// Where a page ended, as in an address.
struct Place(ScheduledPlace);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = || {
            let (room, id) = text.split_once(':')?;
            Some(ScheduledPlace { room: room.parse().ok()?, id: id.parse().ok()? })
        };
        place().map(Self).ok_or("not a room and an id")
    }
}
