//! What people keep for themselves: stars, drafts, what they hide, where rooms stand in their lists, which of these they
//! have muted or marked as unread, and what they say of themselves.

use std::collections::BTreeMap;

use caffis_schema::{
    MessageNumber, Position, RoomId, Text, Timestamp,
    drafts::{Draft, ThreadDraft},
    limits::{DRAFT_BYTES, STATUS_BYTES},
    placement::Placement,
    room::OwnState,
};

/// A room, or the thread of a message in it.
pub(crate) type Place = (RoomId, Option<Position>);

/// What somebody has written and not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsent {
    pub(crate) place: Place,
    pub(crate) text: Text<DRAFT_BYTES>,
    pub(crate) time: Timestamp,
}

impl From<Draft> for Unsent {
    fn from(Draft { room, text, time }: Draft) -> Self {
        Self { place: (room, None), text, time }
    }
}

impl From<ThreadDraft> for Unsent {
    fn from(ThreadDraft { room, root, text, time }: ThreadDraft) -> Self {
        Self { place: (room, Some(root)), text, time }
    }
}

/// What a device heard of what its person keeps for themselves.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) drafts: BTreeMap<Place, Unsent>,
    /// What the last answer to hello said.
    pub(crate) state: Option<OwnState>,
}

impl Own {
    /// Of two drafts the one with the later time counts.
    pub(crate) fn draft(&mut self, draft: impl Into<Unsent>) {
        let draft = draft.into();
        let known = self.drafts.get(&draft.place);
        if known.is_none_or(|known| known.time <= draft.time) {
            self.drafts.insert(draft.place, draft);
        }
    }
}

/// What a person did for themselves once nothing went wrong any more, as the server said.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Star(RoomId, Position, bool),
    Draft(Unsent),
    Placement(RoomId, Placement),
    Mute(RoomId, Option<Timestamp>),
    /// A message that they do not see any more.
    Hidden(RoomId, Position),
    /// The number of a message from which on all counts as unread.
    Unread(RoomId, MessageNumber),
    /// Whether others are not told what they have read.
    Private(bool),
    /// What they say of themselves; nothing for no words.
    Status(Text<STATUS_BYTES>),
}
