//! Reported messages.

use caffis_schema::{
    Command, Position, Text,
    command::{Report, ReportReason},
    limits::REPORT_BYTES,
    open::Empty,
    reports::ReportPage,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    entries::Place,
    operation::{Method, Operation, body},
    parameter::{Holds, LIMIT, Parameter},
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Put,
        body: body::<Said>(&["text"]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/messages/{position}/report",
            "report_message",
            "The person reports a message of somebody else to the moderators. The room does not hear of it; what comes \
             again changes nothing.",
            |given| {
                Box::pin(async move {
                    let (room, position): (_, Position) =
                        (given.path("room")?, given.path::<Place>("position")?.0);
                    let Said { reason, text } = given.body()?;
                    given.call(Command::Report(Report { room, position, reason, text })).await
                })
            },
        )
    },
    Operation {
        rights: &["reports"],
        people: false,
        query: &[
            Parameter {
                name: "after",
                about: "What the page before gave as next.",
                holds: Holds::Type(String::SCHEMA),
            },
            LIMIT,
        ],
        ..Operation::get::<ReportPage>(
            "/api/chat/reports",
            "list_reports",
            "The messages that people reported, in all rooms, oldest first.",
            |given| {
                Box::pin(async move {
                    let after = given.query::<String>("after")?;
                    let (core, limit) = (&given.app.core, given.limit()?);
                    Answer::of(&core.reports(&given.by, after.as_deref(), limit).await?)
                })
            },
        )
    },
];

/// Why.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Said {
    reason: ReportReason,
    #[serde(default)]
    text: Text<REPORT_BYTES>,
}
