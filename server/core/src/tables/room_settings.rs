use caffis_schema::{Position, RoomId};

use super::declare::table;

table! {
    /// How people write in a room: the entry that says so expires, and this stays.
    pub struct RoomSettingsRow in "room_settings" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// The position of the entry.
            position: Position,
            /// The seconds between two messages of one person; 0 for no such time.
            slow_mode_seconds: u64,
            /// Only those who moderate write, edit and react.
            frozen: bool,
            /// Only those who moderate write.
            announcements: bool,
        }
    }
}
