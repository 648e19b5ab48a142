//! Messages that are marked for a person: where they are, and what they say.
//!
//! A row says where such a message is. What it says, and whether the person may see it, is read from its room when
//! they ask: so nothing comes of rooms that they have left, and nothing that was deleted.

use caffis_schema::{
    Entry, EntryKind, List, Reply, UserId,
    command::{Marked, Marks, SearchPlace},
    event::Flag,
    limits::PAGE_MARKED,
    reply::{MarkList, MarkedPage},
    room::{MarkedMessage, MessageMark, MessagePreview},
};
use futures_util::{StreamExt, stream};

use crate::{
    call::{Call, Handled},
    flags::{Marked as Row, forget, marked_of},
    model::room::preview,
    previews,
};

/// Messages that one command reads at most to fill its page.
const CHECKED: usize = 200;

/// Messages that are read at the same time.
const AT_ONCE: usize = 16;

/// A page of messages, the newest first. Costs one read of the person's rows, and one for each message that is not in
/// memory.
///
/// # Errors
/// `forbidden` for services, `invalid` for a mark that has no list, and what the store says.
pub async fn handle(call: Call, command: Marked) -> Handled {
    call.check_person("A service has no marked messages.")?;
    let rows = marked_of(&call.services, call.user(), &command.flag).await?;
    let after = |row: &Row| command.before.is_none_or(|before| row.follows(&before));
    let rows: Vec<_> = rows.into_iter().filter(after).collect();
    let limit = usize::from(command.limit).clamp(1, PAGE_MARKED);
    let (mut messages, mut gone, mut last) = (Vec::new(), Vec::new(), None);
    let mut more = rows.len() > CHECKED;
    let by = &call;
    let reading = rows.into_iter().take(CHECKED).map(|row| async move {
        let found = previews::seen(by, row.room, row.position).await;
        (row, found)
    });
    let mut reading = stream::iter(reading).buffered(AT_ONCE);
    while let Some((row, found)) = reading.next().await {
        if messages.len() == limit {
            more = true;
            break;
        }
        last = Some(row.place());
        let Some(entry) = found? else { continue };
        match short(&entry, &command.flag, call.user()) {
            Some(message) => {
                messages.push(MarkedMessage { room: row.room, time: row.time, message });
            }
            None => gone.push(row),
        }
    }
    drop(reading);
    // They would be found again and again.
    forget(&call, &command.flag, &gone).await?;
    let next: Option<SearchPlace> = last.filter(|_| more);
    Ok(Reply::Marked(MarkedPage { messages: List::cut(messages), next }))
}

/// The message in short; none if it is not marked so any more.
fn short(entry: &Entry, flag: &Flag, user: &UserId) -> Option<MessagePreview> {
    let EntryKind::Message(message) = &entry.kind else { return None };
    let mentions = || message.mentions().is_some_and(|mentions| mentions.has(user));
    if message.is_deleted() || (matches!(flag, Flag::Mentioned(_)) && !mentions()) {
        return None;
    }
    let (position, changed) = (entry.position, message.changed);
    Some(MessagePreview { position, changed, preview: preview(message, entry.time) })
}

/// Where all of them are.
///
/// # Errors
/// As [`handle`].
pub async fn handle_places(call: Call, command: Marks) -> Handled {
    call.check_person("A service has no marked messages.")?;
    let rows = marked_of(&call.services, call.user(), &command.flag).await?;
    let place =
        |row: Row| MessageMark { room: row.room, position: row.position, number: row.number };
    let mut marks: Vec<_> = rows.into_iter().map(place).collect();
    marks.sort_unstable_by_key(|mark| (mark.room, mark.position));
    Ok(Reply::Marks(MarkList { marks: List::cut(marks) }))
}
