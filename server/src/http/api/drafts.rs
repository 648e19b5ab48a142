//! What a person has written and not sent.

use caffis_schema::{
    Command, Text, Timestamp,
    drafts::{Draft, DraftList, ThreadDraft, ThreadDraftList},
    limits::DRAFT_BYTES,
    open::Empty,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    entries::Place as Position,
    operation::{Method, Operation, body},
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get::<DraftList>(
        "/api/chat/drafts",
        "list_drafts",
        "What the person has written in rooms and not sent, newest first.",
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
    Operation::get::<ThreadDraftList>(
        "/api/chat/threads/drafts",
        "list_thread_drafts",
        "What the person has written in threads and not sent, newest first.",
        |given| Box::pin(async move { given.call(Command::ThreadDrafts(Empty {})).await }),
    ),
    Operation {
        method: Method::Put,
        body: body::<Words>(&[]),
        ..Operation::get::<Empty>(
            "/api/chat/rooms/{room}/messages/{position}/thread/draft",
            "set_thread_draft",
            "Keeps what the person has written in the thread of a message and not sent; an empty text removes it.",
            |given| {
                Box::pin(async move {
                    let (room, root) = (given.path("room")?, given.path::<Position>("position")?.0);
                    let Words { text, time } = given.body()?;
                    let draft = ThreadDraft { room, root, text, time };
                    given.call(Command::SetThreadDraft(draft)).await
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
