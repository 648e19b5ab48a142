use std::sync::Arc;

use caffis_schema::{MessageNumber, Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// A room's last message: a hint for lists, written at most once a second, and with the first
    /// entry of each minute. The log is the truth.
    pub struct HeadRow in "heads" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// The last position.
            position: Position,
            /// The number of the last message.
            number: MessageNumber,
            /// When the room was last active, in milliseconds since 1970; may be later than the position.
            time: Timestamp,
            /// Who wrote the last message.
            sender: Option<UserId>,
            /// Its first words.
            preview: Option<Arc<str>>,
        }
    }
}
