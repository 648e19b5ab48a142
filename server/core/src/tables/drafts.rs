use std::{sync::Arc, time::Duration};

use caffis_schema::{Position, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// What people have written and not sent.
    pub struct DraftRow in "drafts" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// In which room.
            asc room: RoomId,
        }
        values {
            /// The words; empty for what was sent or given up, so that an older one does not come back.
            text: Arc<str>,
            /// When, on the person's clock.
            time: Timestamp,
        }
    }
}

table! {
    /// What people have written in threads and not sent.
    pub struct ThreadDraftRow in "thread_drafts" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// In which room.
            asc room: RoomId,
            /// The position of the thread's root.
            asc root: Position,
        }
        values {
            /// The words; empty for what was sent or given up, so that an older one does not come back.
            text: Arc<str>,
            /// When, on the person's clock.
            time: Timestamp,
        }
    }
}

/// How long drafts are kept.
pub(crate) const DRAFT_KEPT: Duration = Duration::from_secs(90 * 86_400);
