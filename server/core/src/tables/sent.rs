use caffis_schema::{
    ClientId, MessageNumber, Position, RoomId, Timestamp, UserId, room::ClientKey,
};

use super::declare::table;
use crate::ports::store::Key;

/// Milliseconds in a day.
const DAY: u64 = 86_400_000;

/// The first of the days, far beyond all clocks, under which ids are kept for ever.
const LASTING_FROM: u64 = 100_000_000;

/// How many such days there are.
const LASTING_DAYS: u64 = 4_096;

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

    /// The time in the key of a command whose id is kept for ever, spread over the lasting days by some of the id's
    /// bits, so that a room with a million such messages has some 250 in a partition.
    pub(crate) fn lasting(bits: u16) -> Timestamp {
        Timestamp((LASTING_FROM + u64::from(bits) % LASTING_DAYS) * DAY)
    }

    /// Whether the row of a command is kept for ever. A client's own key is never of such a time: it would
    /// lie in the future.
    pub(crate) fn is_lasting(time: Timestamp) -> bool {
        Self::day_of(time) >= LASTING_FROM
    }

    /// The key of the row of a command.
    pub(crate) fn key_of(room: RoomId, sender: &UserId, key: ClientKey) -> Key {
        Self::key(&room, sender, &Self::day_of(key.time), &key.id)
    }
}
