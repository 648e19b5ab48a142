//! What is done with rooms and in the list of them.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::{RoomId, UserId, exact},
    limits::{CONTEXT_TYPE_BYTES, NAME_BYTES, USERS_PER_COMMAND},
    numbers::{MessageNumber, Timestamp},
    room::{
        ClientKey, Context, ContextStatus, Details, HistoryPolicy, Participant, Role, RoomClass,
    },
};

/// See [`Command::Rooms`](crate::Command::Rooms).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Rooms {
    /// Rooms after this one in the list, or none to start at the beginning.
    pub after: Option<RoomId>,
    /// Only rooms of this context type.
    pub context: Option<Text<CONTEXT_TYPE_BYTES>>,
    /// The most rooms wanted.
    pub limit: u8,
}

/// See [`Command::EnsureRoom`](crate::Command::EnsureRoom). A room that exists is returned unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnsureRoom {
    /// What the room is about.
    pub context: Context,
    /// Its class, if it has to be made.
    pub class: RoomClass,
    /// Its name, if it has to be made.
    pub name: Option<Text<NAME_BYTES>>,
    /// Its members, if it has to be made; the caller is always one, except in public rooms.
    pub members: List<UserId, USERS_PER_COMMAND>,
    /// What later members see, if it has to be made.
    pub history: HistoryPolicy,
}

/// See [`Command::EnsureDirect`](crate::Command::EnsureDirect).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct EnsureDirect {
    /// The other person.
    pub user: UserId,
}

/// See [`Command::CreateGroup`](crate::Command::CreateGroup).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct CreateGroup {
    /// The idempotency key.
    pub key: ClientKey,
    /// The group's name.
    pub name: Text<NAME_BYTES>,
    /// Its members besides the caller, who becomes its owner.
    pub members: List<UserId, USERS_PER_COMMAND>,
    /// What later members see.
    pub history: HistoryPolicy,
}

/// See [`Command::SetContext`](crate::Command::SetContext). What is absent stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetContext {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The version of what this tells. Of each part the later version counts.
    #[serde(deserialize_with = "exact")]
    pub version: u64,
    /// The details.
    pub details: Option<Details>,
    /// How it stands.
    pub status: Option<ContextStatus>,
    /// Who belongs to it: they become members.
    pub participants: Option<List<Participant, USERS_PER_COMMAND>>,
    /// Whether everybody else is removed from the room.
    pub remove_others: bool,
}

/// See [`Command::AddMembers`](crate::Command::AddMembers).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct AddMembers {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The users to add; existing members are not changed.
    pub users: List<UserId, USERS_PER_COMMAND>,
}

/// See [`Command::RemoveMember`](crate::Command::RemoveMember).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RemoveMember {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The user to remove.
    pub user: UserId,
}

/// See [`Command::SetRole`](crate::Command::SetRole).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct SetRole {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The member.
    pub user: UserId,
    /// The new role.
    pub role: Role,
}

/// See [`Command::TransferOwnership`](crate::Command::TransferOwnership).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TransferOwnership {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// Who owns it from now on; the caller is an admin then.
    pub user: UserId,
}

/// See [`Command::Leave`](crate::Command::Leave).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Leave {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Members`](crate::Command::Members).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Members {
    /// The room.
    pub room: RoomId,
    /// Members after this one, by user id, or none to start at the beginning.
    pub after: Option<UserId>,
    /// The most members wanted.
    pub limit: u8,
}

/// See [`Command::Open`](crate::Command::Open).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Open {
    /// The room.
    pub room: RoomId,
    /// How many of the last entries to give.
    pub limit: u8,
}

/// See [`Command::Close`](crate::Command::Close).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Close {
    /// The room.
    pub room: RoomId,
}

/// See [`Command::Topics`](crate::Command::Topics).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Topics {
    /// The room.
    pub room: RoomId,
    /// The most topics wanted.
    pub limit: u8,
}

/// See [`Command::MarkRead`](crate::Command::MarkRead) and [`Command::MarkDelivered`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Mark {
    /// The room.
    pub room: RoomId,
    /// The number of the message; all messages before it count too.
    pub number: MessageNumber,
}

/// See [`Command::Mute`](crate::Command::Mute).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Mute {
    /// The room.
    pub room: RoomId,
    /// Until when; [`Timestamp::MAX`] is for ever. None: it is muted no longer.
    pub until: Option<Timestamp>,
}
