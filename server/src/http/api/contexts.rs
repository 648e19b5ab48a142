//! Rooms by what they are about.

use caffis_schema::{
    Command, List, Text, UserId,
    command::EnsureRoom,
    limits::{NAME_BYTES, USERS_PER_COMMAND},
    room::{HistoryPolicy, RoomClass, RoomSummary},
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    operation::{Method, Operation, body},
    rooms::everything,
};

const PATH: &str = "/api/chat/contexts/{kind}/{id}";

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["states", "history"],
        ..Operation::get::<RoomSummary>(PATH, "get_context", "The room of a context.", |given| {
            Box::pin(async move {
                let context = given.context()?;
                Answer::of(&given.app.core.room_of(&given.by, &context).await?)
            })
        })
    },
    Operation {
        method: Method::Put,
        rights: &["rooms"],
        body: body::<Wanted>(&["name", "members", "history"]),
        ..Operation::get::<RoomSummary>(
            PATH,
            "ensure_context",
            "The room of a context, made when there is none. What the body says counts only then, but \
             the class has to be the room's. Sending it again does no harm.",
            |given| {
                Box::pin(async move {
                    let context = given.context()?;
                    let Wanted { class, name, members, history } = given.body()?;
                    let room = EnsureRoom { context, class, name, members, history };
                    given.call(Command::EnsureRoom(room)).await
                })
            },
        )
    },
];

/// A room that there should be.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    class: RoomClass,
    name: Option<Text<NAME_BYTES>>,
    #[serde(default)]
    members: List<UserId, USERS_PER_COMMAND>,
    #[serde(default = "everything")]
    history: HistoryPolicy,
}
