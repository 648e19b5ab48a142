use caffis_schema::RoomId;

use super::declare::table;

table! {
    /// Which rooms got entries in a minute: reactors read on from their cursors here. Kept for
    /// `activity_retention`.
    pub struct ActivityRow in "activity" {
        partition {
            /// The room's shard.
            shard: u64,
            /// The hour of the minute, counted from 1970.
            hour: u64,
        }
        clustering {
            /// The minute of the owner when it wrote the entries, counted from 1970.
            asc minute: u64,
            /// The room.
            asc room: RoomId,
        }
        values {}
    }
}
