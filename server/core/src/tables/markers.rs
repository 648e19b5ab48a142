use caffis_schema::{MessageNumber, RoomId, UserId};

use super::declare::table;

table! {
    /// How far a member has read in a room, by message numbers.
    pub struct MarkerRow in "markers" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// Who.
            asc user: UserId,
        }
        values {
            /// The last message that reached one of their devices.
            delivered: MessageNumber,
            /// The last message that they read.
            read: MessageNumber,
            /// They marked this message and all after it as unread.
            unread_from: Option<MessageNumber>,
        }
    }
}
