use caffis_schema::{
    RoomId, Text, Timestamp, UserId,
    limits::{CONTEXT_ID_BYTES, CONTEXT_TYPE_BYTES, NAME_BYTES},
    room::{Context, HistoryPolicy, RoomClass},
};

use super::declare::table;
use crate::model::room::RoomMeta;

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
            class: RoomClass,
            /// The context's type.
            context_kind: Text<CONTEXT_TYPE_BYTES>,
            /// Which one.
            context_id: Text<CONTEXT_ID_BYTES>,
            /// Its name.
            name: Option<Text<NAME_BYTES>>,
            /// Who made it.
            creator: Option<UserId>,
            /// When, in milliseconds since 1970.
            created: Timestamp,
            /// How many of the messages before their joining new members see; none: all of them.
            history: HistoryPolicy,
        }
    }
}

impl From<&RoomMeta> for RoomRow {
    fn from(meta: &RoomMeta) -> Self {
        Self {
            room: meta.id,
            class: meta.class,
            context_kind: meta.context.kind.clone(),
            context_id: meta.context.id.clone(),
            name: meta.name.clone(),
            creator: meta.creator.clone(),
            created: meta.created,
            history: meta.history,
        }
    }
}

impl From<RoomRow> for RoomMeta {
    fn from(row: RoomRow) -> Self {
        Self {
            id: row.room,
            class: row.class,
            context: Context { kind: row.context_kind, id: row.context_id },
            name: row.name,
            creator: row.creator,
            created: row.created,
            history: row.history,
        }
    }
}
