//! What a person has written and not sent, in a room or in a thread of it: the same on all of their devices.
//!
//! The last one by time counts, on the clock of the person's devices as they correct it: whoever types on two at once
//! decides by typing on. What was sent leaves an empty draft, so that an older one does not come back; where there are
//! too many, empty ones are forgotten first. That time is also the stamp of the row, so the store decides the same way,
//! whatever nodes write and whatever their clocks say.
//!
//! Nobody but the person knows of a draft, so the owner of a room that deletes the root of a thread cannot end the drafts
//! in it: they are left out, and forgotten, when the person asks.

use std::cmp::Reverse;

use caffis_schema::{
    Entry, EntryKind, Error, List, Position, Reply, RoomId, Text, Timestamp, UserId,
    drafts::{Draft, DraftList, ThreadDraft, ThreadDraftList},
    limits::{DRAFT_BYTES, DRAFTS, ROOM_THREAD_DRAFTS, THREAD_DRAFTS},
    open::Empty,
};
use futures_util::{StreamExt, stream};

use crate::{
    call::{Call, Handled},
    model::{text, threads::next_reply},
    ports::store::{Batch, Stamp, Store, StoreError},
    previews,
    room::no_such_message,
    tables::{self, DRAFT_KEPT, DraftRow, ThreadDraftRow},
};

/// Why a service keeps none.
const NO_DRAFTS: &str = "A service has no drafts.";

/// How far a device's clock may be ahead: a draft of the far future could never be replaced.
const AHEAD_MS: u64 = 60_000;

/// Drafts that are read beyond those that are kept: several devices at once may leave a few more.
const MORE: usize = 20;

/// Roots that are read at the same time.
const AT_ONCE: usize = 16;

/// Keeps the draft of a room, and tells the person's sessions. Costs a read of their drafts.
///
/// # Errors
/// `not_found` for a room that is not the caller's, `forbidden` for services, `text_not_allowed`, and what the store says.
pub async fn handle(call: Call, command: Draft) -> Handled {
    check_room(&call, command.room).await?;
    text::check_remark(&command.text)?;
    let draft = Draft { time: in_reach(&call, command.time), ..command };
    let (store, user) = (&*call.services.store, call.user());
    let known = rows(store, user).await?;
    let before = known.iter().find(|row| row.room == draft.room);
    if !counts(&draft.text, draft.time, before.map(|row| row.time)) {
        return Ok(Reply::Done(Empty {}));
    }
    let mut others: Vec<_> = known.iter().filter(|row| row.room != draft.room).collect();
    others.sort_unstable_by_key(|row| (row.text.is_empty(), Reverse(row.time)));
    let mut batch = Batch::partition(Stamp::of(draft.time));
    let (room, text, time) = (draft.room, draft.text.as_str().into(), draft.time);
    batch.put_for(&DraftRow { user: user.clone(), room, text, time }, DRAFT_KEPT);
    call.write_own(batch, move |services, user| {
        services.people.tell_draft(user, &draft);
        services.views.publish_draft(user, &draft);
    })
    .await?;
    for oldest in others.iter().skip(DRAFTS - 1) {
        let mut batch = forgetting(oldest.time);
        batch.delete::<DraftRow>(DraftRow::key(user, &oldest.room));
        store.write(batch).await?;
    }
    Ok(Reply::Done(Empty {}))
}

/// Keeps the draft of a thread, and tells the person's sessions. Costs a read of their drafts in threads, and one of the
/// root if it is not in memory.
///
/// # Errors
/// As [`handle`]; `not_found` for a root that the caller does not see, `deleted` and `invalid` for one in whose thread
/// nobody can write.
pub async fn handle_thread(call: Call, command: ThreadDraft) -> Handled {
    check_room(&call, command.room).await?;
    text::check_remark(&command.text)?;
    let draft = ThreadDraft { time: in_reach(&call, command.time), ..command };
    let (store, user) = (&*call.services.store, call.user());
    let known = thread_rows(store, user).await?;
    let here = |row: &ThreadDraftRow| (row.room, row.root) == (draft.room, draft.root);
    let before = known.iter().find(|row| here(row));
    if !counts(&draft.text, draft.time, before.map(|row| row.time)) {
        return Ok(Reply::Done(Empty {}));
    }
    // What was sent or given up can be said of any thread.
    if !draft.text.is_empty() {
        check_root(&call, draft.room, draft.root).await?;
    }
    let mut others: Vec<_> = known.iter().filter(|row| !here(row)).collect();
    others.sort_unstable_by_key(|row| (row.text.is_empty(), Reverse(row.time)));
    let mut batch = Batch::partition(Stamp::of(draft.time));
    let (written_in, root, text, time) =
        (draft.room, draft.root, draft.text.as_str().into(), draft.time);
    let row = ThreadDraftRow { user: user.clone(), room: written_in, root, text, time };
    batch.put_for(&row, DRAFT_KEPT);
    call.write_own(batch, move |services, user| {
        services.people.tell_thread_draft(user, &draft);
        services.views.publish_thread_draft(user, &draft);
    })
    .await?;
    let (mut kept, mut kept_in_room) = (1, 1);
    for row in others {
        let in_room = row.room == written_in;
        if kept == THREAD_DRAFTS || (in_room && kept_in_room == ROOM_THREAD_DRAFTS) {
            forget(&call, row).await?;
        } else {
            kept += 1;
            kept_in_room += usize::from(in_room);
        }
    }
    Ok(Reply::Done(Empty {}))
}

