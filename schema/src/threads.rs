//! Threads: replies to a message of a room, beside its other messages.
//!
//! A reply is a message of the room like any other, with [`InThread`] among its extras. Its root has [`Replies`]. Both
//! follow from the room's log, so whoever has the log has the threads.

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    command::SearchPlace,
    event::{Entry, EntryKind},
    ids::{RoomId, UserId},
    limits::{PAGE_ENTRIES, PAGE_THREADS, THREAD_FACES},
    numbers::{Position, ReplyNumber, Timestamp},
    room::{Extra, Message, MessagePreview},
};

/// See [`Extra::Thread`](crate::room::Extra::Thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct InThread {
    /// The position of the message that has the thread, in the same room.
    pub root: Position,
    /// The reply's number in the thread. The server gives it: what clients say does not count.
    #[serde(default)]
    pub number: ReplyNumber,
    /// Whether it is shown among the room's other messages, too.
    #[serde(default)]
    pub in_room: bool,
}

/// See [`Extra::Replies`](crate::room::Extra::Replies).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Replies {
    /// How many there are; those that were deleted for everyone do not count.
    pub count: u32,
    /// The number of the last one, deleted or not.
    pub last: ReplyNumber,
    /// The position of the last one.
    pub position: Position,
    /// When that was sent.
    pub time: Timestamp,
    /// The people who replied last, the latest first; nobody when no reply is left.
    pub people: List<UserId, THREAD_FACES>,
}

/// Where a page of a thread lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadAnchor {
    /// The last replies.
    Latest,
    /// The replies just before this one.
    Before(ReplyNumber),
    /// The replies just after this one.
    After(ReplyNumber),
    /// The replies on both sides of this one, and itself.
    Around(ReplyNumber),
}

/// See [`Command::Thread`](crate::Command::Thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Thread {
    /// The room.
    pub room: RoomId,
    /// The position of the root.
    pub root: Position,
    /// Where.
    pub anchor: ThreadAnchor,
    /// The most replies wanted.
    pub limit: u8,
}

/// See [`Command::FollowThread`](crate::Command::FollowThread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct FollowThread {
    /// The room.
    pub room: RoomId,
    /// The position of the root.
    pub root: Position,
    /// Whether the person follows it from now on; otherwise no longer.
    pub follow: bool,
}

/// See [`Command::MarkThreadRead`](crate::Command::MarkThreadRead).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct MarkThreadRead {
    /// The room.
    pub room: RoomId,
    /// The position of the root.
    pub root: Position,
    /// The number of the reply; all replies before it count too.
    pub number: ReplyNumber,
}

/// See [`Command::Threads`](crate::Command::Threads).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Threads {
    /// Where the page before this one says to go on, or none for the latest.
    pub before: Option<SearchPlace>,
    /// The most threads wanted.
    pub limit: u8,
}

/// The answer to thread: a range of its replies, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct ThreadPage {
    /// The message that has the thread, as it is now.
    pub root: Entry,
    /// The replies, as they are now, with what is left of those that were deleted.
    pub replies: List<Entry, PAGE_ENTRIES>,
    /// Whether there are replies before them.
    pub more_before: bool,
    /// Whether there are replies after them.
    pub more_after: bool,
    /// Whether this person follows the thread.
    pub following: bool,
    /// The number of the last reply that this person has read; 0 for who does not follow.
    pub read: ReplyNumber,
    /// The room's last position: later entries change the page.
    pub head: Position,
}

/// A thread that a person follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct FollowedThread {
    /// The room.
    pub room: RoomId,
    /// The root, as it is now.
    pub root: MessagePreview,
    /// Its replies.
    pub replies: Replies,
    /// The number of the last reply that the person has read.
    pub read: ReplyNumber,
    /// Replies after that.
    pub unread: u64,
}

/// The answer to threads: those that the person follows and may see, the latest reply first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct FollowedPage {
    /// The threads.
    pub threads: List<FollowedThread, PAGE_THREADS>,
    /// How many threads of the person have replies that they have not read, on all pages.
    pub unread: u32,
    /// Where to go on; none if that was all.
    pub next: Option<SearchPlace>,
}

/// See [`Event::Thread`](crate::Event::Thread).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct OwnThread {
    /// The room.
    pub room: RoomId,
    /// The position of the root.
    pub root: Position,
    /// Whether the person follows it.
    pub following: bool,
    /// The number of the last reply that they have read; none where that did not change.
    pub read: Option<ReplyNumber>,
}

