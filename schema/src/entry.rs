//! The entries of a room's log, and what messages say.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::UserId,
    info::InfoChange,
    invites::{InviteMade, InviteRevoked},
    limits::{EMOJI_BYTES, NAME_BYTES, TEXT_BYTES, USERS_PER_COMMAND},
    numbers::{MessageNumber, Position, Timestamp},
    open::{Empty, open_enum},
    places::{LocationBody, PlaceBody},
    polls::{PollBody, Tallied},
    room::{Card, Context, Mentions, Message, Role, RoomClass},
    settings::SettingsChange,
};

/// One entry of a room's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Entry {
    /// Its position; positions have no gaps.
    pub position: Position,
    /// Its time; never earlier than that of the entry before it.
    pub time: Timestamp,
    /// Its content.
    pub kind: EntryKind,
}

open_enum! {
    /// The content of an entry.
    pub enum EntryKind {
        /// The room was made.
        0 "created" Created(Created),
        /// A message.
        1 "message" Message(Message),
        /// Members joined.
        2 "joined" Joined(Joined),
        /// A member left or was removed.
        3 "left" Left(Left),
        /// A member's role changed.
        4 "role" Role(RoleChange),
        /// What the room is about changed; this is how it is now.
        5 "context" Context(Card),
        /// The words of a message changed.
        6 "edited" Edited(Edited),
        /// A message was deleted for everyone.
        7 "deleted" Deleted(Deleted),
        /// Somebody reacted to a message, or took that back.
        8 "reacted" Reacted(Reacted),
        /// A message was pinned, or is pinned no longer.
        9 "pinned" Pinned(Pinned),
        /// How people write in the room changed.
        10 "settings" Settings(SettingsChange),
        /// Somebody made a link by which people join.
        11 "invite_made" InviteMade(InviteMade),
        /// A link by which people join was ended.
        12 "invite_revoked" InviteRevoked(InviteRevoked),
        /// People voted in a poll, took that back, or it was closed: what they have chosen now.
        13 "tallied" Tallied(Tallied),
        /// What the room is called, what it is for, or what later members see changed.
        14 "info" Info(InfoChange),
    }
}

open_enum! {
    /// The content of a message.
    pub enum Body {
        /// Text with emoji and light markup.
        0 "text" Text(TextBody),
        /// A notice of a service.
        1 "system" System(SystemBody),
        /// What is left of a message that was deleted for everyone; nobody sends it.
        2 "deleted" Deleted(Tombstone),
        /// A message that the person who reads has deleted for themselves; nobody sends it.
        3 "hidden" Hidden(Empty),
        /// A poll.
        4 "poll" Poll(PollBody),
        /// Where something is.
        5 "location" Location(LocationBody),
        /// How to reach a place.
        6 "place" Place(PlaceBody),
    }
}

/// See [`Body::Text`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TextBody {
    /// The text.
    pub text: Text<TEXT_BYTES>,
}

open_enum! {
    /// The content of a service's notice.
    pub enum SystemBody {
        /// A text of the service itself.
        0 "notice" Notice(TextBody),
    }
}

/// See [`EntryKind::Created`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Created {
    /// Who made it, or none for the service.
    pub by: Option<UserId>,
    /// Its class.
    pub class: RoomClass,
    /// What it is about.
    pub context: Context,
    /// Its name.
    pub name: Option<Text<NAME_BYTES>>,
    /// Its first members.
    pub members: List<UserId, { USERS_PER_COMMAND + 1 }>,
}

/// See [`EntryKind::Joined`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Joined {
    /// Who joined.
    pub users: List<UserId, USERS_PER_COMMAND>,
    /// Who added them, or none for the service; of who came by an invite link: who made that.
    pub by: Option<UserId>,
    /// They see the entries after this position.
    pub visible_after: Position,
    /// The invite link by which they came: the position of the entry that made it.
    #[serde(default)]
    pub invite: Option<Position>,
}

/// See [`EntryKind::Left`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Left {
    /// Who left.
    pub user: UserId,
    /// Who removed them: themselves if they left, none for the service.
    pub by: Option<UserId>,
}

/// See [`EntryKind::Role`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoleChange {
    /// Whose.
    pub user: UserId,
    /// The new role.
    pub role: Role,
    /// Who changed it, or none for the service.
    pub by: Option<UserId>,
}

/// See [`Body::Deleted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Tombstone {
    /// Who deleted the message, or none for a service.
    pub by: Option<UserId>,
}

/// See [`EntryKind::Edited`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Edited {
    /// The position of the message.
    pub message: Position,
    /// Its number.
    pub number: MessageNumber,
    /// How often it was edited, with this one.
    pub revision: u32,
    /// The position of the edit before this one; 0 for the first.
    pub replaces: Position,
    /// What the message says now; none when a later entry has replaced it, or for those who do not
    /// see the message.
    pub body: Option<Body>,
    /// Whom it mentions now; nobody where there is no body.
    pub mentions: Mentions,
}

/// See [`EntryKind::Deleted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Deleted {
    /// The position of the message.
    pub message: Position,
    /// Its number.
    pub number: MessageNumber,
    /// The position of its last edit; 0 for none.
    pub replaces: Position,
    /// Who deleted it, or none for a service.
    pub by: Option<UserId>,
    /// The position of the root of its thread, which has one reply less; none for what was no reply.
    pub thread: Option<Position>,
}

/// See [`EntryKind::Reacted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Reacted {
    /// The position of the message.
    pub message: Position,
    /// Its number.
    pub number: MessageNumber,
    /// Who.
    pub user: UserId,
    /// With what.
    pub emoji: Text<EMOJI_BYTES>,
    /// Whether it was added; otherwise it was taken back.
    pub added: bool,
}

/// See [`EntryKind::Pinned`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Pinned {
    /// The position of the message.
    pub message: Position,
    /// Its number.
    pub number: MessageNumber,
    /// Who did it, or none for a service.
    pub by: Option<UserId>,
    /// Whether it is pinned now.
    pub pinned: bool,
}
