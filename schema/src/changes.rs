//! What an entry does to the message that it is about. The server's owner of a room and every client that
//! keeps a copy of a log do exactly this, so their messages are the same.

use crate::{
    bounded::List,
    event::{Body, Edited, Entry, EntryKind, Pinned, Reacted, Tombstone},
    numbers::Position,
    polls::Tallied,
    room::{LastEdit, Mentions, Message, PinnedMessage, Reaction},
};

impl EntryKind {
    /// The position of the message that this changes; none for what changes no message.
    #[must_use]
    pub fn changed_message(&self) -> Option<Position> {
        match self {
            Self::Edited(edited) => Some(edited.message),
            Self::Deleted(deleted) => Some(deleted.message),
            Self::Reacted(reacted) => Some(reacted.message),
            Self::Tallied(tallied) => Some(tallied.message),
            Self::Created(_)
            | Self::Message(_)
            | Self::Joined(_)
            | Self::Left(_)
            | Self::Role(_)
            | Self::Context(_)
            | Self::Pinned(_)
            | Self::Settings(_)
            | Self::Info(_)
            | Self::InviteMade(_)
            | Self::InviteRevoked(_)
            | Self::Unknown(_) => None,
        }
    }

    /// The position of the root whose thread this makes longer or shorter; none for what does neither.
    #[must_use]
    pub fn changed_thread(&self) -> Option<Position> {
        match self {
            Self::Message(message) => message.thread().map(|thread| thread.root),
            Self::Deleted(deleted) => deleted.thread,
            _ => None,
        }
    }

    /// The position of the edit whose words this replaces; none for what replaces none.
    #[must_use]
    pub fn replaced_edit(&self) -> Option<Position> {
        let position = match self {
            Self::Edited(edited) => edited.replaces,
            Self::Deleted(deleted) => deleted.replaces,
            _ => Position::ZERO,
        };
        (position > Position::ZERO).then_some(position)
    }
}

impl PinnedMessage {
    /// What is pinned in a room after its next entry; oldest first. A message that is deleted is pinned no longer.
    pub fn take(pins: &mut Vec<Self>, entry: &Entry) {
        let gone = match &entry.kind {
            EntryKind::Pinned(pinned) => pinned.message,
            EntryKind::Deleted(deleted) => deleted.message,
            _ => return,
        };
        pins.retain(|pin| pin.message != gone);
        if let EntryKind::Pinned(Pinned { message, by, pinned: true, .. }) = &entry.kind {
            let (position, time) = (entry.position, entry.time);
            pins.push(Self { message: *message, position, by: by.clone(), time });
        }
    }
}

impl Entry {
    /// The entry without what a message says now: the words of an edit, or what people chose in a poll. None for one that
    /// says nothing of that.
    #[must_use]
    pub fn without_words(&self) -> Option<Self> {
        match &self.kind {
            EntryKind::Edited(edited) if edited.body.is_some() => Some(Self {
                kind: EntryKind::Edited(Edited {
                    body: None,
                    mentions: Mentions::default(),
                    ..edited.clone()
                }),
                ..self.clone()
            }),
            EntryKind::Tallied(tallied) if tallied.tally.is_some() => Some(Self {
                kind: EntryKind::Tallied(Tallied { tally: None, ..tallied.clone() }),
                ..self.clone()
            }),
            _ => None,
        }
    }
}

impl Message {
    /// Takes an entry that is about it. One that it has taken already, or that is older than what it has
    /// taken, changes nothing.
    pub fn take(&mut self, entry: &Entry) {
        if entry.position <= self.changed {
            return;
        }
        match &entry.kind {
            // Whatever happens to it, it stays hidden.
            _ if self.is_hidden() => {}
            EntryKind::Edited(edited) => {
                let (position, time) = (entry.position, entry.time);
                self.edited = Some(LastEdit { revision: edited.revision, position, time });
                if let Some(body) = &edited.body {
                    self.body = body.clone();
                    self.set_mentions(&edited.mentions);
                }
            }
            EntryKind::Deleted(deleted) => {
                (self.edited, self.reactions) = (None, List::default());
                self.drop_extras();
                self.body = Body::Deleted(Tombstone { by: deleted.by.clone() });
            }
            EntryKind::Reacted(reacted) => self.take_reaction(reacted),
            EntryKind::Tallied(Tallied { tally: Some(tally), .. }) => self.set_tally(tally.clone()),
            _ => return,
        }
        self.changed = entry.position;
    }

