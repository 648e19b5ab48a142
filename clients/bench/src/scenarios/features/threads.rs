//! Threads: replies, who follows, what is read, and drafts.

use caffis_schema::{
    Command, Reply, ReplyNumber, Text,
    drafts::ThreadDraft,
    limits::{PAGE_ENTRIES, PAGE_THREADS, ROOM_THREAD_DRAFTS},
    open::Empty,
    threads::{FollowThread, MarkThreadRead, Thread, ThreadAnchor, Threads},
};

use super::{
    feature::{Feature, feature},
    place::Place,
};
use crate::scenarios::now;

pub(super) const FEATURES: &[Feature] = &[
    feature("reply in a thread", |it, n| it.reply_in_thread(n, it.message(0))),
    feature("follow a thread, or no longer", |it, n| {
        let follow = n % 2 == 1;
        Command::FollowThread(FollowThread { room: it.room, root: it.message(0), follow })
    }),
    feature("mark a thread as read", |it, n| {
        let number = ReplyNumber::ZERO + (n as u64 + 1);
        Command::MarkThreadRead(MarkThreadRead { room: it.room, root: it.message(0), number })
    })
    .before(|it, n| (n < it.times).then(|| (1, it.reply_in_thread(n, it.message(0))))),
    feature("100 replies of a thread", |it, _| {
        let (anchor, limit) = (ThreadAnchor::Latest, PAGE_ENTRIES as u8);
        Command::Thread(Thread { room: it.room, root: it.message(0), anchor, limit })
    })
    .before(|it, n| (n < PAGE_ENTRIES).then(|| (1, it.reply_in_thread(n, it.message(0)))))
    .check(|reply| matches!(reply, Reply::Thread(page) if page.replies.len() == PAGE_ENTRIES)),
    feature("list of 50 threads", |_, _| {
        Command::Threads(Threads { before: None, limit: PAGE_THREADS as u8 })
    })
    .before(|it, n| (n < PAGE_THREADS).then(|| (1, it.reply_in_thread(n, it.message(n)))))
    .check(|reply| matches!(reply, Reply::Threads(page) if page.threads.len() == PAGE_THREADS)),
    feature("draft in a thread", |it, n| draft(it, n, 0)),
    feature("list of 20 drafts in threads", |_, _| Command::ThreadDrafts(Empty {}))
        .before(|it, n| (n < ROOM_THREAD_DRAFTS).then(|| (0, draft(it, n, n))))
        .check(|reply| {
            matches!(reply, Reply::ThreadDrafts(list) if list.drafts.len() == ROOM_THREAD_DRAFTS)
        }),
];

fn draft(it: &Place, n: usize, root: usize) -> Command {
    let text = Text::cut(&format!("draft {n}"));
    let (room, root) = (it.room, it.message(root));
    Command::SetThreadDraft(ThreadDraft { room, root, text, time: now() })
}
