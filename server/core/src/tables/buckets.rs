use caffis_schema::{Position, RoomId, Timestamp};

use super::table;

table! {
    /// A stretch of a room's log that lies in one partition of the timeline.
    pub struct BucketRow in "buckets" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// The position of its first entry.
            asc first: Position,
            /// The epoch of the owner that opened it. Owners that lost the room may have opened one
            /// at the same position.
            asc epoch: u64,
        }
        values {
            /// When it was opened, in milliseconds since 1970.
            opened: Timestamp,
        }
    }
}
