//! Messages that are marked for a person.

use caffis_schema::{
    Command,
    command::{Marked, Marks, Star},
    event::Flag,
    open::Empty,
    reply::{MarkList, MarkedPage},
};

use super::{
    answer::Answer,
    entries::Place as Position,
    input::Given,
    operation::{Method, Operation},
    parameter::{LIMIT, Parameter},
    problem::Problem,
    search::{BEFORE, Place},
};

const STAR: &str = "/api/chat/rooms/{room}/messages/{position}/star";

const PAGE: &[Parameter] = &[BEFORE, LIMIT];

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        query: PAGE,
        ..Operation::get::<MarkedPage>(
            "/api/chat/mentions",
            "list_mentions",
            "Messages that mention the person, newest first.",
            |given| Box::pin(page(given, Flag::Mentioned(Empty {}))),
        )
    },
    Operation::get::<MarkList>(
        "/api/chat/mentions/places",
        "list_mention_places",
        "Where the messages are that mention the person.",
        |given| Box::pin(places(given, Flag::Mentioned(Empty {}))),
    ),
    Operation {
        query: PAGE,
        ..Operation::get::<MarkedPage>(
            "/api/chat/stars",
            "list_stars",
            "Messages that the person has starred, newest star first.",
            |given| Box::pin(page(given, Flag::Starred(Empty {}))),
        )
    },
    Operation::get::<MarkList>(
        "/api/chat/stars/places",
        "list_star_places",
        "Where the messages are that the person has starred.",
        |given| Box::pin(places(given, Flag::Starred(Empty {}))),
    ),
    Operation {
        method: Method::Put,
        ..Operation::get::<Empty>(
            STAR,
            "star_message",
            "Stars a message for the person alone, on all their devices.",
            |given| Box::pin(star(given, true)),
        )
    },
    Operation {
        method: Method::Delete,
        ..Operation::get::<Empty>(
            STAR,
            "unstar_message",
            "Takes back that the person has starred a message.",
            |given| Box::pin(star(given, false)),
        )
    },
];

async fn star(given: Given, star: bool) -> Result<Answer, Problem> {
    let (room, position) = (given.path("room")?, given.path::<Position>("position")?.0);
    given.call(Command::Star(Star { room, position, star })).await
}

async fn page(given: Given, flag: Flag) -> Result<Answer, Problem> {
    let before = given.query::<Place>("before")?.map(|place| place.0);
    let limit = given.limit()?;
    given.call(Command::Marked(Marked { flag, before, limit })).await
}

async fn places(given: Given, flag: Flag) -> Result<Answer, Problem> {
    given.call(Command::Marks(Marks { flag })).await
}
