use std::{sync::Arc, time::Duration};

use caffis_schema::{
    Position, RoomId, Text, Timestamp, UserId, command::ReportReason, limits::REPORT_BYTES,
};

use super::declare::table;

/// How long a report is kept.
pub(crate) const REPORT_KEPT: Duration = Duration::from_secs(180 * 86_400);

table! {
    /// Messages that people reported: each person a message once. Kept for half a year.
    pub struct ReportRow in "reports" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// The message's position.
            asc position: Position,
            /// Who reported it.
            asc reporter: UserId,
        }
        values {
            /// When.
            time: Timestamp,
            /// Who wrote the message; null for a service.
            sender: Option<UserId>,
            /// Why.
            reason: ReportReason,
            /// What else they said.
            text: Text<REPORT_BYTES>,
        }
    }
}

table! {
    /// The reports in their order, for those who read all of them.
    pub struct ReportIndexRow in "reports_by_time" {
        partition {
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// When.
            asc time: Timestamp,
            /// The room.
            asc room: RoomId,
            /// The message's position.
            asc position: Position,
            /// Who reported it.
            asc reporter: UserId,
        }
        values {}
    }
}

table! {
    /// Reports of which an endpoint is still to be told.
    pub struct ReportTaskRow in "hook_reports" {
        partition {
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// The endpoint's name.
            asc endpoint: Arc<str>,
            /// When it was reported.
            asc time: Timestamp,
            /// The room.
            asc room: RoomId,
            /// The message's position.
            asc position: Position,
            /// Who reported it.
            asc reporter: UserId,
        }
        values {}
    }
}
