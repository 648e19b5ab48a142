use caffis_schema::RoomId;

use super::table;

table! {
    /// Which rooms got entries in a minute: reactors continue from here after a break.
    /// Kept for `activity_retention`.
    pub struct ActivityRow in "activity" {
        partition {
            /// The room's shard.
            shard: u64,
            /// Minutes since 1970.
            minute: u64,
        }
        clustering {
            /// The room.
            asc room: RoomId,
        }
        values {}
    }
}
