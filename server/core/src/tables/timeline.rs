use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::{ClientId, MessageNumber, Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// The entries of rooms, newest first within a bucket.
    pub struct TimelineRow in "timeline" {
        partition {
            /// The room.
            room: RoomId,
            /// The bucket: the epoch of the owner that opened it, into which no other owner writes,
            epoch: u64,
            /// and its number within the epoch.
            bucket: u64,
        }
        clustering {
            /// The entry's position.
            desc position: Position,
        }
        values {
            /// When, in milliseconds since 1970.
            time: Timestamp,
            /// The position of the first entry that was written with it.
            append: Position,
            /// Who gave the command that made it; none for what a claim made.
            by: Option<UserId>,
            /// The digest of that command's content.
            digest: Option<u64>,
            /// The kind's name, as in JSON.
            kind: Arc<str>,
            /// The message's number.
            number: Option<MessageNumber>,
            /// Who wrote the message.
            sender: Option<UserId>,
            /// The client id of the command.
            client: Option<ClientId>,
            /// The time in the command's key: when the person acted, by their clock.
            client_time: Option<Timestamp>,
            /// The text of a text message.
            text: Option<Arc<str>>,
            /// Everything else, as on the wire.
            content: Option<Bytes>,
            /// Who voted by the entry, and with what commands. Nobody is told of it.
            ballots: Option<Bytes>,
        }
    }
}
