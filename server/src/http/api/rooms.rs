//! Rooms: a person's list, one room, and the ones that people make.

use caffis_schema::{
    Command, List, Text, UserId,
    command::{CreateGroup, EnsureDirect, Rooms},
    info::SetRoomInfo,
    limits::{CONTEXT_TYPE_BYTES, DESCRIPTION_BYTES, NAME_BYTES, USERS_PER_COMMAND},
    reply::{Appended, RoomPage},
    room::{HistoryPolicy, RoomSummary},
    settings::SetRoomSettings,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    answer::Answer,
    operation::{Method, Operation, body},
    parameter::{Holds, LIMIT, Parameter},
};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        query: &[
            Parameter {
                name: "after",
                about: "The last room of the page before.",
                holds: Holds::Type(caffis_schema::RoomId::SCHEMA),
            },
            Parameter {
                name: "context",
                about: "Only rooms of this type of context.",
                holds: Holds::Type(Text::<CONTEXT_TYPE_BYTES>::SCHEMA),
            },
            LIMIT,
        ],
        ..Operation::get::<RoomPage>(
            "/api/chat/rooms",
            "list_rooms",
            "The person's rooms, those that are pinned, then those that were active last.",
            |given| {
                Box::pin(async move {
                    let (after, context) = (given.query("after")?, given.query("context")?);
                    let context = context.map(|context: String| Text::cut(&context));
                    let limit = given.limit()?;
                    given.call(Command::Rooms(Rooms { after, context, limit })).await
                })
            },
        )
    },
    Operation {
        rights: &["states", "history"],
        ..Operation::get::<RoomSummary>("/api/chat/rooms/{room}", "get_room", "A room.", |given| {
            Box::pin(async move {
                Answer::of(&given.app.core.room(&given.by, given.path("room")?).await?)
            })
        })
    },
    Operation {
        method: Method::Put,
        rights: &["members"],
        body: body::<Set>(&["slow_mode_seconds", "frozen", "announcements"]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/settings",
            "set_room_settings",
            "Changes how people write in a room: slow mode, frozen, announcements only. What is absent stays.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Set { slow_mode_seconds, frozen, announcements } = given.body()?;
                    let set =
                        SetRoomSettings { key, room, slow_mode_seconds, frozen, announcements };
                    given.call(Command::SetRoomSettings(set)).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        rights: &["members"],
        body: body::<Info>(&["name", "description", "history"]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/info",
            "set_room_info",
            "Changes what a room is called, what it is for, and what later members see. What is absent stays; an empty \
             description takes it away.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Info { name, description, history } = given.body()?;
                    let set = SetRoomInfo { key, room, name, description, history };
                    given.call(Command::SetRoomInfo(set)).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        ..Operation::get::<RoomSummary>(
            "/api/chat/direct/{user}",
            "ensure_direct",
            "The direct conversation with a person, made when there is none.",
            |given| {
                Box::pin(async move {
                    let user = given.path("user")?;
                    given.call(Command::EnsureDirect(EnsureDirect { user })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Group>(&["members", "history"]),
        keyed: true,
        ..Operation::get::<RoomSummary>(
            "/api/chat/groups",
            "create_group",
            "A new group, which belongs to the person.",
            |given| {
                Box::pin(async move {
                    let (key, Group { name, members, history }) = (given.key()?, given.body()?);
                    let group = CreateGroup { key, name, members, history };
                    given.call(Command::CreateGroup(group)).await
                })
            },
        )
    },
];

/// What is to be set.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Set {
    #[serde(default)]
    slow_mode_seconds: Option<u32>,
    #[serde(default)]
    frozen: Option<bool>,
    #[serde(default)]
    announcements: Option<bool>,
}

/// What is to be said of a room.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Info {
    #[serde(default)]
    name: Option<Text<NAME_BYTES>>,
    #[serde(default)]
    description: Option<Text<DESCRIPTION_BYTES>>,
    #[serde(default)]
    history: Option<HistoryPolicy>,
}

/// A group that is to be made.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Group {
    name: Text<NAME_BYTES>,
    #[serde(default)]
    members: List<UserId, USERS_PER_COMMAND>,
    #[serde(default = "everything")]
    history: HistoryPolicy,
}

/// What later members see unless something else is said.
pub(super) fn everything() -> HistoryPolicy {
    HistoryPolicy::All
}
