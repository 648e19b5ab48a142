use std::sync::Arc;

use caffis_schema::{RoomId, UserId};

use super::table;

table! {
    /// What a room is.
    pub struct RoomRow in "rooms" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {}
        values {
            /// `social`, `public` or `evidence`.
            class: Arc<str>,
            /// The context's type.
            context_kind: Arc<str>,
            /// Which one.
            context_id: Arc<str>,
            /// Its name.
            name: Option<Arc<str>>,
            /// Who made it.
            creator: Option<UserId>,
            /// When, in milliseconds since 1970.
            created: u64,
            /// How many of the messages before their joining new members see; none: all of them.
            history: Option<u64>,
        }
    }
}
