use std::{sync::Arc, time::Duration};

use caffis_schema::{Position, ReplyNumber, RoomId, Timestamp, UserId};

use super::declare::table;

table! {
    /// Where the replies in a thread are: a page of it is a range of these, however long the room's log is.
    pub struct ThreadReplyRow in "thread_replies" {
        partition {
            /// The room.
            room: RoomId,
            /// The position of the root.
            root: Position,
        }
        clustering {
            /// The reply's number in the thread.
            asc number: ReplyNumber,
        }
        values {
            /// Its position in the room's log.
            position: Position,
        }
    }
}

table! {
    /// Why people follow threads or do not, and how far they have read. Each reason is a row of its own, so an owner
    /// that writes one again takes nothing back that came later.
    pub struct ThreadMarkRow in "thread_marks" {
        partition {
            /// Whose.
            user: UserId,
        }
        clustering {
            /// When the root was sent.
            desc time: Timestamp,
            /// The room.
            asc room: RoomId,
            /// The position of the root.
            asc root: Position,
            /// `called`: the root is theirs, or a reply mentions them; `wrote`: they replied; `chose`: they follow it
            /// because they want to; `left`: they do not want to; `read`: how far they have read.
            asc kind: Arc<str>,
        }
        values {
            /// The position of the reply; of `chose` and `left` the room's head.
            position: Position,
            /// The reply's number; of `chose` and `left` that of the last reply.
            number: ReplyNumber,
        }
    }
}

impl ThreadMarkRow {
    /// The root is theirs, or a reply mentions them.
    pub const CALLED: &'static str = "called";

    /// They replied.
    pub const WROTE: &'static str = "wrote";

    /// They follow it because they want to.
    pub const CHOSE: &'static str = "chose";

    /// They do not want to follow it.
    pub const LEFT: &'static str = "left";

    /// How far they have read.
    pub const READ: &'static str = "read";

    /// How many kinds there are.
    pub const KINDS: usize = 5;
}

/// How long they are kept after the last of their kind.
pub(crate) const THREAD_MARK_KEPT: Duration = Duration::from_secs(180 * 86_400);
