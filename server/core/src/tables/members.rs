use caffis_schema::{MessageNumber, Position, RoomId, Timestamp, UserId, room::Role};

use super::declare::table;
use crate::model::room::Membership;

table! {
    /// Who is in a room.
    pub struct MemberRow in "members" {
        partition {
            /// The room.
            room: RoomId,
        }
        clustering {
            /// Who.
            asc user: UserId,
        }
        values {
            /// 1 member, 2 admin, 3 owner.
            role: Role,
            /// Since when, in milliseconds since 1970.
            joined: Timestamp,
            /// The position of the entry by which they joined.
            joined_position: Position,
            /// They see the entries after this position.
            visible_after: Position,
            /// The message number from which their unread count starts.
            unread_after: MessageNumber,
        }
    }
}

impl MemberRow {
    /// The row of a member.
    #[must_use]
    pub fn new(room: RoomId, user: UserId, member: &Membership) -> Self {
        let Membership { role, joined, joined_position, visible_after, unread_after } = *member;
        Self { room, user, role, joined, joined_position, visible_after, unread_after }
    }

    /// Who it is, and as what.
    #[must_use]
    pub fn into_member(self) -> (UserId, Membership) {
        let Self { user, role, joined, joined_position, visible_after, unread_after, .. } = self;
        (user, Membership { role, joined, joined_position, visible_after, unread_after })
    }
}
