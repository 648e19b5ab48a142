//! How far a person has read, whether they muted the room, and where it stands in their list.

use caffis_schema::{
    Command, MessageNumber, Timestamp,
    command::{Mark, Mute},
    open::Empty,
    placement::{Placement, SetPlacement},
};
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
            "/api/chat/rooms/{room}/delivered",
            "mark_delivered",
            "The messages up to this number have reached a device of the person. It only goes forward.",
            |given| {
                Box::pin(async move { given.call(Command::MarkDelivered(mark(&given)?)).await })
            },
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
    Operation {
        method: Method::Put,
        body: body::<Until>(&["until"]),
        ..Operation::get::<Empty>(
            MUTE,
            "mute_room",
            "Stops notifications of the room for the person, on all of their devices: until a time, or for ever.",
            |given| {
                Box::pin(async move {
                    let Until { until } = given.body()?;
                    let (room, until) = (given.path("room")?, until.unwrap_or(Timestamp::MAX));
                    given.call(Command::Mute(Mute { room, until: Some(until) })).await
                })
            },
        )
    },
    Operation {
        method: Method::Delete,
        ..Operation::get::<Empty>(
            MUTE,
            "unmute_room",
            "The person wants notifications of the room again.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    given.call(Command::Mute(Mute { room, until: None })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        body: body::<Where>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/placement",
            "place_room",
            "Says where the room stands in the person's own list, on all of their devices: `pinned` before all \
             others, `archived` or `hidden` until the next message, or `listed`.",
            |given| {
                Box::pin(async move {
                    let Where { placement } = given.body()?;
                    let room = given.path("room")?;
                    given.call(Command::SetPlacement(SetPlacement { room, placement })).await
                })
            },
        )
    },
];

const MUTE: &str = "/api/chat/rooms/{room}/mute";

fn mark(given: &Given) -> Result<Mark, Problem> {
    let Number { number } = given.body()?;
    Ok(Mark { room: given.path("room")?, number })
}

/// Until when.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Until {
    #[serde(default)]
    until: Option<Timestamp>,
}

/// Where a room stands.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Where {
    placement: Placement,
}

/// The number of a message.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Number {
    number: MessageNumber,
}
