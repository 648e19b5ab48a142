//! What a device shows of rooms: their entries, with every change of a message that has come.
//!
//! A client keeps what it has loaded and puts changes into it; a page that was read before a change may come
//! after it. In the end all who have a room whole show the same.

use std::collections::BTreeMap;

use caffis_schema::{
    Entry, EntryKind, Position, RoomId,
    event::Edited,
    polls::Tallied,
    room::{Mentions, Message},
};

/// The entries that a device shows.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<RoomId, BTreeMap<Position, Entry>>);

impl Held {
    /// Takes an entry, from wherever it comes.
    pub(crate) fn take(&mut self, room: RoomId, mut entry: Entry) {
        let entries = self.0.entry(room).or_default();
        if let Some(root) = entry.kind.changed_thread()
            && let Some(EntryKind::Message(message)) = entries.get_mut(&root).map(|e| &mut e.kind)
        {
            message.take_in_thread(&entry);
        }
        if let Some(position) = entry.kind.changed_message()
            && let Some(EntryKind::Message(message)) =
                entries.get_mut(&position).map(|e| &mut e.kind)
        {
            message.take(&entry);
        }
        let position = entry.position;
        if let EntryKind::Message(message) = &mut entry.kind {
            for (_, later) in entries.range(position + 1..) {
                if later.kind.changed_message() == Some(position) {
                    message.take(later);
                }
                if later.kind.changed_thread() == Some(position) {
                    message.take_in_thread(later);
                }
            }
            if let Some(EntryKind::Message(known)) = entries.get(&position).map(|entry| &entry.kind)
                && known.changed > message.changed
            {
                return;
            }
        }
        entries.insert(position, entry);
    }

    /// The device lost its copy of a room, or dropped it.
    pub(crate) fn drop_room(&mut self, room: RoomId) {
        self.0.remove(&room);
    }

    /// The messages of a room.
    pub(crate) fn messages(&self, room: RoomId) -> impl Iterator<Item = (Position, &Message)> {
        let entries = self.0.get(&room).into_iter().flatten();
        entries.filter_map(|(position, entry)| match &entry.kind {
            EntryKind::Message(message) => Some((*position, message)),
            _ => None,
        })
    }
}

/// What of an entry stays as it is, whatever happens to the message later.
pub(crate) fn lasting(entry: &Entry) -> Entry {
    let kind = match &entry.kind {
        EntryKind::Message(message) => {
            let Message { number, sender, key, .. } = message.clone();
            let body = caffis_schema::Body::Deleted(caffis_schema::event::Tombstone { by: None });
            EntryKind::Message(Message::new(number, sender, key, body))
        }
        EntryKind::Edited(edited) => EntryKind::Edited(Edited {
            body: None,
            mentions: Mentions::default(),
            ..edited.clone()
        }),
        EntryKind::Tallied(tallied) => {
            EntryKind::Tallied(Tallied { tally: None, ..tallied.clone() })
        }
        kind => kind.clone(),
    };
    Entry { kind, ..entry.clone() }
}
