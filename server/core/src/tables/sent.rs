use caffis_schema::{
    ClientId, MessageNumber, Position, RoomId, Timestamp, UserId, room::ClientKey,
};

use super::declare::table;
use crate::ports::store::Key;

/// Milliseconds in a day.
const DAY: u64 = 86_400_000;

table! {
    /// What became of a command with a client id. Counts only if the entry at its position does.
    pub struct SentRow in "sent" {
        partition {
            /// The room.
            room: RoomId,
            /// Who sent it.
            sender: UserId,
            /// The day of the key's time, counted from 1970: every copy of a command has the same, and a
            /// partition holds what a person did in a room on one day.
            day: u64,
        }
        clustering {
            /// The client's id for it.
            asc client: ClientId,
        }
        values {
            /// The position of the entry that it made.
            position: Position,
            /// The message's number; 0 for other entries.
            number: MessageNumber,
            /// When, in milliseconds since 1970.
            time: Timestamp,
            /// Whether it made an entry; else it changed nothing.
            made: bool,
            /// A digest of its content, to tell a resend from a reuse of the id.
            digest: u64,
        }
    }
}

impl SentRow {
    /// The day that the row of a command lies under.
    pub(crate) fn day_of(time: Timestamp) -> u64 {
        time.get() / DAY
    }

    /// The key of the row of a command.
    pub(crate) fn key_of(room: RoomId, sender: &UserId, key: ClientKey) -> Key {
        Self::key(&room, sender, &Self::day_of(key.time), &key.id)
    }
}
