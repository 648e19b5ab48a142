//! Events of what rooms are about: meetups, matches, bookings, disputes and cafes.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::{
    places::{Latitude, Longitude},
    values::{ContextId, Moment, TimeZone, Url, Version, Word},
};
use crate::{
    bounded::{List, Text},
    ids::UserId,
    limits::{ADDRESS_BYTES, NAME_BYTES, PHOTOS, USERS_PER_COMMAND},
};

/// A place that people can find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct EventPlace {
    /// What it is called.
    pub name: Option<Text<NAME_BYTES>>,
    /// Its postal address.
    pub address: Option<Text<ADDRESS_BYTES>>,
    /// Where it is on a map.
    pub coordinates: Option<Coordinates>,
}

/// Degrees on a map (WGS 84).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// North of the equator, from -90 to 90.
    pub latitude: Latitude,
    /// East of Greenwich, from -180 to 180.
    pub longitude: Longitude,
}

/// A meetup as it is now. Its room is made if there is none. Participants are added; whoever else was invited into
/// the room stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct Meetup {
    /// Which meetup.
    pub id: ContextId,
    /// Grows with each change of this meetup.
    pub version: Version,
    /// Who meets.
    #[serde(default)]
    pub participants: List<UserId, USERS_PER_COMMAND>,
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
    /// Where.
    pub place: Option<EventPlace>,
    /// When it begins.
    pub time: Option<Moment>,
    /// When it ends.
    pub ends: Option<Moment>,
    /// The time zone of the place.
    pub time_zone: Option<TimeZone>,
    /// Addresses of pictures of the place.
    #[serde(default)]
    pub photos: List<Url, PHOTOS>,
}

/// Something of which only the state changed: a meetup was cancelled; a match, a booking, a dispute or a cafe
/// ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// Which one.
    pub id: ContextId,
    /// Grows with each change of it.
    pub version: Version,
}

/// Two or more people matched. Their room is made if there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct MatchCreated {
    /// Which match.
    pub id: ContextId,
    /// Grows with each change of this match.
    pub version: Version,
    /// Who matched.
    #[serde(default)]
    pub participants: List<UserId, USERS_PER_COMMAND>,
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
}

/// Somebody with a role in the business: Worker, Supervisor, Borrower Admin, Borrower Manager, Lender Admin, Lender
/// Manager, or any other word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct BusinessParticipant {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Word,
}

/// A booking as it is now, or a dispute. Its room, whose history nobody changes, is made if there is none. Its members are
/// exactly the participants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct BusinessOpened {
    /// Which one.
    pub id: ContextId,
    /// Grows with each change of it.
    pub version: Version,
    /// Who belongs to it.
    #[serde(default)]
    pub participants: List<BusinessParticipant, USERS_PER_COMMAND>,
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
    /// Where.
    pub place: Option<EventPlace>,
    /// When it begins.
    pub time: Option<Moment>,
    /// When it ends.
    pub ends: Option<Moment>,
    /// The time zone of the place.
    pub time_zone: Option<TimeZone>,
}

/// Who belongs to a booking now: others are no longer members of its room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct BookingParticipants {
    /// Which booking.
    pub id: ContextId,
    /// Grows with each change of this booking.
    pub version: Version,
    /// Who belongs to it.
    #[serde(default)]
    pub participants: List<BusinessParticipant, USERS_PER_COMMAND>,
}

/// A cafe as it is now. Its public room, into which anybody may walk, is made if there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct CafeOpened {
    /// Which cafe.
    pub id: ContextId,
    /// Grows with each change of this cafe.
    pub version: Version,
    /// What it is called.
    pub title: Option<Text<NAME_BYTES>>,
    /// Where.
    pub place: Option<EventPlace>,
    /// The time zone of the place.
    pub time_zone: Option<TimeZone>,
    /// Addresses of pictures of the place.
    #[serde(default)]
    pub photos: List<Url, PHOTOS>,
}
