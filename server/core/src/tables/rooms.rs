use caffis_schema::{
    Position, RoomId, Text, Timestamp, UserId,
    limits::{CONTEXT_ID_BYTES, CONTEXT_TYPE_BYTES, DESCRIPTION_BYTES, NAME_BYTES},
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
            /// What it is for.
            description: Option<Text<DESCRIPTION_BYTES>>,
            /// The position of the entry that changed its name, its description or the history last; none before.
            changed: Option<Position>,
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
            description: meta.description.clone(),
            changed: (meta.changed > Position::ZERO).then_some(meta.changed),
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
            description: row.description,
            changed: row.changed.unwrap_or_default(),
        }
    }
}
