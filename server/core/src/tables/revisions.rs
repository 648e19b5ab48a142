use bytes::Bytes;
use caffis_schema::{Position, RoomId, Timestamp};

use super::declare::table;

table! {
    /// What messages said before they were edited or deleted.
    pub struct RevisionRow in "revisions" {
        partition {
            /// The room.
            room: RoomId,
            /// The message's position.
            position: Position,
        }
        clustering {
            /// After how many edits; 0 is what was sent.
            asc revision: u64,
        }
        values {
            /// Since when, in milliseconds since 1970.
            time: Timestamp,
            /// What it said, as on the wire.
            content: Bytes,
        }
    }
}
