use caffis_schema::{MessageNumber, RoomId, UserId, placement::Placement};

use super::declare::table;

table! {
    /// Where people have put rooms in their own lists. A room that is only listed has no row.
    pub struct PlacementRow in "placements" {
        partition {
            /// Whose list.
            user: UserId,
        }
        clustering {
            /// The room.
            asc room: RoomId,
        }
        values {
            /// Where.
            placement: Placement,
            /// The number of the room's last message at that time.
            number: MessageNumber,
        }
    }
}
