//! Polls: voting, closing, and what came out. A poll is sent as any message.

use caffis_schema::{
    Command, List, Position, RoomId, UserId,
    limits::POLL_OPTIONS,
    polls::{ClosePoll, PollAt, PollResults, Vote, VoterPage, Voters},
    reply::Appended,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    entries::Place,
    input::Given,
    operation::{Method, Operation, body},
    parameter::{Holds, LIMIT, Parameter},
    problem::Problem,
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Put,
        body: body::<Chosen>(&[]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/messages/{position}/vote",
            "vote",
            "Says everything that the person chooses in a poll; nothing takes their vote back.",
            |given| {
                Box::pin(async move {
                    let (key, (room, position)) = (given.key()?, poll(&given)?);
                    let Chosen { choices } = given.body()?;
                    given.call(Command::Vote(Vote { key, room, position, choices })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &["members"],
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/messages/{position}/close",
            "close_poll",
            "Closes a poll: nobody votes in it any more.",
            |given| {
                Box::pin(async move {
                    let (key, (room, position)) = (given.key()?, poll(&given)?);
                    given.call(Command::ClosePoll(ClosePoll { key, room, position })).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        conflicts: true,
        ..Operation::get::<PollResults>(
            "/api/chat/rooms/{room}/messages/{position}/poll",
            "get_poll",
            "How many people chose what in a poll, and what the person chose.",
            |given| {
                Box::pin(async move {
                    let (room, position) = poll(&given)?;
                    given.call(Command::Poll(PollAt { room, position })).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        conflicts: true,
        query: &[
            Parameter {
                name: "after",
                about: "The last person of the page before.",
                holds: Holds::Type(UserId::SCHEMA),
            },
            LIMIT,
        ],
        ..Operation::get::<VoterPage>(
            "/api/chat/rooms/{room}/messages/{position}/voters",
            "list_voters",
            "Who chose what in a poll that is not anonymous, by user id.",
            |given| {
                Box::pin(async move {
                    let ((room, position), after) = (poll(&given)?, given.query("after")?);
                    let limit = given.limit()?;
                    given.call(Command::Voters(Voters { room, position, after, limit })).await
                })
            },
        )
    },
];

/// What the person chooses, counted from 0.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    choices: List<u8, POLL_OPTIONS>,
}

fn poll(given: &Given) -> Result<(RoomId, Position), Problem> {
    Ok((given.path("room")?, given.path::<Place>("position")?.0))
}
