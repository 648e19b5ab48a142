//! Searching, and what rooms talk about.

use std::str::FromStr;

use caffis_core::features::search::MAX_QUERY_CHARS;
use caffis_schema::{
    Command, ErrorCode, Position, RoomId, Text, Timestamp,
    command::{Search, SearchPlace, Topics},
    ids::MAX_EXACT,
    limits::TIME_ZONE_BYTES,
    reply::{SearchPage, TopicList},
};
use postcard_schema::Schema;

use super::{
    answer::Answer,
    input::Given,
    operation::Operation,
    parameter::{Holds, LIMIT, Parameter},
    problem::Problem,
};

const PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "q",
        about: "Words, \"phrases\", beginnings of words (cappu*), and filters: from:, in:, has: (link, poll, location, place, mention, reply, thread), before:, after:.",
        holds: Holds::Type(Text::<MAX_QUERY_CHARS>::SCHEMA),
    },
    Parameter {
        name: "time_zone",
        about: "The time zone (IANA) of the days after before: and after:, such as Europe/Rome; without it that of the person's profile, or else UTC.",
        holds: Holds::Type(Text::<TIME_ZONE_BYTES>::SCHEMA),
    },
    BEFORE,
    LIMIT,
];

/// Where to go on.
pub(super) const BEFORE: Parameter = Parameter {
    name: "before",
    about: "Where the page before this one says to go on: time, room and position of its `next`, with colons between them.",
    holds: Holds::Type(String::SCHEMA),
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        query: PARAMETERS,
        ..Operation::get::<SearchPage>(
            "/api/chat/search",
            "search",
            "Messages in the rooms of a person, newest first.",
            |given| Box::pin(async move { search(given, None).await }),
        )
    },
    Operation {
        rights: &["history"],
        query: PARAMETERS,
        ..Operation::get::<SearchPage>(
            "/api/chat/rooms/{room}/search",
            "search_room",
            "Messages in a room, newest first.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    search(given, Some(room)).await
                })
            },
        )
    },
    Operation {
        rights: &["history"],
        query: &[LIMIT],
        conflicts: true,
        ..Operation::get::<TopicList>(
            "/api/chat/rooms/{room}/topics",
            "list_topics",
            "What a public room talks about: the words of its last hour, the heaviest first.",
            |given| {
                Box::pin(async move {
                    let (room, limit) = (given.path("room")?, given.limit()?);
                    given.call(Command::Topics(Topics { room, limit })).await
                })
            },
        )
    },
];

async fn search(given: Given, room: Option<RoomId>) -> Result<Answer, Problem> {
    let query = given.query::<String>("q")?.unwrap_or_default();
    let too_long = || Problem::bad(ErrorCode::TextTooLong, "The parameter q is too long.");
    let query = Text::new(query).map_err(|_| too_long())?;
    let time_zone = given.query::<String>("time_zone")?.map(Text::new).transpose();
    let time_zone = time_zone
        .map_err(|_| Problem::bad(ErrorCode::Invalid, "The parameter time_zone is too long."))?;
    let before = given.query::<Place>("before")?.map(|place| place.0);
    let limit = given.limit()?;
    given.call(Command::Search(Search { room, query, time_zone, before, limit })).await
}

/// A place among what was found, as text.
pub(super) struct Place(pub(super) SearchPlace);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = "not a place: time:room:position";
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(error);
        let number = |text: &str| text.parse().ok().filter(|it| *it <= MAX_EXACT).ok_or(error);
        let time = Timestamp(number(part()?)?);
        let room = part()?.parse().map_err(|_| error)?;
        let position = Position(number(part()?)?);
        match parts.next() {
            None => Ok(Self(SearchPlace { time, room, position })),
            Some(_) => Err(error),
        }
    }
}
