use std::sync::Arc;

use caffis_schema::{Position, RoomId, Timestamp};

use super::declare::table;

table! {
    /// Where webhooks go out to, since the endpoint was first configured. Written once.
    pub struct EndpointRow in "hook_endpoints" {
        partition {
            /// The endpoint's name.
            endpoint: Arc<str>,
        }
        clustering {}
        values {
            /// It is told what happens from this time on.
            since: Timestamp,
        }
    }
}

table! {
    /// How far an endpoint has been told what happened in a room.
    pub struct ProgressRow in "hook_progress" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// The endpoint's name.
            asc endpoint: Arc<str>,
        }
        values {
            /// Everything up to this position was delivered, or is a dead letter.
            position: Position,
        }
    }
}

table! {
    /// Rooms of which an endpoint could not be told, until the next attempt.
    pub struct RetryRow in "hook_retries" {
        partition {
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// The endpoint's name.
            asc endpoint: Arc<str>,
            /// The room.
            asc room: RoomId,
        }
        values {
            /// Since when.
            since: Timestamp,
            /// How often the event that is next was tried.
            attempts: u64,
            /// When it is tried again.
            due: Timestamp,
        }
    }
}

table! {
    /// Webhooks that were given up. Kept for a time, and no more than a number of each shard.
    pub struct DeadLetterRow in "hook_dead_letters" {
        partition {
            /// The endpoint's name.
            endpoint: Arc<str>,
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// When it was given up.
            asc died: Timestamp,
            /// Its `webhook-id`.
            asc id: Arc<str>,
        }
        values {
            /// The kind of the event.
            kind: Arc<str>,
            /// The room in which it happened.
            room: RoomId,
            /// The position of what happened. The body is made from it when somebody wants it: what the chat does
            /// not say any more, no dead letter says.
            position: Position,
            /// How often it was tried.
            attempts: u64,
            /// Why the last attempt failed.
            reason: Arc<str>,
        }
    }
}

table! {
    /// Endpoints that were made by API. Written conditionally only, so no change undoes another one. A name that
    /// was used once keeps its row.
    pub struct MadeEndpointRow in "made_endpoints" {
        partition {
            /// Always 0: one scan lists all.
            list: u64,
        }
        clustering {
            /// The endpoint's name.
            asc name: Arc<str>,
        }
        values {
            /// Where it is; empty once it was deleted.
            url: Arc<str>,
            /// The kinds of events that it is told, with spaces between them.
            kinds: Arc<str>,
            /// The types of contexts of whose rooms it is told, with spaces between them; empty for all rooms.
            contexts: Arc<str>,
            /// The secret that signs, as it is: nobody can sign with a digest. Empty once it was deleted.
            secret: Arc<str>,
            /// The secret before.
            former: Option<Arc<str>>,
            /// Until when that one signs, too.
            former_until: Option<Timestamp>,
            /// When it was made: it is told what happens from then on.
            created: Timestamp,
            /// When it was changed last.
            changed: Timestamp,
            /// Since when it is no endpoint any more.
            deleted: Option<Timestamp>,
        }
    }
}

impl MadeEndpointRow {
    /// The partition of all of them.
    pub const LIST: u64 = 0;
}
