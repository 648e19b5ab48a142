use bytes::Bytes;
use caffis_schema::{Position, RoomId};

use super::declare::table;

table! {
    /// What is pinned in rooms: the entries that say so expire, and this stays.
    pub struct PinsRow in "pins" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// The position of the last entry that changed it.
            position: Position,
            /// The pins, as on the wire.
            content: Bytes,
        }
    }
}