/// What the caller has written in rooms and not sent, newest first.
///
/// # Errors
/// `forbidden` for services, and what the store says.
pub async fn handle_list(call: Call) -> Handled {
    call.check_person(NO_DRAFTS)?;
    let rows = rows(&*call.services.store, call.user()).await?.into_iter();
    let draft = |DraftRow { room, text, time, .. }: DraftRow| {
        (!text.is_empty()).then(|| Draft { room, text: Text::<DRAFT_BYTES>::cut(&text), time })
    };
    let mut drafts: Vec<Draft> = rows.filter_map(draft).collect();
    drafts.sort_unstable_by_key(|draft| (Reverse(draft.time), draft.room));
    Ok(Reply::Drafts(DraftList { drafts: List::cut(drafts) }))
}

/// What the caller has written in threads and not sent, newest first. Costs a read of their drafts there, and one for
/// each root that is not in memory, of at most [`THREAD_DRAFTS`] and a few more.
///
/// # Errors
/// `forbidden` for services, and what the store says.
pub async fn handle_thread_list(call: Call) -> Handled {
    call.check_person(NO_DRAFTS)?;
    let mut rows = thread_rows(&*call.services.store, call.user()).await?;
    rows.retain(|row| !row.text.is_empty());
    rows.sort_unstable_by_key(|row| (Reverse(row.time), row.room, row.root));
    let by = &call;
    let reading = rows.into_iter().map(|row| async move {
        let root = previews::seen(by, row.room, row.root).await;
        (row, root)
    });
    let (mut drafts, mut gone) = (Vec::new(), Vec::new());
    let mut reading = stream::iter(reading).buffered(AT_ONCE);
    while let Some((row, root)) = reading.next().await {
        // Of a room that cannot be read now, or that the person has left, nothing is known: as the room's own, it stays.
        if root.ok().flatten().is_some_and(|root| is_deleted(&root)) {
            gone.push(row);
            continue;
        }
        let ThreadDraftRow { room, root, text, time, .. } = row;
        drafts.push(ThreadDraft { room, root, text: Text::cut(&text), time });
    }
    drop(reading);
    for row in &gone {
        forget(&call, row).await?;
    }
    Ok(Reply::ThreadDrafts(ThreadDraftList { drafts: List::cut(drafts) }))
}

/// Whether what was written counts: it is later than what is known of its place, or it is something where nothing was.
fn counts(text: &str, time: Timestamp, before: Option<Timestamp>) -> bool {
    match before {
        Some(before) => time > before,
        None => !text.is_empty(),
    }
}

/// The time of a draft, no more than [`AHEAD_MS`] ahead.
fn in_reach(call: &Call, time: Timestamp) -> Timestamp {
    time.min(Timestamp(call.services.clock.now().get().saturating_add(AHEAD_MS)))
}

/// The batch that forgets a row with this time: at the same stamp a delete wins, and what was written later stays.
fn forgetting(time: Timestamp) -> Batch {
    Batch::partition(Stamp::of(time))
}

async fn forget(call: &Call, row: &ThreadDraftRow) -> Result<(), StoreError> {
    let mut batch = forgetting(row.time);
    batch.delete::<ThreadDraftRow>(ThreadDraftRow::key(call.user(), &row.room, &row.root));
    call.services.store.write(batch).await
}

/// Makes sure that the caller may write in the thread of a message.
async fn check_root(call: &Call, room: RoomId, root: Position) -> Result<(), Error> {
    match previews::seen(call, room, root).await?.map(|entry| entry.kind) {
        Some(EntryKind::Message(root)) => next_reply(&root).map(drop),
        _ => Err(no_such_message()),
    }
}

fn is_deleted(root: &Entry) -> bool {
    matches!(&root.kind, EntryKind::Message(message) if message.is_deleted())
}

async fn rows(store: &dyn Store, user: &UserId) -> Result<Vec<DraftRow>, StoreError> {
    tables::partition(store, DraftRow::partition(user), DRAFTS + MORE).await
}

async fn thread_rows(store: &dyn Store, user: &UserId) -> Result<Vec<ThreadDraftRow>, StoreError> {
    tables::partition(store, ThreadDraftRow::partition(user), THREAD_DRAFTS + MORE).await
}

/// Makes sure that a room is the caller's, and the caller a person.
async fn check_room(call: &Call, room: RoomId) -> Result<(), Error> {
    call.check_known(room).await?;
    if call.service().is_some() {
        // Whoever may not know of the room hears first that there is none.
        previews::check_readable(call, room).await?;
    }
    call.check_person(NO_DRAFTS)
}
