//! The final checks of messages that were edited and deleted.

use std::collections::BTreeMap;

use caffis_schema::{
    Body, Entry, EntryKind, Position, RoomId, UserId,
    limits::PINS,
    room::{Message, PinnedMessage},
};

use super::truth::Truth;
use crate::{
    device::Device,
    ledger::{Changing, Ledger, What},
    trace::{Trace, lock},
};

/// The changes of each message, in order.
type Changes<'a> = BTreeMap<Position, Vec<&'a Entry>>;

fn changes(entries: &[Entry]) -> Changes<'_> {
    let mut changes = Changes::new();
    for entry in entries {
        let changed = [entry.kind.changed_message(), entry.kind.changed_thread()];
        for message in changed.into_iter().flatten() {
            changes.entry(message).or_default().push(entry);
        }
    }
    changes
}

/// The words of a text.
pub(super) fn words(body: &Body) -> Option<&str> {
    match body {
        Body::Text(body) => Some(&body.text),
        Body::Poll(poll) => Some(&poll.question),
        Body::Place(place) => Some(&place.name),
        Body::Location(location) => location.name.as_deref(),
        _ => None,
    }
}

/// Messages are what their changes make of them, and what they no longer say is nowhere in the log.
pub(super) fn check(trace: &Trace, ledger: &Ledger, room: RoomId, entries: &[Entry]) {
    let short = ledger.short(room);
    let changes = changes(entries);
    for entry in entries {
        let EntryKind::Message(message) = &entry.kind else { continue };
        let position = entry.position;
        let of = changes.get(&position).map_or(&[][..], Vec::as_slice);
        if message.changed != of.last().map_or(Position::ZERO, |last| last.position) {
            trace.broken(format_args!("{short}: {position} lacks changes, or has others"));
        }
        let edits = of.iter().filter(|entry| matches!(entry.kind, EntryKind::Edited(_))).count();
        let deleted = of.iter().any(|entry| is_deletion(entry, position));
        if message.is_deleted() != deleted {
            trace.broken(format_args!("{short}: {position} is deleted or not"));
        }
        if !deleted && message.revision() as usize != edits {
            trace.broken(format_args!("{short}: {position} was edited {edits} times"));
        }
        for change in of {
            let EntryKind::Edited(edited) = &change.kind else { continue };
            let last = message.edited.is_some_and(|edit| edit.position == change.position);
            let expected = if last { Some(&message.body) } else { None };
            if edited.body.as_ref() != expected {
                trace.broken(format_args!("{short}: {} has other words", change.position));
            }
        }
        check_reactions(trace, &short, (position, message), of);
        check_words(trace, ledger, (room, position), message);
    }
    check_askers(trace, ledger, room, entries);
}

/// Whether an entry deletes a message, and not one in its thread.
fn is_deletion(entry: &Entry, message: Position) -> bool {
    matches!(&entry.kind, EntryKind::Deleted(gone) if gone.message == message)
}

/// A message has the reactions that were added and not taken back, in their order.
fn check_reactions(
    trace: &Trace,
    short: &str,
    (position, message): (Position, &Message),
    of: &[&Entry],
) {
    let mut expected: Vec<(&UserId, &str)> = Vec::new();
    for change in of {
        match &change.kind {
            EntryKind::Reacted(it) => {
                expected.retain(|one| *one != (&it.user, &*it.emoji));
                if it.added {
                    expected.push((&it.user, &it.emoji));
                }
            }
            EntryKind::Deleted(_) if is_deletion(change, position) => expected.clear(),
            _ => {}
        }
    }
    let found = message.reactions.iter().map(|reaction| (&reaction.user, &*reaction.emoji));
    if !found.eq(expected) {
        let number = message.number;
        trace.broken(format_args!("{short}: message {number} has other reactions"));
    }
}

/// What is pinned is what the log says, and no more than may be.
pub(super) fn check_pins(
    trace: &Trace,
    ledger: &Ledger,
    room: RoomId,
    (entries, found): (&[Entry], Result<Vec<PinnedMessage>, String>),
) {
    let mut expected = Vec::new();
    entries.iter().for_each(|entry| PinnedMessage::take(&mut expected, entry));
    if expected.len() > PINS || found.as_ref() != Ok(&expected) {
        let short = ledger.short(room);
        trace.broken(format_args!("{short}: pinned are {found:?} and not {expected:?}"));
    }
}

