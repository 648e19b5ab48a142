//! Events of users.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::{
    limits::ROLES_PER_USER,
    values::{ClockTime, Locale, TimeZone, Url, Version, Word},
};
use crate::{
    bounded::{List, Text},
    ids::UserId,
    limits::NAME_BYTES,
};

/// A user as the main app has them now: all of it, whatever changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct UserUpserted {
    /// Who: the `sub` of their tokens.
    pub id: UserId,
    /// Grows with each change of this user. An older one than the chat has is ignored.
    pub version: Version,
    /// The name shown to others.
    pub name: Text<NAME_BYTES>,
    /// The address of their picture.
    pub picture: Option<Url>,
    /// Their language.
    pub locale: Option<Locale>,
    /// Where their clock is.
    pub time_zone: Option<TimeZone>,
    /// When they do not want to be disturbed, on their own clock.
    pub quiet_hours: Option<QuietHours>,
    /// What they are in the business.
    #[serde(default)]
    pub roles: List<Word, ROLES_PER_USER>,
}

/// Hours of a day; over midnight if the end comes before the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time.
    pub start: ClockTime,
    /// To this time.
    pub end: ClockTime,
}

/// A user whom the main app has deleted. Their sessions end, their tokens are refused, and others read
/// `Deleted user` in place of their name. A later `user.upserted` takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct UserDeleted {
    /// Who.
    pub id: UserId,
    /// As in `user.upserted`: of the same count.
    pub version: Version,
}
