use std::sync::Arc;

use caffis_schema::{MessageNumber, Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// How people mark messages for themselves alone.
    pub struct FlagRow in "flags" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// `hidden`: they do not see the message any more; `starred`: they want to find it again.
            asc kind: Arc<str>,
            /// The room.
            asc room: RoomId,
            /// The position of the message.
            asc position: Position,
        }
        values {
            /// Its number.
            number: MessageNumber,
            /// When they did, in milliseconds since 1970.
            time: Timestamp,
        }
    }
}

impl FlagRow {
    /// The kind of messages that are hidden.
    pub const HIDDEN: &'static str = "hidden";

    /// The kind of messages that are starred.
    pub const STARRED: &'static str = "starred";
}
