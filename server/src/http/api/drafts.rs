//! What a person has written and not sent.

use caffis_schema::{
    Command, Text, Timestamp, limits::DRAFT_BYTES, open::Empty, reply::DraftList, room::Draft,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::operation::{Method, Operation, body};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get::<DraftList>(
        "/api/chat/drafts",
        "list_drafts",
        "What the person has written and not sent, newest first.",
        |given| Box::pin(async move { given.call(Command::Drafts(Empty {})).await }),
    ),
    Operation {
        method: Method::Put,
        body: body::<Words>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/draft",
            "set_draft",
            "Keeps what the person has written in a room and not sent; an empty text removes it.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    let Words { text, time } = given.body()?;
                    given.call(Command::SetDraft(Draft { room, text, time })).await
                })
            },
        )
    },
];

/// What was written.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Words {
    text: Text<DRAFT_BYTES>,
    /// When; of two drafts the later one counts.
    time: Timestamp,
}
