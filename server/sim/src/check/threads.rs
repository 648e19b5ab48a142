//! The final checks of threads: what their roots count, what is told of them, who follows them, and what of them
//! people have not read.

use std::collections::BTreeMap;

use caffis_schema::{
    Command, Entry, EntryKind, List, Position, Reply, ReplyNumber, RoomId, UserId,
    limits::{PAGE_ENTRIES, PAGE_THREADS, THREAD_FACES},
    room::Message,
    threads::{FollowedThread, Replies, Thread, ThreadAnchor, Threads},
};

use super::truth::Truth;
use crate::{device::Device, ledger::Ledger, trace::Trace};

/// A reply in a thread.
type InThread<'a> = (&'a Entry, &'a Message);

/// The replies of each thread of a room, in order.
fn threads(truth: &Truth) -> BTreeMap<Position, Vec<InThread<'_>>> {
    let mut threads: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (entry, message) in truth.messages() {
        if let Some(thread) = message.thread() {
            threads.entry(thread.root).or_default().push((entry, message));
        }
    }
    threads
}

/// Each root counts the replies in its thread, and they are told as they are.
pub(super) async fn check(
    trace: &Trace,
    ledger: &Ledger,
    (room, truth): (RoomId, &Truth),
    audit: &Device,
) {
    let short = ledger.short(room);
    let threads = threads(truth);
    for (root, replies) in &threads {
        let root = *root;
        let counted = truth.message(root).and_then(|(_, message)| message.replies());
        let expected = count(truth, root, replies);
        if counted != Some(&expected) {
            trace.broken(format_args!("{short}: {root} counts {counted:?} and not {expected:?}"));
        }
        for ((entry, message), number) in replies.iter().zip(1..) {
            if message.thread().map(|thread| thread.number) != Some(ReplyNumber(number)) {
                trace.broken(format_args!("{short}: {} is not reply {number}", entry.position));
            }
        }
        let positions: Vec<_> = replies.iter().map(|(entry, _)| entry.position).collect();
        let told = told(audit, room, root).await;
        if told.as_ref() != Ok(&positions) {
            trace.broken(format_args!("{short}: {root} has {told:?} and not {positions:?}"));
        }
    }
    for (entry, message) in truth.messages() {
        if message.replies().is_some() && !threads.contains_key(&entry.position) {
            trace.broken(format_args!("{short}: {} has no thread", entry.position));
        }
    }
}

