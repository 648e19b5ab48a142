//! The nouns that commands, replies and events share: users, rooms, members, markers.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{List, Text},
    ids::{ClientId, RoomId, UserId, exact},
    limits::{
        ADDRESS_BYTES, CONTEXT_ID_BYTES, CONTEXT_TYPE_BYTES, COORDINATES_BYTES, DESCRIPTION_BYTES,
        NAME_BYTES, PHOTOS, PREVIEW_BYTES, STATUS_BYTES, TIME_ZONE_BYTES, URL_BYTES,
        USERS_PER_COMMAND, WORD_BYTES,
    },
    numbers::{MessageNumber, Position, Timestamp},
    open::{Empty, open_enum},
    placement::Placed,
    settings::RoomSettings,
};
pub use crate::{
    drafts::Draft,
    message::{
        Extra, Forwarded, Imported, LastEdit, MarkedMessage, Mentions, Message, MessageMark,
        MessagePlace, MessagePreview, PinnedMessage, Reaction, ReplyTo,
    },
    roles::Role,
};

/// What kind of room it is; fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum RoomClass {
    /// Friends and groups: its members may erase it.
    Social,
    /// A cafe's room: anyone may walk in; attendance is presence, not membership.
    Public,
    /// Bookings and disputes: nothing in it is ever changed or removed.
    Evidence,
}

/// What a room is about. There is at most one room for each context.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, Schema)]
pub struct Context {
    /// `direct`, `group`, `cafe`, `meetup`, `match`, `booking`, `dispute`, or any other word.
    pub kind: Text<CONTEXT_TYPE_BYTES>,
    /// Which one.
    pub id: Text<CONTEXT_ID_BYTES>,
}

/// What a new member sees of the time before joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum HistoryPolicy {
    /// Everything.
    All,
    /// Nothing from before joining.
    FromJoining,
    /// The last so many messages.
    Last(u32),
}

/// The idempotency key of a command that changes something.
///
/// The same key gives the same answer, over any transport, for as long as the limits in `welcome` say;
/// after that the answer is `expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
pub struct ClientKey {
    /// Made for this action and kept on every resend.
    pub id: ClientId,
    /// When the person acted, on the client's clock corrected with the server's time; kept on every
    /// resend.
    pub time: Timestamp,
    /// The room's head as the client knew it when it made the command, 0 when it knew none; kept on
    /// every resend. What was done up to there cannot have been this command, so the server seldom has
    /// to look far for an earlier copy of it.
    pub head: Position,
}

/// The key of the command that wrote a message, as everybody in the room sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
pub struct MessageKey {
    /// The id in the [`ClientKey`].
    pub id: ClientId,
    /// The time in the [`ClientKey`].
    pub time: Timestamp,
}

impl From<ClientKey> for MessageKey {
    fn from(ClientKey { id, time, .. }: ClientKey) -> Self {
        Self { id, time }
    }
}

/// A place that people can find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Place {
    /// What it is called.
    pub name: Option<Text<NAME_BYTES>>,
    /// Its postal address.
    pub address: Option<Text<ADDRESS_BYTES>>,
    /// Latitude and longitude in degrees: `45.4642,9.19`.
    pub coordinates: Option<Text<COORDINATES_BYTES>>,
}

open_enum! {
    /// How what a room is about stands.
    pub enum ContextStatus {
        /// It goes on.
        0 "open" Open(Empty),
        /// It does not take place; people may still write about it.
        1 "cancelled" Cancelled(Empty),
        /// It is over: only services write.
        2 "closed" Closed(Empty),
    }
}

impl Default for ContextStatus {
    fn default() -> Self {
        Self::Open(Empty {})
    }
}

/// What a room is about, in detail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Details {
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
    /// Where.
    pub place: Option<Place>,
    /// When it begins.
    pub time: Option<Timestamp>,
    /// When it ends.
    pub ends: Option<Timestamp>,
    /// The time zone of the place (IANA).
    pub time_zone: Option<Text<TIME_ZONE_BYTES>>,
    /// Addresses of pictures of the place.
    pub photos: List<Text<URL_BYTES>, PHOTOS>,
}

/// Somebody with a role in the business that a room is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Participant {
    /// Who.
    pub user: UserId,
    /// As what, in the business's words.
    pub role: Option<Text<WORD_BYTES>>,
}

