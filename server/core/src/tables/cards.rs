use bytes::Bytes;
use caffis_schema::RoomId;

use super::declare::table;

table! {
    /// What a room is about, in detail: the entry that says so expires, and this stays.
    pub struct CardRow in "cards" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// The card, as on the wire.
            content: Bytes,
        }
    }
}
