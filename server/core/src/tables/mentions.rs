use std::time::Duration;

use caffis_schema::{MessageNumber, Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// Messages that mention people, for each of them. What they say is in the room's log alone.
    pub struct MentionRow in "mentions" {
        partition {
            /// Whom the message mentions.
            user: UserId,
        }
        clustering {
            /// When it was sent.
            desc time: Timestamp,
            /// The room.
            asc room: RoomId,
            /// The position of the message.
            desc position: Position,
        }
        values {
            /// Its number.
            number: MessageNumber,
        }
    }
}

/// How long mentions are kept: of somebody who never comes, nobody else takes the oldest away.
pub(crate) const MENTION_KEPT: Duration = Duration::from_secs(180 * 86_400);
