use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::Timestamp;

use super::declare::table;

table! {
    /// The keys of services. Names are unique for ever. Written conditionally only, so no change undoes
    /// another one.
    pub struct ServiceKeyRow in "service_keys" {
        partition {
            /// Always 0: one scan lists all keys.
            list: u64,
        }
        clustering {
            /// What the key is called.
            asc name: Arc<str>,
        }
        values {
            /// The names of its rights, with spaces between them.
            rights: Arc<str>,
            /// The SHA-256 of its secret.
            secret: Bytes,
            /// When this secret was made, in milliseconds since 1970.
            created: Timestamp,
            /// The same of the secret before.
            former: Option<Bytes>,
            /// Until when that one is good.
            former_until: Option<Timestamp>,
            /// Until when the key is good.
            expires: Option<Timestamp>,
            /// Since when it is not good any more.
            revoked: Option<Timestamp>,
        }
    }
}

table! {
    /// When keys of services were used last, about.
    pub struct KeyUseRow in "key_uses" {
        partition {
            /// Always 0: one scan lists all.
            list: u64,
        }
        clustering {
            /// What the key is called.
            asc name: Arc<str>,
        }
        values {
            /// When, in milliseconds since 1970.
            used: Timestamp,
        }
    }
}

impl ServiceKeyRow {
    /// The partition of all of them.
    pub const LIST: u64 = 0;
}
