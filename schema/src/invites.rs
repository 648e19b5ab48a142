//! Links by which people come into a group on their own.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::{InviteDigest, InviteSecret, RoomId, UserId},
    limits::{INVITE_NAME_BYTES, INVITES, NAME_BYTES},
    numbers::{Position, Timestamp},
    room::{ClientKey, Profile},
};

/// See [`Command::CreateInvite`](crate::Command::CreateInvite).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct CreateInvite {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// 16 random bytes, made by the client: so a resend gives the same link, and the server, which keeps a digest,
    /// never has to show it.
    pub secret: InviteSecret,
    /// After how many seconds it ends; 0 for never.
    pub lifetime_seconds: u32,
    /// How many people may join by it; 0 for any number.
    pub max_uses: u32,
    /// What those who invite call it.
    pub name: Option<Text<INVITE_NAME_BYTES>>,
}

/// See [`Command::RevokeInvite`](crate::Command::RevokeInvite).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RevokeInvite {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room.
    pub room: RoomId,
    /// The link: the position of the entry that made it.
    pub invite: Position,
}

/// See [`Command::Invites`](crate::Command::Invites).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Invites {
    /// The room.
    pub room: RoomId,
}

/// See [`Command::InvitePreview`](crate::Command::InvitePreview).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InvitePreview {
    /// The room, which the link names.
    pub room: RoomId,
    /// The link's secret.
    pub secret: InviteSecret,
}

/// See [`Command::JoinByInvite`](crate::Command::JoinByInvite).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct JoinByInvite {
    /// The idempotency key.
    pub key: ClientKey,
    /// The room, which the link names.
    pub room: RoomId,
    /// The link's secret.
    pub secret: InviteSecret,
}

/// See [`EntryKind::InviteMade`](crate::EntryKind::InviteMade).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InviteMade {
    /// Who made it.
    pub by: UserId,
    /// A digest of its secret, from which the secret cannot be found.
    pub digest: InviteDigest,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
    /// How many people may join by it; 0 for any number.
    pub max_uses: u32,
    /// What those who invite call it.
    pub name: Option<Text<INVITE_NAME_BYTES>>,
}

/// See [`EntryKind::InviteRevoked`](crate::EntryKind::InviteRevoked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InviteRevoked {
    /// The link: the position of the entry that made it.
    pub invite: Position,
    /// Who revoked it.
    pub by: UserId,
}

/// A link, for those who may make such links. Nobody sees its secret again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Invite {
    /// Which: the position of the entry that made it.
    pub invite: Position,
    /// Who made it.
    pub by: UserId,
    /// When.
    pub made: Timestamp,
    /// When it ends; none for never.
    pub expires: Option<Timestamp>,
    /// How many people may join by it; 0 for any number.
    pub max_uses: u32,
    /// How many have joined by it.
    pub uses: u32,
    /// What those who invite call it.
    pub name: Option<Text<INVITE_NAME_BYTES>>,
    /// Whether it was revoked, also because whoever made it may invite nobody any more.
    pub revoked: bool,
}

/// The answer to invites, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InviteList {
    /// The links.
    pub invites: List<Invite, INVITES>,
}

/// The answer to invite_preview: what somebody sees of a room before they join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InvitedRoom {
    /// The room.
    pub room: RoomId,
    /// Its name.
    pub name: Option<Text<NAME_BYTES>>,
    /// How many members it has.
    pub members: u32,
    /// Who invites.
    pub by: Profile,
    /// When the link ends; none for never.
    pub expires: Option<Timestamp>,
    /// Whether the person is a member already.
    pub member: bool,
}
