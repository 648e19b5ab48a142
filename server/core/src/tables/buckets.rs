use caffis_schema::RoomId;

use super::table;

table! {
    /// A stretch of a room's log that lies in one partition of the timeline.
    pub struct BucketRow in "buckets" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// The position of its first entry, which also names it.
            asc first: u64,
        }
        values {
            /// The epoch of the owner that opened it.
            epoch: u64,
            /// When it was opened, in milliseconds since 1970.
            opened: u64,
        }
    }
}