/// What a room is about, as it is now. A service gives each part with a version; of each part the later
/// version counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Card {
    /// The details.
    pub details: Details,
    /// Their version; 0 before there are any.
    #[serde(deserialize_with = "exact")]
    pub details_version: u64,
    /// How it stands.
    pub status: ContextStatus,
    /// The version of that.
    #[serde(deserialize_with = "exact")]
    pub status_version: u64,
    /// Who belongs to it.
    pub participants: List<Participant, USERS_PER_COMMAND>,
    /// The version of that.
    #[serde(deserialize_with = "exact")]
    pub participants_version: u64,
}

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Profile {
    /// Who.
    pub user: UserId,
    /// The name shown.
    pub name: Text<NAME_BYTES>,
    /// A picture's address.
    pub picture: Option<Text<URL_BYTES>>,
}

/// Whether a person can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// No device is connected.
    Offline,
    /// Connected, but not active.
    Away,
    /// Connected and active.
    Online,
}

impl Availability {
    /// The one of the two that can be reached better.
    #[must_use]
    pub fn max_of(self, other: Self) -> Self {
        let rank = |availability| match availability {
            Self::Offline => 0,
            Self::Away => 1,
            Self::Online => 2,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

/// A person's presence. Of two, the one with the larger version counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// Grows with each change within a session; each session counts anew.
    pub version: u64,
    /// Whether they can be reached.
    pub availability: Availability,
    /// When they were last connected, or none while they are or if they never were.
    pub last_seen: Option<Timestamp>,
    /// Their status text.
    pub status: Option<Text<STATUS_BYTES>>,
}

/// The state that all sessions of a person share. Of two, the one with the larger presence version
/// counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct OwnState {
    /// The person's presence as others see it: online if one of their sessions is.
    pub presence: Presence,
    /// Whether others are not told what the person has read.
    pub private_receipts: bool,
}

/// A member of a room, or somebody who walked into a public one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Member {
    /// Who.
    pub profile: Profile,
    /// What they may do.
    pub role: Role,
    /// Since when; none for who walked in.
    pub joined: Option<Timestamp>,
    /// Their presence, or none in large rooms.
    pub presence: Option<Presence>,
}

/// How far a member has received and read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Marker {
    /// Who.
    pub user: UserId,
    /// The number of the last message that reached one of their devices.
    pub delivered: MessageNumber,
    /// The number of the last message that they read.
    pub read: MessageNumber,
}

/// The last message of a room, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Preview {
    /// The message's number.
    pub number: MessageNumber,
    /// Who wrote it, or none for the service.
    pub sender: Option<UserId>,
    /// Its first words.
    pub text: Text<PREVIEW_BYTES>,
    /// When.
    pub time: Timestamp,
    /// Whether the message was deleted; it has no words then.
    pub deleted: bool,
}

/// A room as one user's list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomSummary {
    /// Which.
    pub room: RoomId,
    /// Its class.
    pub class: RoomClass,
    /// What it is about.
    pub context: Context,
    /// Its name, or none for direct conversations, which show the other person.
    pub name: Option<Text<NAME_BYTES>>,
    /// The other person of a direct conversation.
    pub peer: Option<Profile>,
    /// The other person's presence.
    pub peer_presence: Option<Presence>,
    /// How many members it has.
    pub members: u32,
    /// What this user may do, or none for someone who walked in.
    pub role: Option<Role>,
    /// The position of the last entry.
    pub head: Position,
    /// The number of the last message.
    pub number: MessageNumber,
    /// How far this user has read.
    pub read: MessageNumber,
    /// Messages after that.
    pub unread: u64,
    /// The last message.
    pub preview: Option<Preview>,
    /// When something last happened.
    pub active: Timestamp,
    /// Whether the server can read the room right now. If not, the numbers, `role` and `preview` mean
    /// nothing, and `class`, `context` and `name` may be missing too: clients keep their copy of the
    /// room and ask again later.
    pub readable: bool,
    /// Until when this user wants no notifications of it; none if they want them. A time that has passed counts as
    /// none.
    pub muted_until: Option<Timestamp>,
    /// Where this user has put it in their list.
    pub placed: Placed,
    /// How people write in it.
    pub settings: RoomSettings,
    /// What it is for.
    pub description: Option<Text<DESCRIPTION_BYTES>>,
    /// What those see of the time before who join it.
    pub history: HistoryPolicy,
}
