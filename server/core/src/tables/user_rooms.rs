use caffis_schema::{RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// The rooms that a user is in: `members` seen from the other side.
    pub struct UserRoomRow in "user_rooms" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// The room.
            asc room: RoomId,
        }
        values {
            /// Since when, in milliseconds since 1970.
            joined: Timestamp,
            /// The other person, when it is a direct conversation.
            peer: Option<UserId>,
        }
    }
}
