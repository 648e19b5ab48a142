use caffis_schema::{Timestamp, UserId};

use super::declare::table;

table! {
    /// What is between two people, from the side of each: two rows that say the same.
    pub struct RelationRow in "relations" {
        partition {
            /// From whose side.
            user: UserId,
        }
        clustering {
            /// The other one.
            asc other: UserId,
        }
        values {
            /// Whether the user blocks the other.
            blocks: bool,
            /// Which state of that this is; 0 before it was ever told.
            blocks_version: u64,
            /// Whether the other blocks the user.
            blocked: bool,
            /// Which state of that this is.
            blocked_version: u64,
            /// Which state of the user's breaking off with the other; 0 if they have not.
            left_version: u64,
            /// Which state of the other's breaking off with the user.
            was_left_version: u64,
            /// How often anything between the two has changed.
            changes: u64,
        }
    }
}

table! {
    /// Direct conversations whose history is to be erased, since both people lost sight of them.
    pub struct ErasureRow in "erasures" {
        partition {
            /// The day on which it was asked for, counted from 1970.
            day: u64,
        }
        clustering {
            /// The room.
            asc room: caffis_schema::RoomId,
        }
        values {
            /// When, in milliseconds since 1970.
            requested: Timestamp,
        }
    }
}

impl RelationRow {
    /// Nothing is between the two.
    #[must_use]
    pub fn none(user: UserId, other: UserId) -> Self {
        Self {
            user,
            other,
            blocks: false,
            blocks_version: 0,
            blocked: false,
            blocked_version: 0,
            left_version: 0,
            was_left_version: 0,
            changes: 0,
        }
    }

    /// The same from the other side.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        Self {
            user: self.other.clone(),
            other: self.user.clone(),
            blocks: self.blocked,
            blocks_version: self.blocked_version,
            blocked: self.blocks,
            blocked_version: self.blocks_version,
            left_version: self.was_left_version,
            was_left_version: self.left_version,
            changes: self.changes,
        }
    }

    /// Whether one of them blocks the other: neither sees whether the other is there.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.blocks || self.blocked
    }

    /// Whether one of them has broken off with the other: their conversation is gone for both.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.left_version > 0 || self.was_left_version > 0
    }
}
