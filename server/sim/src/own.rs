//! What people keep for themselves: stars, drafts, where rooms stand in their lists, and which they have muted.

use std::collections::BTreeMap;

use caffis_schema::{Position, RoomId, Timestamp, placement::Placement, room::Draft};

/// What a device heard of what its person keeps for themselves.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) drafts: BTreeMap<RoomId, Draft>,
}

impl Own {
    /// Of two drafts the one with the later time counts.
    pub(crate) fn draft(&mut self, draft: Draft) {
        let known = self.drafts.get(&draft.room);
        if known.is_none_or(|known| known.time <= draft.time) {
            self.drafts.insert(draft.room, draft);
        }
    }
}

/// What a person did for themselves once nothing went wrong any more, as the server said.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Star(RoomId, Position, bool),
    Draft(Draft),
    Placement(RoomId, Placement),
    Mute(RoomId, Option<Timestamp>),
}
