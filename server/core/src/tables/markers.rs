use caffis_schema::{MessageNumber, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// How far a member has read in a room, by message numbers, and whether they muted it.
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
            /// They want no notifications of the room until then.
            muted_until: Option<Timestamp>,
        }
    }
}
