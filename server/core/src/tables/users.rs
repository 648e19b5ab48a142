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
            /// `profile`, `mirror`, `status`, `private_receipts` or `last_seen`.
            asc part: Arc<str>,
        }
        values {
            /// The name: of `profile` from a token's claims, of `mirror` from the main app.
            name: Option<Arc<str>>,
            /// A picture's address, of both too.
            picture: Option<Arc<str>>,
            /// Their own words.
            status: Option<Arc<str>>,
            /// Whether they keep to themselves what they have read.
            private_receipts: Option<bool>,
            /// When they were last connected, in milliseconds since 1970.
            last_seen: Option<Timestamp>,
            /// Which state of the main app's user the mirror is.
            version: Option<u64>,
            /// Whether the main app has deleted the user.
            deleted: Option<bool>,
            /// The mirror's language tag.
            locale: Option<Arc<str>>,
            /// The mirror's time zone.
            time_zone: Option<Arc<str>>,
            /// From when the user is not to be disturbed, on their clock.
            quiet_start: Option<Arc<str>>,
            /// Until when.
            quiet_end: Option<Arc<str>>,
            /// The mirror's roles, with commas between them.
            roles: Option<Arc<str>>,
            /// The stamp with which `status` and `private_receipts` were written, so that a later one lies above it
            /// whatever the clock of its node says.
            written: Option<u64>,
        }
    }
}
