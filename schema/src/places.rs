//! Messages that say where something is.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::Text,
    limits::{ADDRESS_BYTES, COORDINATES_BYTES, NAME_BYTES, PHONE_BYTES, URL_BYTES},
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
