//! Threads: reading the replies to a message, following them, and how far a person has read. Replying is sending a
//! message, with the root among its extras.

use std::{collections::BTreeSet, ops::Bound};

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, List, Position, Reply, ReplyNumber,
    command::SearchPlace,
    limits::{FOLLOWED_THREADS, PAGE_ENTRIES, PAGE_THREADS},
    open::Empty,
    room::{Message, MessagePreview},
    threads::{
        FollowThread, FollowedPage, FollowedThread, MarkThreadRead, OwnThread, Replies, Thread,
        ThreadAnchor, ThreadPage, Threads,
    },
};
use futures_util::{StreamExt, stream};

use crate::{
    call::{Call, Entered, Handled},
    model::{
        authorise::{KeepMarker, Read, authorise},
        page,
        room::preview,
        threads::{check_root, last_reply},
    },
    pages::{entries_at, message_at},
    ports::store::Batch,
    previews,
    tables::{self, ColumnValue, ThreadMarkRow, ThreadReplyRow},
    threads::{OwnMarks, ThreadOf, followed_by, marks_of, put, remove},
};

/// Roots that are read at the same time.
const AT_ONCE: usize = 16;

/// A page of a thread. Costs one read of where its replies are, and one of those that memory does not have, however
/// long the thread and the room's log are.
///
/// # Errors
/// Who may not know of the room, `not_found` for a root that the caller does not see, `invalid` for a message that
/// has no thread, and what the store says.
pub async fn handle(call: Call, command: Thread) -> Handled {
    let Entered { cell, state, allowed } = call.enter(command.room, Read).await?;
    let (services, room) = (&call.services, (&*cell, &*state));
    let (root, message) = message_at(services, room, &allowed, command.root).await?;
    check_root(&message)?;
    let last = last_reply(&message);
    let (first, end) = range(command.anchor, last, usize::from(command.limit));
    let store = &*services.store;
    let partition = ThreadReplyRow::partition(&command.room, &command.root);
    let bound = |number: ReplyNumber| Bound::Included(vec![number.to_value()]);
    let rows: Vec<ThreadReplyRow> = match first > end {
        true => Vec::new(),
        false => tables::scan(store, partition, bound(first), bound(end), PAGE_ENTRIES).await?,
    };
    let positions: BTreeSet<_> = rows.iter().map(|row| row.position).collect();
    let mut entries = entries_at(services, room, positions).await?;
    entries.sort_unstable_by_key(|entry| entry.position);
    let bytes = call.page_bytes().saturating_sub(page::size(&root));
    let entries = match command.anchor {
        ThreadAnchor::Latest | ThreadAnchor::Before(_) => page::newest(entries, bytes),
        ThreadAnchor::After(_) => page::oldest(entries, bytes),
        ThreadAnchor::Around(number) => {
            let after = entries.partition_point(|entry| number_of(entry) <= number);
            let after = entries.split_off(after);
            let mut before = page::newest(entries, bytes / 2);
            before.extend(page::oldest(after, bytes / 2));
            before
        }
    };
    let thread = ThreadOf { time: root.time, room: command.room, root: command.root };
    let marks = match call.service() {
        Some(_) => OwnMarks::default(),
        None => marks_of(store, call.user(), thread).await?,
    };
    let first = entries.first().map(|entry| number_of(entry));
    let until = entries.last().map_or(end, |entry| number_of(entry));
    Ok(Reply::Thread(ThreadPage {
        root: (*root).clone(),
        more_before: first.is_some_and(|first| first > ReplyNumber(1)),
        more_after: until < last,
        replies: List::cut(entries.iter().map(|entry| (**entry).clone()).collect()),
        following: marks.follows(),
        read: marks.read(),
        head: state.head,
    }))
}

