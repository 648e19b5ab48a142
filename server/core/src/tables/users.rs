use std::sync::Arc;

use caffis_schema::{Timestamp, UserId};

use super::table;

table! {
    /// The people, mirrored from the main app or made from a token's claims.
    pub struct UserRow in "users" {
        partition {
            /// The main app's `sub`.
            user: UserId,
        }
        clustering {}
        values {
            /// The name shown.
            name: Arc<str>,
            /// A picture's address.
            picture: Option<Arc<str>>,
            /// Their own words.
            status: Option<Arc<str>>,
            /// Whether they keep to themselves what they have read.
            private_receipts: bool,
            /// When they were last connected, in milliseconds since 1970.
            last_seen: Option<Timestamp>,
        }
    }
}
