//! Which webhooks somebody means.

use caffis_schema::RoomId;
use serde::{Deserialize, Serialize};

/// Which of the webhooks that were given up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterFilter {
    /// Those of this endpoint only.
    pub endpoint: Option<String>,
    /// The one with this `webhook-id` only.
    pub id: Option<String>,
}

/// The room in a `webhook-id`: `evt_0123456789abcdef_12_push`.
#[must_use]
pub fn room_of_webhook(id: &str) -> Option<RoomId> {
    let room = id.strip_prefix("evt_")?.get(..16)?;
    RoomId::try_from(u64::from_str_radix(room, 16).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_in_the_id() {
        let room = RoomId::from_random(0x0123_4567_89ab_cdef);
        assert_eq!(room_of_webhook(&format!("evt_{room}_12_push")), Some(room));
        for id in
            ["", "evt_", "evt_123", "x", "evt_zzzzzzzzzzzzzzzz_1_a", "evt_ffffffffffffffff_1_a"]
        {
            assert_eq!(room_of_webhook(id), None, "{id}");
        }
    }
}
