use std::sync::Arc;

use caffis_schema::{Timestamp, UserId};

use super::declare::table;

table! {
    /// The people: a row for each part of a person that is written by itself, so that nodes which write
    /// different parts at once lose neither. Of the values each part has its own; the rest is absent.
    pub struct UserRow in "users" {
        partition {
            /// The main app's `sub`.
            user: UserId,
        }
        clustering {
            /// `profile`, `status`, `private_receipts` or `last_seen`.
            asc part: Arc<str>,
        }
        values {
            /// The name shown, mirrored from the main app or from a token's claims.
            name: Option<Arc<str>>,
            /// A picture's address, of the profile too.
            picture: Option<Arc<str>>,
            /// Their own words.
            status: Option<Arc<str>>,
            /// Whether they keep to themselves what they have read.
            private_receipts: Option<bool>,
            /// When they were last connected, in milliseconds since 1970.
            last_seen: Option<Timestamp>,
        }
    }
}
