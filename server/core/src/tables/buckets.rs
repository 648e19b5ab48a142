use caffis_schema::{Position, RoomId, Timestamp};

use super::declare::table;

table! {
    /// A stretch of a room's log that lies in one partition of the timeline. The log is the chain from the
    /// newest bucket of the highest epoch backwards; a bucket that it does not reach does not exist.
    pub struct BucketRow in "buckets" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// The epoch of the owner that opened it.
            asc epoch: u64,
            /// Its number within the epoch. A name is used once.
            asc number: u64,
        }
        values {
            /// The position of its first entry.
            first: Position,
            /// When it was opened, in milliseconds since 1970.
            opened: Timestamp,
            /// The bucket before it: its epoch; none for the first one,
            before_epoch: Option<u64>,
            /// and its number.
            before_number: Option<u64>,
        }
    }
}
