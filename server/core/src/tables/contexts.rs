use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::RoomId;

use super::declare::table;

table! {
    /// The claim of a context: at most one room for each. Written by conditional insert only.
    pub struct ContextRow in "contexts" {
        partition {
            /// The context's type.
            kind: Arc<str>,
            /// Which one.
            id: Arc<str>,
        }
        clustering {}
        values {
            /// The room that the claim is for.
            room: RoomId,
            /// How to make the room, so that anyone who finds the claim can finish the creation.
            plan: Bytes,
        }
    }
}
