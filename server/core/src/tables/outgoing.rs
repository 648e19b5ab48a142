use std::sync::Arc;

use bytes::Bytes;
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
    pub struct ToldRow in "hook_told" {
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
    /// Rooms of which an endpoint could not be told.
    pub struct ParkedRow in "hook_parked" {
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
    pub struct DeadRow in "hook_dead" {
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
            /// How often it was tried.
            attempts: u64,
            /// Why the last attempt failed.
            reason: Arc<str>,
            /// The body.
            body: Bytes,
        }
    }
}
