use caffis_schema::{ClientId, MessageNumber, Position, RoomId, Timestamp, UserId};

use super::table;

table! {
    /// What became of a command with a client id. Counts only if the entry at its position does.
    pub struct SentRow in "sent" {
        partition {
            /// The room.
            room: RoomId,
            /// Who sent it.
            sender: UserId,
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