    fn take_reaction(&mut self, reacted: &Reacted) {
        let Reacted { user, emoji, .. } = reacted;
        let mut reactions = std::mem::take(&mut self.reactions).into_vec();
        reactions.retain(|found| found.user != *user || found.emoji != *emoji);
        if reacted.added {
            reactions.push(Reaction { user: user.clone(), emoji: emoji.clone() });
        }
        self.reactions = List::cut(reactions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Text, Timestamp,
        event::{Deleted, TextBody},
        ids::UserId,
        numbers::MessageNumber,
        polls::Tally,
        room::{Extra, ReplyTo},
        threads::Replies,
    };

    fn text(words: &str) -> Body {
        Body::Text(TextBody { text: Text::cut(words) })
    }

    fn entry(position: u64, kind: EntryKind) -> Entry {
        Entry { position: Position(position), time: Timestamp(position), kind }
    }

    fn edit(position: u64, revision: u32, body: Option<Body>) -> Entry {
        let (message, number, replaces) = (Position(3), MessageNumber(1), Position::ZERO);
        let mentions = Mentions::default();
        let edited = Edited { message, number, revision, replaces, body, mentions };
        entry(position, EntryKind::Edited(edited))
    }

    #[test]
    fn entries_count_once_and_in_order() {
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        let second = edit(9, 2, Some(text("three")));
        for entry in [edit(7, 1, Some(text("two"))), second.clone()] {
            message.take(&entry);
        }
        let after = message.clone();
        assert_eq!((&message.body, message.revision()), (&text("three"), 2));
        message.take(&edit(7, 1, Some(text("two"))));
        message.take(&second);
        assert_eq!(message, after);
        // Of an edit that was replaced the words are gone: what replaced them comes later.
        let mut resumed = Message::new(MessageNumber(1), None, None, text("one"));
        resumed.take(&edit(7, 1, None));
        assert_eq!((&resumed.body, resumed.revision()), (&text("one"), 1));
        resumed.take(&second);
        assert_eq!(resumed, after);
    }

    #[test]
    fn an_edit_says_whom_the_message_mentions_now() {
        let names = |names: &[&str]| {
            let users = names.iter().map(|name| UserId::new(name).expect("an id")).collect();
            Mentions { users: List::cut(users), room: false }
        };
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        let reply = Extra::Reply(ReplyTo { message: Position(2) });
        message.extras = List::cut(vec![Extra::Mentions(names(&["marco"])), reply.clone()]);
        let mut edited = edit(7, 1, Some(text("two")));
        if let EntryKind::Edited(edited) = &mut edited.kind {
            edited.mentions = names(&["anna"]);
        }
        let bare = edited.without_words().expect("words");
        assert_eq!(bare, edit(7, 1, None));
        let mut hidden = message.clone();
        hidden.take(&bare);
        assert_eq!(hidden.mentions(), Some(&names(&["marco"])));
        message.take(&edited);
        assert_eq!(*message.extras, [reply.clone(), Extra::Mentions(names(&["anna"]))]);
        message.take(&edit(8, 2, Some(text("three"))));
        assert_eq!(*message.extras, [reply]);
    }

    /// A room's owner counts votes in the entry of the first one, also after a reply; those who are told of the entry count
    /// them before the reply. Both have the same message.
    #[test]
    fn a_tally_that_changes_keeps_its_place_among_the_extras() {
        let tally = |voters| Tally { voters, ..Tally::default() };
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        message.set_tally(tally(1));
        message.set_extra(Extra::Replies(Replies::default()));
        message.set_tally(tally(2));
        assert_eq!(*message.extras, [Extra::Tally(tally(2)), Extra::Replies(Replies::default())]);
    }

    #[test]
    fn reactions_come_and_go_one_by_one() {
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        let mut position = 3;
        let mut react = |message: &mut Message, name: &str, emoji: &str, added: bool| {
            position += 1;
            let user = UserId::new(name).expect("an id");
            let (at, number, emoji) = (Position(3), MessageNumber(1), Text::cut(emoji));
            let reacted = Reacted { message: at, number, user, emoji, added };
            message.take(&entry(position, EntryKind::Reacted(reacted)));
        };
        react(&mut message, "giulia", "☕", true);
        react(&mut message, "marco", "☕", true);
        react(&mut message, "giulia", "👍", true);
        react(&mut message, "giulia", "☕", false);
        let found = message.reactions.iter().map(|each| format!("{} {}", each.user, each.emoji));
        assert_eq!(found.collect::<Vec<_>>(), ["marco ☕", "giulia 👍"]);
        let giulia = UserId::new("giulia").expect("an id");
        assert!(message.has_reaction(&giulia, "👍") && !message.has_reaction(&giulia, "☕"));
        assert_eq!((message.body, message.changed), (text("one"), Position(7)));
    }

    #[test]
    fn a_poll_has_the_last_tally() {
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        let reply = Extra::Reply(ReplyTo { message: Position(2) });
        message.extras = List::cut(vec![reply.clone()]);
        let tally = |voters| Tally { counts: List::cut(vec![voters, 0]), voters, closed: None };
        let tallied = |position, voters| {
            let (message, number) = (Position(3), MessageNumber(1));
            let tallied = Tallied { message, number, tally: Some(tally(voters)) };
            entry(position, EntryKind::Tallied(tallied))
        };
        assert_eq!(message.tally(), None);
        message.take(&tallied(7, 1));
        message.take(&tallied(9, 3));
        message.take(&tallied(7, 1));
        assert_eq!(*message.extras, [reply, Extra::Tally(tally(3))]);
        let bare = tallied(11, 4).without_words().expect("a tally");
        message.take(&bare);
        assert_eq!((message.tally(), bare.without_words()), (Some(&tally(3)), None));
        message.hide();
        message.take(&tallied(12, 5));
        assert_eq!((message.tally(), message.changed), (None, Position(12)));
    }

    #[test]
    fn pins_come_and_go_in_order() {
        let (mut pins, number) = (Vec::new(), MessageNumber(1));
        let pinned = |at, message, pinned| {
            let message = Position(message);
            entry(at, EntryKind::Pinned(Pinned { message, number, by: None, pinned }))
        };
        for (at, message, on) in
            [(5, 2, true), (6, 3, true), (7, 4, true), (8, 3, false), (9, 2, true)]
        {
            PinnedMessage::take(&mut pins, &pinned(at, message, on));
        }
        let found = |pins: &[PinnedMessage]| {
            pins.iter().map(|pin| (pin.message.get(), pin.position.get())).collect::<Vec<_>>()
        };
        assert_eq!(found(&pins), [(4, 7), (2, 9)]);
        let (message, replaces) = (Position(4), Position::ZERO);
        let deleted = Deleted { message, number, replaces, by: None, thread: None };
        PinnedMessage::take(&mut pins, &entry(10, EntryKind::Deleted(deleted)));
        assert_eq!(found(&pins), [(2, 9)]);
    }

    #[test]
    fn a_tombstone_has_no_words_left() {
        let mut message = Message::new(MessageNumber(1), None, None, text("one"));
        message.extras = List::cut(vec![Extra::Reply(ReplyTo { message: Position(2) })]);
        message.take(&edit(7, 1, Some(text("two"))));
        assert_eq!(message.reply(), Some(Position(2)));
        let by = UserId::new("giulia").ok();
        let (position, number) = (Position(3), MessageNumber(1));
        let replaces = Position(7);
        let deleted = Deleted { message: position, number, replaces, by: by.clone(), thread: None };
        message.take(&entry(8, EntryKind::Deleted(deleted)));
        assert!(message.is_deleted() && message.reply().is_none());
        assert_eq!(
            (message.revision(), message.body.clone()),
            (0, Body::Deleted(Tombstone { by }))
        );
        message.hide();
        let hidden = message.clone();
        message.take(&edit(9, 2, Some(text("three"))));
        assert_eq!(message, Message { changed: Position(9), ..hidden });
        assert_eq!(edit(7, 1, Some(text("two"))).without_words(), Some(edit(7, 1, None)));
    }
}