/// A message says what its author sent, or what an edit said that was not refused.
fn check_words(
    trace: &Trace,
    ledger: &Ledger,
    (room, position): (RoomId, Position),
    message: &Message,
) {
    let short = ledger.short(room);
    let wanted = |wants: &dyn Fn(&Changing) -> bool| {
        let of = |changing: &&Changing| (changing.room, changing.message) == (room, position);
        ledger
            .changes
            .values()
            .filter(of)
            .any(|changing| changing.may_have_happened() && wants(changing))
    };
    match words(&message.body) {
        Some(words) if message.revision() > 0 => {
            let edit = |changing: &Changing| matches!(&changing.what, What::Edit(wanted) if *wanted == *words);
            if !wanted(&edit) {
                trace.broken(format_args!("{short}: nobody gave {position} its words"));
            }
        }
        // What was sent is compared elsewhere.
        Some(_) => {}
        None => {
            if !wanted(&|changing| changing.what == What::Delete) {
                trace.broken(format_args!("{short}: nobody deleted {position}"));
            }
        }
    }
}

/// What was acknowledged has happened, and what had to be refused has not.
fn check_askers(trace: &Trace, ledger: &Ledger, room: RoomId, entries: &[Entry]) {
    let short = ledger.short(room);
    let of_room = |((_, _), changing): &(&(UserId, _), &Changing)| changing.room == room;
    for ((user, _), changing) in ledger.changes.iter().filter(of_room) {
        let Some(appended) = changing.acknowledged else { continue };
        let at = |position: Position| {
            entries.get(usize::try_from(position.get() - 1).unwrap_or(usize::MAX))
        };
        let made = at(appended.position)
            .filter(|entry| entry.kind.changed_message() == Some(changing.message));
        let happened = match (&changing.what, made.map(|entry| &entry.kind)) {
            (What::Edit(_), Some(EntryKind::Edited(_))) => true,
            (What::Delete, Some(EntryKind::Deleted(gone))) => {
                // Another command of theirs may have done it before, and this one only hears where.
                let by_another = ledger.changes.iter().any(|((by, _), other)| {
                    let same = (by, other.room, other.message) == (user, room, changing.message);
                    same && other.what == What::Delete && !other.read && other.may_have_happened()
                });
                // Nor does it count what the other one has read who began to keep it to themselves meanwhile.
                let members = entries.first().map(|entry| &entry.kind);
                let kept = matches!(members, Some(EntryKind::Created(created))
                    if created.members.iter().any(|it| it != user && ledger.private.contains(it)));
                let own = gone.by.as_ref() == Some(user);
                if changing.read && own && !by_another && !kept {
                    let message = changing.message;
                    trace.broken(format_args!("{short}: {message} was read, and {user} deleted it"));
                }
                true
            }
            // It was deleted before.
            (What::Delete, _) => entries.iter().any(|entry| {
                entry.position <= appended.position
                    && matches!(&entry.kind, EntryKind::Deleted(gone) if gone.message == changing.message)
            }),
            // It is so from then on, whether this changed it or it was so already.
            (What::React(emoji, add), _) => {
                let before = entries.iter().rev().skip_while(|it| it.position > appended.position);
                let last = before.map(|entry| &entry.kind).find_map(|kind| match kind {
                    EntryKind::Reacted(it) => {
                        let same = (it.message, &it.user, &*it.emoji);
                        (same == (changing.message, user, *emoji)).then_some(it.added)
                    }
                    _ => None,
                });
                last.unwrap_or_default() == *add
            }
            (What::Pin(on), _) => {
                let mut pins = Vec::new();
                let until = entries.iter().take_while(|it| it.position <= appended.position);
                until.for_each(|entry| PinnedMessage::take(&mut pins, entry));
                pins.iter().any(|pin| pin.message == changing.message) == *on
            }
            (What::Edit(_), _) => false,
        };
        if !happened {
            let position = appended.position;
            trace.broken(format_args!("{short}: a change by {user} is not at {position}"));
        }
    }
}

/// A device shows every message of a room that it has whole as the room has it.
pub(super) fn check_shown(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    (room, truth): (RoomId, &Truth),
) {
    let seen = lock(&device.seen);
    for (position, shown) in seen.held.messages(room) {
        let index = usize::try_from(position.get() - 1).unwrap_or(usize::MAX);
        let entry = truth.entries.get(index);
        let Some(EntryKind::Message(message)) = entry.map(|entry| &entry.kind) else {
            continue;
        };
        // Of what they do not see any more, because they hid it or came back to a room that shows less, they are not told
        // how it changes.
        let user = &device.user;
        let sees = truth.sees(user, position) && !ledger.may_hide(user, room, position);
        if shown != message && sees {
            let (name, short) = (&device.name, ledger.short(room));
            trace.broken(format_args!(
                "{name} shows {position} of {short} as {:?} of {}, which is {:?} of {}",
                words(&shown.body),
                shown.changed,
                words(&message.body),
                message.changed
            ));
        }
    }
}
