//! The roles of members. What each of them may do is a table in `docs/protocol.md`.

use std::cmp::Ordering;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

/// What a member may do. Compared by how much that is, which is not the order on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Also adds members and changes roles up to its own.
    Admin,
    /// Also makes owners.
    Owner,
    /// Looks after what members and guests write.
    Moderator,
    /// Reads and reacts.
    Guest,
}

impl Role {
    /// All, from the least to the most.
    pub const ALL: [Self; 5] =
        [Self::Guest, Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    const fn rank(self) -> u8 {
        match self {
            Self::Guest => 0,
            Self::Member => 1,
            Self::Moderator => 2,
            Self::Admin => 3,
            Self::Owner => 4,
        }
    }
}

impl Ord for Role {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Role {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