impl Message {
    /// Takes an entry by which its thread has one reply more, or one less. One that it has taken already changes
    /// nothing.
    pub fn take_in_thread(&mut self, entry: &Entry) {
        if entry.position <= self.changed {
            return;
        }
        let mut replies = self.replies().cloned().unwrap_or_default();
        match &entry.kind {
            EntryKind::Message(reply) => {
                let Some(thread) = reply.thread() else { return };
                let before = std::mem::take(&mut replies.people).into_vec();
                let mut people: Vec<_> = reply.sender.iter().cloned().collect();
                people
                    .extend(before.into_iter().filter(|user| Some(user) != reply.sender.as_ref()));
                replies = Replies {
                    count: replies.count.saturating_add(1),
                    last: thread.number,
                    position: entry.position,
                    time: entry.time,
                    people: List::cut(people),
                };
            }
            EntryKind::Deleted(_) => {
                replies.count = replies.count.saturating_sub(1);
                if replies.count == 0 {
                    replies.people = List::default();
                }
            }
            _ => return,
        }
        self.set_extra(Extra::Replies(replies));
        self.changed = entry.position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Text,
        event::{Body, Deleted, TextBody},
        numbers::MessageNumber,
        room::Mentions,
    };

    fn text(words: &str) -> Body {
        Body::Text(TextBody { text: Text::cut(words) })
    }

    fn entry(position: u64, kind: EntryKind) -> Entry {
        Entry { position: Position(position), time: Timestamp(position), kind }
    }

    #[test]
    fn a_root_counts_the_replies_in_its_thread() {
        let user = |name: &str| UserId::new(name).expect("an id");
        let reply = |position: u64, number: u64, name: &str| {
            let mut message =
                Message::new(MessageNumber(position), Some(user(name)), None, text("yes"));
            let (root, number) = (Position(3), ReplyNumber(number));
            message.extras =
                List::cut(vec![Extra::Thread(InThread { root, number, in_room: false })]);
            entry(position, EntryKind::Message(message))
        };
        let mut root = Message::new(MessageNumber(1), None, None, text("who comes?"));
        let second = reply(8, 2, "marco");
        for entry in [reply(7, 1, "giulia"), second.clone(), second, reply(9, 3, "giulia")] {
            assert_eq!(entry.kind.changed_thread(), Some(Position(3)));
            root.take_in_thread(&entry);
        }
        let replies = root.replies().expect("replies").clone();
        assert_eq!((replies.count, replies.last.get(), replies.position.get()), (3, 3, 9));
        assert_eq!(*replies.people, [user("giulia"), user("marco")]);
        let delete = |position, root: &mut Message| {
            let (message, number) = (Position(8), MessageNumber(8));
            let (replaces, thread) = (Position::ZERO, Some(Position(3)));
            let deleted = Deleted { message, number, replaces, by: None, thread };
            root.take_in_thread(&entry(position, EntryKind::Deleted(deleted)));
        };
        delete(10, &mut root);
        delete(10, &mut root);
        // The tombstone of a root, and what is left of a hidden one, still count.
        let deleted = Deleted {
            message: Position(3),
            number: MessageNumber(1),
            replaces: Position::ZERO,
            by: None,
            thread: None,
        };
        root.take(&entry(11, EntryKind::Deleted(deleted)));
        root.hide();
        delete(12, &mut root);
        assert_eq!(root.replies().map(|replies| replies.count), Some(1));
        delete(13, &mut root);
        let left = root.replies().expect("the numbers go on");
        assert_eq!((left.count, left.last.get(), left.people.len()), (0, 3, 0));
    }

    #[test]
    fn a_tombstone_stays_in_its_thread() {
        let mut reply = Message::new(MessageNumber(2), None, None, text("yes"));
        let thread = InThread { root: Position(3), number: ReplyNumber(1), in_room: true };
        reply.extras = List::cut(vec![Extra::Thread(thread), Extra::Mentions(Mentions::default())]);
        let (message, number) = (Position(7), MessageNumber(2));
        let (replaces, thread) = (Position::ZERO, Some(Position(3)));
        let deleted = Deleted { message, number, replaces, by: None, thread };
        reply.take(&entry(8, EntryKind::Deleted(deleted)));
        assert_eq!((reply.thread().map(|it| it.root), reply.extras.len()), (Some(Position(3)), 1));
    }
}
