use bytes::Bytes;
use caffis_schema::{Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// The links by which people join rooms: the entries that say so expire, and this stays.
    pub struct InvitesRow in "invites" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// The position of the last entry that changed them.
            position: Position,
            /// The links, with digests of their secrets.
            content: Bytes,
        }
    }
}

table! {
    /// Who was removed from a group by somebody else, and comes back only when somebody adds them.
    pub struct RemovalRow in "removals" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// Who.
            asc user: UserId,
        }
        values {
            /// Who removed them, or none for a service.
            by: Option<UserId>,
            /// When, in milliseconds since 1970.
            time: Timestamp,
        }
    }
}
