use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::{Position, RoomId, Timestamp};

use super::declare::table;

table! {
    /// Which messages have which terms: the search index. A row for each term of each message.
    pub struct SearchTermRow in "search_terms" {
        partition {
            /// The room.
            room: RoomId,
            /// The bucket: the position divided by the size of a bucket.
            bucket: u64,
        }
        clustering {
            /// The term: a folded word or its stem, `@` and who wrote it, or `#` and what it has.
            asc term: Arc<str>,
            /// When the message was sent: never earlier than the message before it.
            desc time: Timestamp,
            /// The message's position.
            desc position: Position,
        }
        values {}
    }
}

table! {
    /// Where the frequent terms of a sealed bucket are: a row for each such term, beside those in `search_terms`.
    pub struct SearchBlockRow in "search_blocks" {
        partition {
            /// The room.
            room: RoomId,
            /// The bucket: the position divided by the size of a bucket.
            bucket: u64,
        }
        clustering {
            /// The term, or `!` for the row that seals the bucket.
            asc term: Arc<str>,
        }
        values {
            /// Which sealing it is of: only rows of the sealing that the row `!` names count.
            seal: u64,
            /// The messages with the term, newest first, packed.
            postings: Bytes,
        }
    }
}

table! {
    /// How far the search index has followed each room.
    pub struct SearchedRow in "searched_rooms" {
        partition {
            /// The room's shard.
            shard: u64,
        }
        clustering {
            /// The room.
            asc room: RoomId,
        }
        values {
            /// The index has everything up to this position.
            position: Position,
            /// When the entry at that position was made.
            time: Timestamp,
            /// The version of the rules by which its texts were cut into words.
            rules: u64,
            /// The rebuild that it has seen.
            rebuild: u64,
        }
    }
}

table! {
    /// How often a rebuild of the search index was ordered. One row.
    pub struct SearchRebuildRow in "search_rebuilds" {
        partition {
            /// Always the same.
            list: u64,
        }
        clustering {}
        values {
            /// The number of the last rebuild that was ordered.
            rebuild: u64,
            /// When.
            ordered: Timestamp,
        }
    }
}
