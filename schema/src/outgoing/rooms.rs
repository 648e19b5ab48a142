//! `room.created` and `room.context.updated`; and the room, as every event names it.

use postcard_schema::Schema;
use serde::Serialize;

use crate::{
    bounded::{List, Text},
    hooks::values::Moment,
    ids::{RoomId, UserId},
    limits::{NAME_BYTES, TIME_ZONE_BYTES, USERS_PER_COMMAND},
    numbers::Position,
    room::{Context, RoomClass},
};

/// The room of which an event tells, as it is when the event is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct About {
    /// Which.
    pub id: RoomId,
    /// Its class.
    pub class: RoomClass,
    /// What it is about.
    pub context: Context,
    /// Its name; null for direct conversations.
    pub name: Option<Text<NAME_BYTES>>,
}

/// A room was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct RoomCreated {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// Who made it; null for a service.
    pub by: Option<UserId>,
    /// Its first members.
    pub members: List<UserId, { USERS_PER_COMMAND + 1 }>,
}

/// How what a room is about stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum ContextState {
    /// It goes on.
    Open,
    /// It does not take place; people may still write about it.
    Cancelled,
    /// It is over: only services write.
    Closed,
    /// A state that this server does not know.
    Other,
}

/// What a room is about is new or changed. The details are those that a service told the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Schema)]
pub struct ContextUpdated {
    /// The room.
    pub room: About,
    /// The position of the entry in the room's log.
    pub position: Position,
    /// How it stands.
    pub status: ContextState,
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
    /// When it begins.
    pub time: Option<Moment>,
    /// When it ends.
    pub ends: Option<Moment>,
    /// The time zone of the place (IANA).
    pub time_zone: Option<Text<TIME_ZONE_BYTES>>,
    /// Who belongs to it, where the business names them.
    pub participants: List<UserId, USERS_PER_COMMAND>,
}