/// What a root is to count.
fn count(truth: &Truth, root: Position, replies: &[InThread<'_>]) -> Replies {
    let mut count = Replies::default();
    for entry in &truth.entries {
        match &entry.kind {
            EntryKind::Message(message) if message.thread().map(|it| it.root) == Some(root) => {
                let mut people = std::mem::take(&mut count.people).into_vec();
                people.retain(|user| Some(user) != message.sender.as_ref());
                people.splice(..0, message.sender.clone());
                people.truncate(THREAD_FACES);
                count.people = List::cut(people);
                count.count += 1;
            }
            EntryKind::Deleted(gone)
                if replies.iter().any(|(it, _)| it.position == gone.message) =>
            {
                count.count -= 1;
                if count.count == 0 {
                    count.people = Default::default();
                }
            }
            _ => {}
        }
    }
    if let Some((last, _)) = replies.last() {
        (count.position, count.time) = (last.position, last.time);
        count.last = ReplyNumber(replies.len() as u64);
    }
    count
}

/// The replies of a thread, page by page.
async fn told(audit: &Device, room: RoomId, root: Position) -> Result<Vec<Position>, String> {
    let (mut positions, mut after) = (Vec::new(), ReplyNumber::ZERO);
    loop {
        let anchor = ThreadAnchor::After(after);
        let command = Command::Thread(Thread { room, root, anchor, limit: PAGE_ENTRIES as u8 });
        match audit.client.call(command).await {
            Ok(Reply::Thread(page)) => {
                positions.extend(page.replies.iter().map(|entry| entry.position));
                after += page.replies.len() as u64;
                if !page.more_after {
                    return Ok(positions);
                }
            }
            other => return Err(format!("{other:?}")),
        }
    }
}

/// A person follows the threads that they have to, and is told right what they have not read.
pub(super) async fn check_followed(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    let mut followed = match followed(device).await {
        Ok(followed) => followed,
        Err(error) => return trace.broken(format_args!("{user} follows nothing: {error}")),
    };
    for (room, truth) in rooms {
        for (root, replies) in threads(truth) {
            let own = Own::of(truth, user, root, &replies);
            let asked = ledger.threads.get(&(user.clone(), *room, root));
            let (wanted, unwanted) = asked.map_or((false, false), |it| (it.wanted, it.unwanted));
            let what = format!("the thread at {root} of {}", ledger.short(*room));
            match followed.remove(&(*room, root)) {
                None if own.follows
                    && !unwanted
                    && truth.sees(user, root)
                    && !ledger.may_hide(user, *room, root) =>
                {
                    trace.broken(format_args!("{user} does not follow {what}"));
                }
                Some(_) if !own.follows && !own.may_follow && !wanted => {
                    trace.broken(format_args!("{user} follows {what}"));
                }
                Some(thread) => {
                    let read = asked.map(|it| it.read).unwrap_or_default();
                    // Who stops to follow and begins again begins anew.
                    let last = if wanted || unwanted { replies.len() as u64 } else { 0 };
                    let most = own.wrote.max(read.asked).max(last);
                    if let Err(why) = check_read(truth, root, &thread, (own.wrote, most)) {
                        trace.broken(format_args!("{user} is told {why} of {what}"));
                    }
                }
                None => {}
            }
        }
    }
}

/// Why a person follows a thread, by the log.
struct Own {
    follows: bool,
    /// Perhaps: a reply that was deleted may have mentioned them, and one may have called them while they were away.
    may_follow: bool,
    /// The number of their last reply.
    wrote: u64,
}

impl Own {
    fn of(truth: &Truth, user: &UserId, root: Position, replies: &[InThread<'_>]) -> Self {
        let mut own = Self { follows: false, may_follow: false, wrote: 0 };
        let author = truth.message(root).and_then(|(_, message)| message.sender.as_ref());
        for ((entry, reply), number) in replies.iter().zip(1..) {
            let wrote = reply.sender.as_ref() == Some(user);
            let called = number == 1 && author == Some(user);
            let there = truth.was_member(user, entry.position);
            own.follows |= there && (wrote || called);
            if wrote {
                own.wrote = number;
            }
            let mentioned = !wrote && reply.mentions().is_some_and(|it| it.has(user));
            own.follows |= there && mentioned;
            // Who comes back in the append that has the reply counts as there.
            own.may_follow |= called || mentioned || reply.is_deleted();
        }
        own
    }
}

fn check_read(
    truth: &Truth,
    root: Position,
    thread: &FollowedThread,
    (least, most): (u64, u64),
) -> Result<(), String> {
    let replies = truth.message(root).and_then(|(_, message)| message.replies());
    if replies != Some(&thread.replies) {
        return Err(format!("{:?} and not {replies:?}", thread.replies));
    }
    let read = thread.read.get();
    if read < least || read > most || thread.unread != thread.replies.last.get() - read {
        return Err(format!("{} unread after {read}, not {least} to {most}", thread.unread));
    }
    Ok(())
}

/// The threads that a person follows, page by page.
async fn followed(device: &Device) -> Result<BTreeMap<(RoomId, Position), FollowedThread>, String> {
    let (mut threads, mut before) = (BTreeMap::new(), None);
    loop {
        let command = Command::Threads(Threads { before, limit: PAGE_THREADS as u8 });
        match device.client.call(command).await {
            Ok(Reply::Threads(page)) => {
                let page_of = page.threads.into_vec().into_iter();
                threads.extend(page_of.map(|it| ((it.room, it.root.position), it)));
                before = page.next;
                if before.is_none() {
                    return Ok(threads);
                }
            }
            other => return Err(format!("{other:?}")),
        }
    }
}
