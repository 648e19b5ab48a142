//! Messages that people who are connected here have deleted for themselves.
//!
//! They are few, and in memory for as long as the person is connected, so whoever has none pays a look at an empty
//! map.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use caffis_schema::{
    Entry, EntryKind, MessageNumber, Position, Reply, RoomId, Text, UserId,
    reply::{EntryPage, Resumed},
    room::{Preview, RoomSummary},
};

use crate::sync::lock;

/// The messages that one person does not see any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HiddenMessages {
    rooms: BTreeMap<RoomId, BTreeMap<Position, MessageNumber>>,
    count: usize,
}

impl HiddenMessages {
    /// Adds a message.
    pub fn insert(&mut self, room: RoomId, position: Position, number: MessageNumber) {
        if self.rooms.entry(room).or_default().insert(position, number).is_none() {
            self.count += 1;
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether a message is among them.
    #[must_use]
    pub fn has(&self, room: RoomId, position: Position) -> bool {
        self.rooms.get(&room).is_some_and(|messages| messages.contains_key(&position))
    }

    /// Takes their words out of an answer about a room, or about several.
    pub fn mask(&self, room: Option<RoomId>, reply: &mut Reply) {
        if self.count == 0 {
            return;
        }
        match reply {
            Reply::Room(summary) => self.mask_summary(summary),
            Reply::Rooms(page) => page.rooms.iter_mut().for_each(|room| self.mask_summary(room)),
            Reply::Opened(opened) => {
                self.mask_summary(&mut opened.room);
                self.mask_page(opened.room.room, &mut opened.page);
            }
            Reply::Resumed(resumed) => {
                resumed.rooms.iter_mut().for_each(|room| self.mask_resumed(room));
            }
            Reply::Welcome(welcome) => {
                welcome.rooms.iter_mut().for_each(|room| self.mask_summary(room));
                welcome.resumed.iter_mut().for_each(|room| self.mask_resumed(room));
            }
            Reply::Found(page) => {
                let mut hits = std::mem::take(&mut page.hits).into_vec();
                hits.retain(|hit| !self.has(hit.room, hit.position));
                page.hits = caffis_schema::List::cut(hits);
            }
            Reply::Marked(page) => {
                let mut messages = std::mem::take(&mut page.messages).into_vec();
                messages.retain(|marked| !self.has(marked.room, marked.message.position));
                page.messages = caffis_schema::List::cut(messages);
            }
            Reply::Threads(page) => {
                let mut threads = std::mem::take(&mut page.threads).into_vec();
                threads.retain(|thread| !self.has(thread.room, thread.root.position));
                page.threads = caffis_schema::List::cut(threads);
            }
            reply => {
                if let Some(room) = room {
                    self.mask_of_room(room, reply);
                }
            }
        }
    }

    fn mask_of_room(&self, room: RoomId, reply: &mut Reply) {
        match reply {
            Reply::Page(page) => self.mask_page(room, page),
            Reply::Entry(entry) => self.mask_entry(room, entry),
            Reply::Thread(page) if self.rooms.contains_key(&room) => {
                self.mask_entry(room, &mut page.root);
                page.replies.iter_mut().for_each(|entry| self.mask_entry(room, entry));
            }
            Reply::Previews(list) if self.rooms.contains_key(&room) => {
                let mut previews = std::mem::take(&mut list.previews).into_vec();
                previews.retain(|found| !self.has(room, found.position));
                list.previews = caffis_schema::List::cut(previews);
            }
            _ => {}
        }
    }

    /// Takes their words out of a room's summary.
    pub fn mask_summary(&self, summary: &mut RoomSummary) {
        let room = summary.room;
        summary.preview.iter_mut().for_each(|preview| self.mask_preview(room, preview));
    }

    /// Takes the words out of a room's last message in short, if it is among them.
    pub fn mask_preview(&self, room: RoomId, preview: &mut Preview) {
        if self.hides_last(room, preview.number) {
            (preview.text, preview.deleted) = (Text::cut(""), true);
        }
    }

    /// Whether the last message of a room, which has this number, is among them.
    #[must_use]
    pub fn hides_last(&self, room: RoomId, number: MessageNumber) -> bool {
        // No other message of the room is above it.
        let last = self.rooms.get(&room).and_then(|messages| messages.last_key_value());
        last.is_some_and(|(_, hidden)| *hidden == number)
    }

    fn mask_resumed(&self, resumed: &mut Resumed) {
        let room = resumed.room;
        if self.rooms.contains_key(&room) {
            resumed.entries.iter_mut().for_each(|entry| self.mask_entry(room, entry));
        }
    }

    fn mask_page(&self, room: RoomId, page: &mut EntryPage) {
        if self.rooms.contains_key(&room) {
            page.entries.iter_mut().for_each(|entry| self.mask_entry(room, entry));
        }
    }

    fn mask_entry(&self, room: RoomId, entry: &mut Entry) {
        let about = entry.kind.changed_message().unwrap_or(entry.position);
        if !self.has(room, about) {
            return;
        }
        if let EntryKind::Message(message) = &mut entry.kind {
            message.hide();
        } else if let Some(bare) = entry.without_words() {
            *entry = bare;
        }
    }
}

/// What the people who are connected here do not see any more.
#[derive(Debug, Default)]
pub struct Hidden {
    people: Mutex<BTreeMap<UserId, Arc<HiddenMessages>>>,
}

impl Hidden {
    /// A person has come: what is told from now on is kept, and what the store has is still to be read.
    pub(crate) fn begin(&self, user: &UserId) {
        lock(&self.people).entry(user.clone()).or_default();
    }

    /// Adds what the store has of a person who is here.
    pub(crate) fn add(&self, user: &UserId, stored: &HiddenMessages) {
        let mut people = lock(&self.people);
        let Some(known) = people.get_mut(user).filter(|_| stored.count > 0) else { return };
        let known = Arc::make_mut(known);
        for (room, messages) in &stored.rooms {
            for (position, number) in messages {
                known.insert(*room, *position, *number);
            }
        }
    }

    /// Adds a message of a person who is here.
    pub(crate) fn set(
        &self,
        user: &UserId,
        (room, position): (RoomId, Position),
        number: MessageNumber,
    ) {
        if let Some(known) = lock(&self.people).get_mut(user) {
            Arc::make_mut(known).insert(room, position, number);
        }
    }

    /// All of a person; none for one who is not here.
    #[must_use]
    pub fn of(&self, user: &UserId) -> Option<Arc<HiddenMessages>> {
        lock(&self.people).get(user).cloned()
    }

    /// Whether a person who is here does not see a message any more.
    #[must_use]
    pub fn is(&self, user: &UserId, room: RoomId, position: Position) -> bool {
        lock(&self.people).get(user).is_some_and(|known| known.has(room, position))
    }

    /// Takes the words of what a person does not see out of a room's summary.
    pub(crate) fn mask_summary(&self, user: &UserId, summary: &mut RoomSummary) {
        if let Some(known) = self.of(user) {
            known.mask_summary(summary);
        }
    }

    /// A room's last message in short, as a person who is here sees it.
    pub(crate) fn mask_preview(&self, user: &UserId, room: RoomId, preview: Option<&mut Preview>) {
        if let (Some(known), Some(preview)) = (self.of(user), preview) {
            known.mask_preview(room, preview);
        }
    }

    /// A person has gone.
    pub(crate) fn forget(&self, user: &UserId) {
        lock(&self.people).remove(user);
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::{
        Body, List, Timestamp,
        event::{Edited, TextBody},
        reply::PreviewList,
        room::{Mentions, Message, MessagePreview},
    };

    use super::*;

    fn text(words: &str) -> Body {
        Body::Text(TextBody { text: Text::cut(words) })
    }

    fn entry(position: u64, kind: EntryKind) -> Entry {
        Entry { position: Position(position), time: Timestamp(1), kind }
    }

    #[test]
    fn the_words_are_in_no_answer() {
        let (room, other) = (RoomId::from_random(1), RoomId::from_random(2));
        let mut hidden = HiddenMessages::default();
        hidden.insert(room, Position(4), MessageNumber(3));
        hidden.insert(room, Position(4), MessageNumber(3));
        assert_eq!(hidden.count(), 1);
        let message = |number| Message::new(MessageNumber(number), None, None, text("secret"));
        let (about, number) = (Position(4), MessageNumber(3));
        let (revision, replaces, body) = (1, Position::ZERO, Some(text("secret")));
        let mentions = Mentions::default();
        let edited = Edited { message: about, number, revision, replaces, body, mentions };
        let entries = List::cut(vec![
            entry(4, EntryKind::Message(message(3))),
            entry(5, EntryKind::Message(message(4))),
            entry(6, EntryKind::Edited(edited)),
        ]);
        let page = EntryPage { entries, more_before: false, more_after: false, head: Position(6) };
        let words = |reply: &Reply| format!("{reply:?}").matches("secret").count();
        for (of, left) in [(Some(room), 1), (Some(other), 3), (None, 3)] {
            let mut reply = Reply::Page(page.clone());
            hidden.mask(of, &mut reply);
            assert_eq!(words(&reply), left, "{of:?}");
        }
        let preview = |number| Preview {
            number: MessageNumber(number),
            sender: None,
            text: Text::cut("secret"),
            time: Timestamp(1),
            deleted: false,
        };
        let short = |position, number| MessagePreview {
            position: Position(position),
            changed: Position::ZERO,
            preview: preview(number),
        };
        let previews = List::cut(vec![short(4, 3), short(5, 4)]);
        let mut reply = Reply::Previews(PreviewList { previews });
        hidden.mask(Some(room), &mut reply);
        assert_eq!(words(&reply), 1);
        for (number, deleted) in [(3, true), (4, false)] {
            let mut last = preview(number);
            hidden.mask_preview(room, &mut last);
            assert_eq!((last.deleted, last.text.is_empty()), (deleted, deleted));
        }
    }

    #[test]
    fn memory_has_those_who_are_here() {
        let (hidden, user) = (Hidden::default(), UserId::new("giulia").expect("an id"));
        let at = (RoomId::from_random(1), Position(4));
        hidden.set(&user, at, MessageNumber(3));
        assert!(hidden.of(&user).is_none() && !hidden.is(&user, at.0, at.1));
        hidden.begin(&user);
        hidden.set(&user, at, MessageNumber(3));
        let mut stored = HiddenMessages::default();
        stored.insert(at.0, Position(9), MessageNumber(8));
        hidden.add(&user, &stored);
        assert!(hidden.is(&user, at.0, at.1) && hidden.is(&user, at.0, Position(9)));
        hidden.forget(&user);
        assert!(!hidden.is(&user, at.0, at.1));
    }
}
