use caffis_schema::{RoomId, UserId};

use super::table;

table! {
    /// Who is in a room.
    pub struct MemberRow in "members" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// Who.
            asc user: UserId,
        }
        values {
            /// 1 member, 2 admin, 3 owner.
            role: u64,
            /// Since when, in milliseconds since 1970.
            joined: u64,
            /// The position of the entry by which they joined.
            joined_position: u64,
            /// They see the entries after this position.
            visible_after: u64,
            /// The message number from which their unread count starts.
            unread_after: u64,
        }
    }
}
