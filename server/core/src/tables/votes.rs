use caffis_schema::{Position, RoomId, UserId};

use super::declare::table;

table! {
    /// What people have chosen in polls. The counts are in the log; so is who changed them, for a time.
    pub struct VoteRow in "votes" {
        partition {
            /// The room.
            room: RoomId,
            /// The poll's position.
            position: Position,
        }
        clustering {
            /// Who.
            asc user: UserId,
        }
        values {
            /// Which options: the option that is counted from 0 as bit 0.
            choices: u64,
        }
    }
}
