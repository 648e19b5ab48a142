use std::time::Duration;

use caffis_schema::{Timestamp, UserId};

use super::declare::table;

/// How long the rows are kept: longer than a node may be without the store before it looks at everybody who
/// is connected to it.
pub(crate) const REVOKED_KEPT: Duration = Duration::from_secs(3_600);

table! {
    /// Whose sessions were ended lately, for the nodes that miss the news of it.
    pub struct RevokedRow in "revoked" {
        partition {
            /// The minute in which it happened, counted from 1970, by the clock of the node that did it.
            minute: u64,
        }
        clustering {
            /// Whose.
            asc user: UserId,
        }
        values {
            /// Tokens made before this are refused; milliseconds since 1970.
            before: Timestamp,
        }
    }
}
