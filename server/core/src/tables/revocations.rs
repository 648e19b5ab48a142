use caffis_schema::{Timestamp, UserId};

use super::declare::table;

table! {
    /// The end of a user's sessions from before a time.
    pub struct RevocationRow in "revocations" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {}
        values {
            /// Tokens made before this are refused; milliseconds since 1970.
            before: Timestamp,
        }
    }
}
