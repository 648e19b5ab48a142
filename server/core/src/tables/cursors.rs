use std::sync::Arc;

use super::declare::table;

table! {
    /// How far a reactor has followed the rooms of a shard. A shard without rows had no entry yet.
    pub struct CursorRow in "cursors" {
        partition {
            /// The shard.
            shard: u64,
        }
        clustering {
            /// The reactor's name.
            asc reactor: Arc<str>,
        }
        values {
            /// Rooms that were active up to this minute are handled; minutes since 1970.
            minute: u64,
        }
    }
}
