//! Threads: the replies to a message, who follows them, and how far they have read. A reply is sent as any message.

use std::str::FromStr;

use caffis_schema::{
    Command, ErrorCode, ReplyNumber,
    ids::MAX_EXACT,
    open::Empty,
    threads::{
        FollowThread, FollowedPage, MarkThreadRead, Thread, ThreadAnchor, ThreadPage, Threads,
    },
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    entries::Place as Position,
    input::Given,
    operation::{Method, Operation, body},
    parameter::{Holds, LIMIT, Parameter},
    problem::Problem,
    search::{BEFORE, Place},
};

const FOLLOW: &str = "/api/chat/rooms/{room}/messages/{position}/thread/follow";

const fn number(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, holds: Holds::Type(ReplyNumber::SCHEMA) }
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["history"],
        query: &[
            number("before", "The replies just before the one of this number."),
            number("after", "The replies just after the one of this number."),
            number("around", "The replies on both sides of the one of this number, and itself."),
            LIMIT,
        ],
        ..Operation::get::<ThreadPage>(
            "/api/chat/rooms/{room}/messages/{position}/thread",
            "list_thread",
            "A page of the replies in a message's thread, in order, with the message; the last ones if no number is \
             given.",
            |given| {
                Box::pin(async move {
                    let (room, root) = (given.path("room")?, given.path::<Position>("position")?.0);
                    let (anchor, limit) = (anchor(&given)?, given.limit()?);
                    given.call(Command::Thread(Thread { room, root, anchor, limit })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        ..Operation::get::<Empty>(
            FOLLOW,
            "follow_thread",
            "Follows a thread: it is in the person's list, with what they have not read.",
            |given| Box::pin(follow(given, true)),
        )
    },
    Operation {
        method: Method::Delete,
        ..Operation::get::<Empty>(
            FOLLOW,
            "unfollow_thread",
            "Follows a thread no longer, until the person replies in it or is mentioned there.",
            |given| Box::pin(follow(given, false)),
        )
    },
    Operation {
        method: Method::Put,
        body: body::<Number>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/messages/{position}/thread/read",
            "mark_thread_read",
            "The person has read the replies up to this number, in a thread that they follow. It only goes forward.",
            |given| {
                Box::pin(async move {
                    let (room, root) = (given.path("room")?, given.path::<Position>("position")?.0);
                    let Number { number } = given.body()?;
                    given.call(Command::MarkThreadRead(MarkThreadRead { room, root, number })).await
                })
            },
        )
    },
    Operation {
        query: &[BEFORE, LIMIT],
        ..Operation::get::<FollowedPage>(
            "/api/chat/threads",
            "list_threads",
            "The threads that the person follows, the latest reply first.",
            |given| {
                Box::pin(async move {
                    let before = given.query::<Place>("before")?.map(|place| place.0);
                    let limit = given.limit()?;
                    given.call(Command::Threads(Threads { before, limit })).await
                })
            },
        )
    },
];

async fn follow(given: Given, follow: bool) -> Result<Answer, Problem> {
    let (room, root) = (given.path("room")?, given.path::<Position>("position")?.0);
    given.call(Command::FollowThread(FollowThread { room, root, follow })).await
}

fn anchor(given: &Given) -> Result<ThreadAnchor, Problem> {
    let place =
        |name| -> Result<_, Problem> { Ok(given.query::<At>(name)?.map(|number| number.0)) };
    match (place("before")?, place("after")?, place("around")?) {
        (None, None, None) => Ok(ThreadAnchor::Latest),
        (Some(before), None, None) => Ok(ThreadAnchor::Before(before)),
        (None, Some(after), None) => Ok(ThreadAnchor::After(after)),
        (None, None, Some(around)) => Ok(ThreadAnchor::Around(around)),
        _ => {
            let sentence = "Only one of before, after and around can be given.";
            Err(Problem::bad(ErrorCode::Invalid, sentence))
        }
    }
}

/// The number of a reply as text.
struct At(ReplyNumber);

impl FromStr for At {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().ok().filter(|number| *number <= MAX_EXACT);
        number.map(|number| Self(ReplyNumber(number))).ok_or("not a number: 0 to 2^53 - 1")
    }
}

/// The number of a reply.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Number {
    number: ReplyNumber,
}
