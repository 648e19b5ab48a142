//! Whom messages mention: rows of theirs, which follow from the entries (rule 12), and news to them.

use caffis_schema::{
    Entry, EntryKind, MessageNumber, Position, RoomId, Timestamp, UserId,
    event::{Flag, Flagged},
    open::Empty,
};

use super::changes::Changes;
use crate::{
    model::{mentions::mentioned, room::RoomState},
    ports::store::Batch,
    tables::{MENTION_KEPT, MentionRow},
};

/// A person whom a message mentions now, or no longer.
#[derive(Clone, Debug)]
pub(super) struct Mentioned {
    user: UserId,
    position: Position,
    number: MessageNumber,
    time: Timestamp,
    on: bool,
}

impl Mentioned {
    /// What an entry changes: of whom the message that it is or changes speaks, before it and after it.
    pub(super) fn by(
        state: &RoomState,
        entry: &Entry,
        (before, after): (Option<&Entry>, Option<&Entry>),
    ) -> Vec<Self> {
        let after = if matches!(entry.kind, EntryKind::Message(_)) { Some(entry) } else { after };
        let users = |entry: Option<&Entry>| match entry.map(|entry| (entry.position, &entry.kind)) {
            Some((position, EntryKind::Message(message))) => mentioned(state, position, message),
            _ => Default::default(),
        };
        let (was, is) = (users(before), users(after));
        let Some((message, entry)) = after.and_then(|entry| match &entry.kind {
            EntryKind::Message(message) => Some((message, entry)),
            _ => None,
        }) else {
            return Vec::new();
        };
        let (position, time, number) = (entry.position, entry.time, message.number);
        let changed = was.symmetric_difference(&is);
        let change = |user: &UserId| Self {
            user: user.clone(),
            position,
            number,
            time,
            on: is.contains(user),
        };
        changed.map(change).collect()
    }

    /// Adds the row.
    pub(super) fn put(&self, batch: &mut Batch, room: RoomId) {
        let Self { user, position, number, time, on } = self.clone();
        match on {
            true => {
                batch.put_for(&MentionRow { user, time, room, position, number }, MENTION_KEPT);
            }
            false => batch.delete::<MentionRow>(MentionRow::key(&user, &time, &room, &position)),
        }
    }

    /// Who hears of it, and what.
    pub(super) fn news(&self, room: RoomId) -> (&UserId, Flagged) {
        let Self { user, position, number, on, .. } = self;
        let flag = Flag::Mentioned(Empty {});
        (user, Flagged { room, position: *position, number: *number, flag, on: *on })
    }
}

/// Adds the rows of those whom an entry of the last append mentions, by a new message or other words. Who is no longer
/// mentioned may keep a row; whoever reads it finds the message as it is now.
pub(super) fn put_again(batch: &mut Batch, state: &RoomState, entry: &Entry, undone: &Changes) {
    let position = entry.kind.changed_message().unwrap_or(entry.position);
    let now = undone.get(position).map_or(entry, |known| &**known);
    for mentioned in Mentioned::by(state, now, (None, Some(now))) {
        mentioned.put(batch, state.meta.id);
    }
}
