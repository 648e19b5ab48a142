//! What follows from a reply in a thread besides the count at its root: where the reply is, who follows the thread by
//! it, and news to them. Rows that are written once the entry is durable, as all that follow from one (rule 12).

use caffis_schema::{
    Entry, EntryKind, Position, ReplyNumber, RoomId, Timestamp, UserId, room::Message,
    threads::OwnThread,
};

use super::changes::Changes;
use crate::{
    model::{mentions::mentioned, room::RoomState},
    ports::store::Batch,
    tables::{THREAD_MARK_KEPT, ThreadMarkRow, ThreadReplyRow},
};

/// A reply in a thread.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    root: Position,
    root_time: Timestamp,
    number: ReplyNumber,
    position: Position,
    /// Who wrote it, if they are a member.
    writer: Option<UserId>,
    /// The members whom it mentions; with the first reply who wrote the root.
    called: Vec<UserId>,
}

impl Reply {
    /// The reply that an entry is, with its root as far as that was read; none for other entries.
    pub(super) fn of(state: &RoomState, entry: &Entry, root: Option<&Entry>) -> Option<Self> {
        let (reply, thread) = in_thread(entry)?;
        let root = root.filter(|root| root.position == thread.root)?;
        let is_member = |user: &&UserId| state.member(user).is_some();
        let writer = reply.sender.as_ref().filter(is_member).cloned();
        let mut called = mentioned(state, entry.position, reply);
        if let EntryKind::Message(root) = &root.kind
            && thread.number == ReplyNumber(1)
        {
            called.extend(root.sender.clone());
        }
        let others = |user: &UserId| writer.as_ref() != Some(user) && is_member(&user);
        Some(Self {
            root: thread.root,
            root_time: root.time,
            number: thread.number,
            position: entry.position,
            called: called.into_iter().filter(others).collect(),
            writer,
        })
    }

    /// Adds the rows.
    pub(super) fn put(&self, batch: &mut Batch, room: RoomId) {
        let Self { root, number, position, .. } = *self;
        batch.put(&ThreadReplyRow { room, root, number, position });
        let mut mark = |user: &UserId, kind: &str| {
            let (user, time, kind) = (user.clone(), self.root_time, kind.into());
            let row = ThreadMarkRow { user, time, room, root, kind, position, number };
            batch.put_for(&row, THREAD_MARK_KEPT);
        };
        self.called.iter().for_each(|user| mark(user, ThreadMarkRow::CALLED));
        self.writer.iter().for_each(|user| mark(user, ThreadMarkRow::WROTE));
    }

    /// Who hears of it, and what.
    pub(super) fn news(&self, room: RoomId) -> impl Iterator<Item = (&UserId, OwnThread)> {
        let (root, number) = (self.root, self.number);
        let own = move |read| OwnThread { room, root, following: true, read };
        let called = self.called.iter().map(move |user| (user, own(None)));
        called.chain(self.writer.iter().map(move |user| (user, own(Some(number)))))
    }
}

fn in_thread(entry: &Entry) -> Option<(&Message, caffis_schema::threads::InThread)> {
    let EntryKind::Message(message) = &entry.kind else { return None };
    Some((message, *message.thread()?))
}

/// Adds the rows of an entry of the last append again, if it is a reply.
pub(super) fn put_again(batch: &mut Batch, state: &RoomState, entry: &Entry, undone: &Changes) {
    let Some((_, thread)) = in_thread(entry) else { return };
    if let Some(reply) = Reply::of(state, entry, undone.get(thread.root).map(|root| &**root)) {
        reply.put(batch, state.meta.id);
    }
}
