//! Events of what is between two people.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use super::values::Version;
use crate::ids::UserId;

/// Something between two people changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    /// Who did it.
    pub user: UserId,
    /// To whom.
    pub other: UserId,
    /// Grows with each change of what this user does to the other.
    pub version: Version,
}
