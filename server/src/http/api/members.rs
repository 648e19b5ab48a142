//! Who is in a room.

use caffis_schema::{
    Command, List, UserId,
    command::{AddMembers, Leave, Members, RemoveMember, SetRole, TransferOwnership},
    limits::USERS_PER_COMMAND,
    reply::{Appended, MemberPage},
    room::Role,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    operation::{Method, Operation, body},
    parameter::{Holds, LIMIT, Parameter},
};

const PATH: &str = "/api/chat/rooms/{room}/members";

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        rights: &["states", "history"],
        query: &[
            Parameter {
                name: "after",
                about: "The last member of the page before.",
                holds: Holds::Type(UserId::SCHEMA),
            },
            LIMIT,
        ],
        ..Operation::get::<MemberPage>(
            PATH,
            "list_members",
            "A room's members, by user id.",
            |given| {
                Box::pin(async move {
                    let (room, after) = (given.path("room")?, given.query("after")?);
                    let limit = given.limit()?;
                    given.call(Command::Members(Members { room, after, limit })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        rights: &["members"],
        body: body::<Added>(&[]),
        keyed: true,
        ..Operation::get::<Appended>(
            PATH,
            "add_members",
            "Adds members; who is one already stays as they are.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Added { users } = given.body()?;
                    given.call(Command::AddMembers(AddMembers { key, room, users })).await
                })
            },
        )
    },
    Operation {
        method: Method::Delete,
        rights: &["members"],
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/members/{user}",
            "remove_member",
            "Removes a member.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let user = given.path("user")?;
                    given.call(Command::RemoveMember(RemoveMember { key, room, user })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        rights: &["members"],
        body: body::<Given>(&[]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/members/{user}/role",
            "set_role",
            "Changes a member's role.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let (user, Given { role }) = (given.path("user")?, given.body()?);
                    given.call(Command::SetRole(SetRole { key, room, user, role })).await
                })
            },
        )
    },
    Operation {
        method: Method::Put,
        body: body::<NewOwner>(&[]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/owner",
            "transfer_ownership",
            "Makes another member the owner in the person's place, who is an admin then.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let NewOwner { user } = given.body()?;
                    let transfer = TransferOwnership { key, room, user };
                    given.call(Command::TransferOwnership(transfer)).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/leave",
            "leave_room",
            "The person leaves a room.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    given.call(Command::Leave(Leave { key, room })).await
                })
            },
        )
    },
];

/// Who is to be added.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Added {
    users: List<UserId, USERS_PER_COMMAND>,
}

/// Who is to own the room.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct NewOwner {
    user: UserId,
}

/// What somebody is to be.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Given {
    role: Role,
}
