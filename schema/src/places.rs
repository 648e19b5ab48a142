//! Messages that say where something is.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::Text,
    ids::{RoomId, UserId},
    limits::{ADDRESS_BYTES, COORDINATES_BYTES, NAME_BYTES, PHONE_BYTES, URL_BYTES},
    numbers::{Position, Timestamp},
};

/// See [`Body::Location`](crate::Body::Location).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LocationBody {
    /// Latitude and longitude in degrees, with at most seven decimals: `45.4642,9.19`.
    pub coordinates: Text<COORDINATES_BYTES>,
    /// How far away it may be, in metres.
    #[serde(default)]
    pub accuracy: Option<u32>,
    /// What is there.
    #[serde(default)]
    pub name: Option<Text<NAME_BYTES>>,
    /// Its postal address.
    #[serde(default)]
    pub address: Option<Text<ADDRESS_BYTES>>,
}

/// See [`Extra::LiveLocation`](crate::room::Extra::LiveLocation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LiveLocation {
    /// When it ends by itself.
    pub until: Timestamp,
}

/// See [`ClientSignal::Location`](crate::ClientSignal::Location).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LocationUpdate {
    /// The room.
    pub room: RoomId,
    /// The position of the message that began the live location.
    pub message: Position,
    /// Grows with each update of this session; an older one that arrives late is dropped.
    pub counter: u32,
    /// Where the person is, as in [`LocationBody`].
    pub coordinates: Text<COORDINATES_BYTES>,
    /// How far away they may be, in metres.
    #[serde(default)]
    pub accuracy: Option<u32>,
}

/// See [`ServerSignal::Location`](crate::ServerSignal::Location).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct LocationUpdateBy {
    /// The room.
    pub room: RoomId,
    /// The position of the message that began the live location. It counts only if that is of this person.
    pub message: Position,
    /// Who.
    pub user: UserId,
    /// Grows with each signal of this person in this room; an older one that arrives late is
    /// dropped.
    pub counter: u64,
    /// Where they are.
    pub coordinates: Text<COORDINATES_BYTES>,
    /// How far away they may be, in metres.
    #[serde(default)]
    pub accuracy: Option<u32>,
}

/// See [`Body::Place`](crate::Body::Place).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct PlaceBody {
    /// What it is called.
    pub name: Text<NAME_BYTES>,
    /// Its telephone number.
    #[serde(default)]
    pub phone: Option<Text<PHONE_BYTES>>,
    /// Its page: an address with `http` or `https`.
    #[serde(default)]
    pub website: Option<Text<URL_BYTES>>,
    /// Its postal address.
    #[serde(default)]
    pub address: Option<Text<ADDRESS_BYTES>>,
    /// Latitude and longitude in degrees, with at most seven decimals: `45.4642,9.19`.
    #[serde(default)]
    pub coordinates: Option<Text<COORDINATES_BYTES>>,
}
