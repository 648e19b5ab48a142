//! Links by which people join groups.

use caffis_schema::{
    Command, InviteSecret, RoomId, Text,
    invites::{
        CreateInvite, InviteList, InvitePreview, InvitedRoom, Invites, JoinByInvite, RevokeInvite,
    },
    limits::INVITE_NAME_BYTES,
    reply::Appended,
};
use postcard_schema::Schema;
use serde::Deserialize;

use super::{
    entries::Place,
    operation::{Method, Operation, body},
};

const PATH: &str = "/api/chat/rooms/{room}/invites";

/// How long a link is good if nothing is said: seven days, in seconds.
const LIFETIME_SECONDS: u32 = 604_800;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation {
        // Of a room that is no group.
        conflicts: true,
        ..Operation::get::<InviteList>(
            PATH,
            "list_invites",
            "The links by which people join a group, newest first.",
            |given| {
                Box::pin(async move {
                    let room = given.path("room")?;
                    given.call(Command::Invites(Invites { room })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Made>(&["lifetime_seconds", "max_uses", "name"]),
        keyed: true,
        ..Operation::get::<Appended>(
            PATH,
            "create_invite",
            "Makes a link by which people join a group; its position names it. The caller makes the \
             secret, 16 random bytes; the link is the room, a dot and the secret.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let Made { secret, lifetime_seconds, max_uses, name } = given.body()?;
                    let create =
                        CreateInvite { key, room, secret, lifetime_seconds, max_uses, name };
                    given.call(Command::CreateInvite(create)).await
                })
            },
        )
    },
    Operation {
        method: Method::Delete,
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/rooms/{room}/invites/{position}",
            "revoke_invite",
            "Ends a link by which people join.",
            |given| {
                Box::pin(async move {
                    let (key, room) = (given.key()?, given.path("room")?);
                    let invite = given.path::<Place>("position")?.0;
                    given.call(Command::RevokeInvite(RevokeInvite { key, room, invite })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Link>(&[]),
        ..Operation::get::<InvitedRoom>(
            "/api/chat/invites/preview",
            "preview_invite",
            "What a link leads to, before the person joins.",
            |given| {
                Box::pin(async move {
                    let Link { room, secret } = given.body()?;
                    given.call(Command::InvitePreview(InvitePreview { room, secret })).await
                })
            },
        )
    },
    Operation {
        method: Method::Post,
        body: body::<Link>(&[]),
        keyed: true,
        ..Operation::get::<Appended>(
            "/api/chat/invites/join",
            "join_by_invite",
            "The person joins a group by a link; who is a member already stays one, and no use is \
             counted.",
            |given| {
                Box::pin(async move {
                    let (key, Link { room, secret }) = (given.key()?, given.body()?);
                    given.call(Command::JoinByInvite(JoinByInvite { key, room, secret })).await
                })
            },
        )
    },
];

/// A link to be made.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Made {
    secret: InviteSecret,
    /// 0 for ever; a week if it is absent.
    #[serde(default = "week")]
    lifetime_seconds: u32,
    /// 0, and if it is absent: any number.
    #[serde(default)]
    max_uses: u32,
    #[serde(default)]
    name: Option<Text<INVITE_NAME_BYTES>>,
}

const fn week() -> u32 {
    LIFETIME_SECONDS
}

/// A link that somebody has. It comes in the body: addresses are logged.
#[derive(Deserialize, Schema)]
#[serde(deny_unknown_fields)]
struct Link {
    room: RoomId,
    secret: InviteSecret,
}