/// The numbers of the first and of the last reply of a page; none where the first comes after the last.
fn range(anchor: ThreadAnchor, last: ReplyNumber, limit: usize) -> (ReplyNumber, ReplyNumber) {
    let limit = limit.clamp(1, PAGE_ENTRIES) as u64;
    let up_to = |end: ReplyNumber| ((end + 1).back(limit).max(ReplyNumber(1)), end);
    match anchor {
        ThreadAnchor::Latest => up_to(last),
        ThreadAnchor::Before(number) => up_to(number.back(1).min(last)),
        ThreadAnchor::After(number) => (number + 1, (number + limit).min(last)),
        ThreadAnchor::Around(number) => {
            let first = (number + 1).back(limit.div_ceil(2)).max(ReplyNumber(1));
            (first, (first + limit).back(1).min(last))
        }
    }
}

fn number_of(entry: &Entry) -> ReplyNumber {
    match &entry.kind {
        EntryKind::Message(message) => message.thread().map_or(ReplyNumber::ZERO, |it| it.number),
        _ => ReplyNumber::ZERO,
    }
}

/// A thread that the caller keeps marks of.
struct Kept {
    thread: ThreadOf,
    root: Message,
    head: Position,
    marks: OwnMarks,
}

async fn enter(call: &Call, room: caffis_schema::RoomId, root: Position) -> Result<Kept, Error> {
    let Entered { cell, state, allowed } = call.enter(room, Read).await?;
    authorise(&call.caller(room), &state, KeepMarker)?;
    let (entry, message) = message_at(&call.services, (&cell, &state), &allowed, root).await?;
    check_root(&message)?;
    let thread = ThreadOf { time: entry.time, room, root };
    let marks = marks_of(&*call.services.store, call.user(), thread).await?;
    Ok(Kept { thread, root: message, head: state.head, marks })
}

