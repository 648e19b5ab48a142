use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::{ClientId, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// Messages that people have scheduled: those that wait, and those that could not be sent.
    pub struct ScheduledRow in "scheduled" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// In which room.
            asc room: RoomId,
            /// The id of the command that scheduled it, and then of the message.
            asc id: ClientId,
        }
        values {
            /// When it is sent, in milliseconds since 1970.
            due: Timestamp,
            /// Why it was not sent when it was due, as errors are called in JSON; none while it waits.
            failed: Option<Arc<str>>,
            /// What it says and what belongs to it, as on the wire.
            content: Bytes,
        }
    }
}

table! {
    /// Which scheduled messages are due when. A row of which the message is gone, has failed or is due at another
    /// time says nothing.
    pub struct DueRow in "scheduled_due" {
        partition {
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// When, in milliseconds since 1970.
            asc due: Timestamp,
            /// In which room.
            asc room: RoomId,
            /// Whose.
            asc user: UserId,
            /// Which.
            asc id: ClientId,
        }
        values {}
    }
}

table! {
    /// Commands about scheduled messages that were done, kept as long as their keys can come again.
    pub struct ScheduledAnswerRow in "scheduled_answers" {
        partition {
            /// Who gave the command.
            user: UserId,
        }
        clustering {
            /// The client's id for it.
            asc client: ClientId,
        }
        values {
            /// A digest of its content, to tell a resend from a reuse of the id.
            digest: u64,
            /// When the message was due after it, in milliseconds since 1970.
            due: Timestamp,
        }
    }
}
