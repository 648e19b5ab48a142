//! A room's log.

use std::str::FromStr;

use caffis_schema::{
    Command, Entry, ErrorCode, List, Position,
    command::{Anchor, History, MessageAt, Previews},
    limits::MESSAGES_PER_COMMAND,
    reply::{EntryPage, PreviewList},
};
use postcard_schema::Schema;

use super::{
    input::Given,
    operation::Operation,
    parameter::{Holds, LIMIT, Parameter},
    problem::Problem,
};

const fn position(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, holds: Holds::Type(Position::SCHEMA) }
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["history"],
        query: &[
            position("before", "The entries just before this position."),
            position("after", "The entries just after this position."),
            position("around", "The entries on both sides of this position, and itself."),
            LIMIT,
        ],
        ..Operation::get::<EntryPage>(
            "/api/chat/rooms/{room}/entries",
            "list_entries",
            "A page of a room's log, in order; the last one if no position is given.",
            |given| {
                Box::pin(async move {
                    let (room, anchor) = (given.path("room")?, anchor(&given)?);
                    let limit = given.limit()?;
                    given.call(Command::History(History { room, anchor, limit })).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        ..Operation::get::<Entry>(
            "/api/chat/rooms/{room}/entries/{position}",
            "get_message",
            "One message.",
            |given| {
                Box::pin(async move {
                    let (room, position) = (given.path("room")?, given.path::<Place>("position")?);
                    let position = position.0;
                    given.call(Command::Message(MessageAt { room, position })).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        query: &[Parameter {
            name: "positions",
            about: "The positions of the messages, with commas between them; at most 100.",
            holds: Holds::Type(String::SCHEMA),
        }],
        ..Operation::get::<PreviewList>(
            "/api/chat/rooms/{room}/previews",
            "list_previews",
            "Some messages in short, such as those that others answer; those that the caller may see.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    let positions = given.query("positions")?.unwrap_or(Places::default()).0;
                    given.call(Command::Previews(Previews { room, positions })).await
                })
            },
        )
    },
];

fn anchor(given: &Given) -> Result<Anchor, Problem> {
    let place =
        |name| -> Result<_, Problem> { Ok(given.query::<Place>(name)?.map(|place| place.0)) };
    match (place("before")?, place("after")?, place("around")?) {
        (None, None, None) => Ok(Anchor::Latest),
        (Some(before), None, None) => Ok(Anchor::Before(before)),
        (None, Some(after), None) => Ok(Anchor::After(after)),
        (None, None, Some(around)) => Ok(Anchor::Around(around)),
        _ => {
            let sentence = "Only one of before, after and around can be given.";
            Err(Problem::bad(ErrorCode::Invalid, sentence))
        }
    }
}

/// Positions as text, with commas between them.
#[derive(Default)]
struct Places(List<Position, MESSAGES_PER_COMMAND>);

impl FromStr for Places {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let places: Result<Vec<_>, _> = text.split(',').map(Place::from_str).collect();
        let places = places?.into_iter().map(|place| place.0).collect();
        List::new(places).map(Self).map_err(|_| "more than 100 positions")
    }
}

/// A position as text.
pub(super) struct Place(pub(super) Position);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().ok().filter(|number| *number <= caffis_schema::ids::MAX_EXACT);
        number.map(|number| Self(Position(number))).ok_or("not a position: 0 to 2^53 - 1")
    }
}