/// Follows a thread, or no longer. What was sent before counts as read for who begins to.
///
/// # Errors
/// Who may not keep markers in the room, `not_found` and `invalid` as [`handle`], `limit_reached` beyond
/// [`FOLLOWED_THREADS`], and what the store says.
pub async fn handle_follow(call: Call, command: FollowThread) -> Handled {
    let Kept { thread, root, head, marks } = enter(&call, command.room, command.root).await?;
    if marks.follows() == command.follow {
        return Ok(Reply::Done(Empty {}));
    }
    let (user, last) = (call.user(), last_reply(&root));
    let mut batch = Batch::partition(call.owners_stamp(command.room)?);
    if command.follow {
        if followed_by(&call.services, user).await?.len() >= FOLLOWED_THREADS {
            let sentence = format!("This person follows {FOLLOWED_THREADS} threads already.");
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
        put(&mut batch, user, thread, ThreadMarkRow::CHOSE, (head, last));
        remove(&mut batch, user, thread, ThreadMarkRow::LEFT);
    } else {
        put(&mut batch, user, thread, ThreadMarkRow::LEFT, (head, last));
        remove(&mut batch, user, thread, ThreadMarkRow::CHOSE);
    }
    let read = command.follow.then_some(last);
    let (room, root, following) = (command.room, command.root, command.follow);
    tell(&call, batch, OwnThread { room, root, following, read }).await
}

/// Moves the read marker of a thread forward. Of a thread that the caller does not follow nothing is kept.
///
/// # Errors
/// As [`handle_follow`], and numbers beyond the last reply.
pub async fn handle_read(call: Call, command: MarkThreadRead) -> Handled {
    let Kept { thread, root, marks, .. } = enter(&call, command.room, command.root).await?;
    let last = last_reply(&root);
    if command.number > last {
        let sentence = format!("The thread's last reply is number {last}.");
        return Err(Error::refused(ErrorCode::OutOfRange, &sentence));
    }
    if !marks.follows() || command.number <= marks.read() {
        return Ok(Reply::Done(Empty {}));
    }
    let mut batch = Batch::partition(call.owners_stamp(command.room)?);
    let place = (Position::ZERO, command.number);
    put(&mut batch, call.user(), thread, ThreadMarkRow::READ, place);
    let (room, root, read) = (command.room, command.root, Some(command.number));
    tell(&call, batch, OwnThread { room, root, following: true, read }).await
}

async fn tell(call: &Call, batch: Batch, own: OwnThread) -> Handled {
    call.write_own(batch, move |services, user| services.tell_thread(user, &own)).await?;
    Ok(Reply::Done(Empty {}))
}

/// The threads that the caller follows and may see, the latest reply first. Costs one read of their rows, and one for
/// each root that is not in memory, of at most [`FOLLOWED_THREADS`]: which threads come first, their rooms know.
///
/// # Errors
/// `forbidden` for services, and what keeps a room from being read.
pub async fn handle_list(call: Call, command: Threads) -> Handled {
    if call.service().is_some() {
        return Err(Error::refused(ErrorCode::Forbidden, "A service follows no threads."));
    }
    let followed = followed_by(&call.services, call.user()).await?;
    let by = &call;
    let reading = followed.into_iter().map(|(thread, marks)| async move {
        let found = previews::seen(by, thread.room, thread.root).await?;
        Ok::<_, Error>(found.and_then(|root| listed(thread, &root, marks)))
    });
    let mut threads = Vec::new();
    let mut reading = stream::iter(reading).buffered(AT_ONCE);
    while let Some(found) = reading.next().await {
        threads.extend(found?);
    }
    drop(reading);
    threads.sort_unstable_by_key(|(place, _)| std::cmp::Reverse(order(place)));
    let unread = threads.iter().filter(|(_, thread)| thread.unread > 0).count();
    let after =
        |place: &SearchPlace| command.before.is_none_or(|before| order(place) < order(&before));
    threads.retain(|(place, _)| after(place));
    let limit = usize::from(command.limit).clamp(1, PAGE_THREADS);
    let more = threads.len() > limit;
    threads.truncate(limit);
    let next = threads.last().map(|(place, _)| *place).filter(|_| more);
    Ok(Reply::Threads(FollowedPage {
        threads: List::cut(threads.into_iter().map(|(_, thread)| thread).collect()),
        unread: u32::try_from(unread).unwrap_or(u32::MAX),
        next,
    }))
}

fn order(place: &SearchPlace) -> impl Ord + use<> {
    (place.time, place.room, place.position)
}

/// A thread as the list shows it, and its place there: when the last reply was sent, or before there is one the root.
fn listed(
    thread: ThreadOf,
    root: &Entry,
    marks: OwnMarks,
) -> Option<(SearchPlace, FollowedThread)> {
    let EntryKind::Message(message) = &root.kind else { return None };
    let replies = message.replies().cloned().unwrap_or_default();
    let Replies { last, time, .. } = replies;
    let ThreadOf { room, root: position, .. } = thread;
    let place = SearchPlace { time: time.max(root.time), room, position };
    let (changed, preview) = (message.changed, preview(message, root.time));
    let read = marks.read().min(last);
    let root = MessagePreview { position, changed, preview };
    Some((place, FollowedThread { room, root, replies, read, unread: last.since(read) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(anchor: ThreadAnchor, last: u64, limit: usize) -> (u64, u64) {
        let (first, end) = range(anchor, ReplyNumber(last), limit);
        (first.get(), end.get())
    }

    #[test]
    fn a_page_is_a_range_of_numbers() {
        use ThreadAnchor::{After, Around, Before, Latest};
        assert_eq!(numbers(Latest, 10_000, 50), (9_951, 10_000));
        assert_eq!(numbers(Latest, 3, 50), (1, 3));
        assert_eq!(numbers(Before(ReplyNumber(9_951)), 10_000, 50), (9_901, 9_950));
        assert_eq!(numbers(Before(ReplyNumber(99)), 10, 4), (7, 10));
        assert_eq!(numbers(After(ReplyNumber(2)), 10, 4), (3, 6));
        assert_eq!(numbers(After(ReplyNumber(8)), 10, 4), (9, 10));
        assert_eq!(numbers(Around(ReplyNumber(5)), 10, 4), (4, 7));
        assert_eq!(numbers(Around(ReplyNumber(1)), 10, 4), (1, 4));
        for (first, end) in [
            numbers(Latest, 0, 50),
            numbers(Before(ReplyNumber(1)), 10, 4),
            numbers(After(ReplyNumber(10)), 10, 4),
        ] {
            assert!(first > end, "{first} to {end}");
        }
    }
}
