//! What the server sends: replies, events and signals.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

pub use crate::entry::{
    Body, Created, Deleted, Edited, Entry, EntryKind, Joined, Left, Pinned, Reacted, RoleChange,
    SystemBody, TextBody, Tombstone,
};
use crate::{
    bounded::List,
    drafts::{Draft, ThreadDraft},
    error::Error,
    ids::{RoomId, UserId},
    limits::MARKERS,
    numbers::{MessageNumber, Position, Timestamp},
    open::{Empty, open_enum},
    placement::RoomPlaced,
    places::LocationUpdateBy,
    reply::Reply,
    room::{Marker, OwnState, Presence, Preview, Profile, RoomSummary},
    scheduled::ScheduledChange,
    threads::OwnThread,
};

/// A frame from the server. In a datagram only [`ServerFrame::Signal`] comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "frames are made and written at once, one by one")]
pub enum ServerFrame {
    /// The answer to a command.
    Reply(Answer),
    /// Something happened.
    Event(Event),
    /// Something that may be lost.
    Signal(ServerSignal),
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Answer {
    /// The command's id.
    pub id: u32,
    /// Done, or why not.
    pub result: Answered,
}

/// Done, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "answers are made and written at once, one by one")]
pub enum Answered {
    /// It was done.
    Ok(Reply),
    /// It was not, or that is not known.
    Error(Error),
}

open_enum! {
    /// A signal, which may be lost.
    pub enum ServerSignal {
        /// Somebody is typing.
        0 "typing" Typing(TypingBy),
        /// Somebody's presence.
        1 "presence" Presence(Presence),
        /// Where somebody is who shares their live location.
        2 "location" Location(LocationUpdateBy),
    }
}

open_enum! {
    /// What happened.
    pub enum Event {
        /// A room's log grew by an entry.
        0 "entry" Entry(RoomEntry),
        /// A large room that is not open has a new head; newest wins.
        1 "head" Head(Head),
        /// A room that this person is now in.
        2 "room_added" RoomAdded(RoomSummary),
        /// A room that this person is no longer in.
        3 "room_removed" RoomRemoved(RoomRemoved),
        /// Members' markers moved; newest wins.
        4 "markers" Markers(RoomMarkers),
        /// This person's read number changed, or until when they muted the room, on any device; newest wins. The
        /// number goes back when they mark messages as unread.
        5 "own_read" OwnRead(OwnRead),
        /// Somebody's presence; newest wins.
        6 "presence" Presence(Presence),
        /// Who has a public room open changed; newest count wins.
        7 "attendance" Attendance(Attendance),
        /// Entries of a room could not be queued: resume it from the client's position.
        8 "behind" Behind(Head),
        /// Somebody's name or picture changed.
        9 "profile" Profile(Profile),
        /// The token expires soon: refresh it.
        10 "token_expiring" TokenExpiring(TokenExpiring),
        /// The server is shutting down: reconnect after this delay.
        11 "draining" Draining(Draining),
        /// This person's presence or settings changed, on any device; newest wins.
        12 "own_state" OwnState(OwnState),
        /// A message was marked for this person: by them on any device, or by what it says.
        13 "flagged" Flagged(Flagged),
        /// This person put a room elsewhere in their list, on any device.
        14 "placed" Placed(RoomPlaced),
        /// This person wrote something that is not sent, or sent it, on any device; the later time counts.
        15 "draft" Draft(Draft),
        /// A message that this person scheduled is new, has changed, could not be sent, or is no longer scheduled.
        16 "scheduled" Scheduled(ScheduledChange),
        /// This person follows a thread, or no longer, or has read it further, on any device.
        17 "thread" Thread(OwnThread),
        /// This person wrote something in a thread that is not sent, or sent it, on any device; the later time counts.
        18 "thread_draft" ThreadDraft(ThreadDraft),
    }
}

/// See [`Event::Entry`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomEntry {
    /// The room.
    pub room: RoomId,
    /// The entry.
    pub entry: Entry,
}

/// See [`Event::Head`] and [`Event::Behind`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Head {
    /// The room.
    pub room: RoomId,
    /// Its last position.
    pub head: Position,
    /// The number of its last message.
    pub number: MessageNumber,
    /// The last message.
    pub preview: Option<Preview>,
}

/// Why a room is no longer this person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum RemovalReason {
    /// They left.
    Left,
    /// Somebody removed them.
    Removed,
}

/// See [`Event::RoomRemoved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomRemoved {
    /// The room.
    pub room: RoomId,
    /// Why.
    pub reason: RemovalReason,
}

/// See [`Event::Markers`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct RoomMarkers {
    /// The room.
    pub room: RoomId,
    /// The markers that changed, or all markers of the room if the client reads slowly.
    pub markers: List<Marker, MARKERS>,
}

/// See [`Event::OwnRead`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct OwnRead {
    /// The room.
    pub room: RoomId,
    /// The number of the last message read.
    pub read: MessageNumber,
    /// Messages after that.
    pub unread: u64,
    /// Until when the person wants no notifications of the room; none if they want them.
    pub muted_until: Option<Timestamp>,
}

open_enum! {
    /// How a message is marked for a person. Nobody else hears of it.
    pub enum Flag {
        /// They do not see it any more.
        0 "hidden" Hidden(Empty),
        /// It mentions them: the server marks it.
        1 "mentioned" Mentioned(Empty),
        /// They want to find it again.
        2 "starred" Starred(Empty),
    }
}

/// See [`Event::Flagged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Flagged {
    /// The room.
    pub room: RoomId,
    /// The position of the message.
    pub position: Position,
    /// Its number.
    pub number: MessageNumber,
    /// How.
    pub flag: Flag,
    /// Whether it is marked now; otherwise it is not any more.
    pub on: bool,
}

/// See [`Event::Attendance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Attendance {
    /// The room.
    pub room: RoomId,
    /// How many people have it open.
    pub count: u32,
    /// Who walked in just now; not told in large rooms.
    pub entered: Option<Profile>,
    /// Who walked out just now; not told in large rooms.
    pub exited: Option<UserId>,
}

/// See [`Event::TokenExpiring`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TokenExpiring {
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Draining`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Draining {
    /// Wait this long before reconnecting, in milliseconds.
    pub reconnect_after_ms: u32,
}

/// See [`ServerSignal::Typing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct TypingBy {
    /// The room.
    pub room: RoomId,
    /// Who.
    pub user: UserId,
    /// Grows with each signal of this person in this room; an older one that arrives late is
    /// dropped.
    pub counter: u64,
    /// Whether they are typing or have stopped.
    pub active: bool,
}
