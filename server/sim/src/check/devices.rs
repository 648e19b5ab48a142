//! The final checks of what devices saw, hold and list.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{
    EntryKind, Position, RoomId, Text, UserId, limits::PREVIEW_BYTES, room::RoomSummary,
};

use super::{changes::check_shown, letters, truth::Truth};
use crate::{
    device::Device,
    held::lasting,
    ledger::Ledger,
    trace::{Trace, lock},
};

/// Everything that a device saw is true, and it was allowed to see it; nothing came of rooms that its person
/// is out of.
pub(super) fn check_seen(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let seen = lock(&device.seen);
    for (room, position) in &seen.early {
        let (name, short) = (&device.name, ledger.short(*room));
        trace.broken(format_args!("{name} is out of {short} and was told position {position}"));
    }
    for ((room, position), entry) in &seen.entries {
        let Some(truth) = rooms.get(room) else { continue };
        let short = ledger.short(*room);
        let index = usize::try_from(position.get() - 1).unwrap_or(usize::MAX);
        if truth.entries.get(index).map(lasting) != Some(lasting(entry)) {
            trace.broken(format_args!("{} saw another {position} of {short}", device.name));
        }
        let message = entry.kind.changed_message().filter(|_| entry.without_words().is_some());
        if message.is_some_and(|message| !truth.visible(&device.user, message)) {
            let name = &device.name;
            trace.broken(format_args!("{name} saw words at {position} of {short}"));
        }
        if !truth.visible(&device.user, *position) {
            trace.broken(format_args!("{} saw {position} of {short}", device.name));
        }
    }
}

/// A device holds exactly the rooms of its person, each up to its last entry.
pub(super) fn check_copies(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    copies: &BTreeMap<RoomId, Position>,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    for (room, truth) in rooms.iter().filter(|(_, truth)| !truth.is_public()) {
        let short = ledger.short(*room);
        let copy = copies.get(room).copied();
        let head = truth.member(&device.user).map(|_| Position(truth.entries.len() as u64));
        if copy != head {
            let name = &device.name;
            trace.broken(format_args!("{name} is at {copy:?} of {short}, which is at {head:?}"));
        } else if copy.is_some() {
            check_shown(trace, ledger, device, (*room, truth));
        }
    }
}

/// The list shows the last message as it is now, or nothing of it to who does not see it.
fn check_preview(
    trace: &Trace,
    ledger: &Ledger,
    (user, summary): (&UserId, &RoomSummary),
    truth: &Truth,
) {
    let last = truth.messages().last();
    let Some((shown, (entry, last))) = summary.preview.as_ref().zip(last) else { return };
    if shown.deleted && ledger.may_hide(user, summary.room, entry.position) {
        return;
    }
    let expected = Text::<PREVIEW_BYTES>::cut(letters::short(last).trim());
    if shown.text != expected || shown.deleted != last.is_deleted() {
        let (short, text) = (ledger.short(summary.room), &shown.text);
        trace.broken(format_args!("{user} of {short} is shown {text:?} and not {expected:?}"));
    }
}

/// The list calls the room what it was called last, or what it is about, and says what it is for.
fn check_info(trace: &Trace, who: &str, summary: &RoomSummary, truth: &Truth) {
    let expected = truth.entries.iter().rev().find_map(|entry| match &entry.kind {
        EntryKind::Info(change) => Some((&change.info.name, &change.info.description)),
        EntryKind::Created(created) => Some((&created.name, &None)),
        _ => None,
    });
    let title = truth.entries.iter().rev().find_map(|entry| match &entry.kind {
        EntryKind::Context(card) => Some(&card.details.title),
        _ => None,
    });
    let about = title.filter(|title| title.is_some());
    let expected = expected.map(|(name, description)| (about.unwrap_or(name), description));
    let shown = (&summary.name, &summary.description);
    if Some(shown) != expected {
        trace.broken(format_args!("{who} is shown {shown:?} and not {expected:?}"));
    }
}

/// The list has exactly the rooms of a person, with exact counts.
pub(super) fn check_list(
    trace: &Trace,
    ledger: &Ledger,
    device: &Device,
    rooms: &BTreeMap<RoomId, Truth>,
) {
    let user = &device.user;
    let seen = lock(&device.seen);
    let mut names = BTreeSet::new();
    for summary in seen.listed.values() {
        let name = summary.name.as_ref().map(ToString::to_string);
        if name.is_some_and(|name| !names.insert(name)) {
            trace.broken(format_args!("{user} has a group twice"));
        }
    }
    for (room, truth) in rooms {
        let short = ledger.short(*room);
        let expected = truth.member(user).map(|span| {
            let read = ledger.read.get(&(user.clone(), *room)).copied().unwrap_or_default();
            let own = truth.entries.iter().rev().find_map(|entry| match &entry.kind {
                EntryKind::Message(m)
                    if m.imported().is_none() && m.sender.as_ref() == Some(user) =>
                {
                    Some(m.number)
                }
                _ => None,
            });
            let own = own.unwrap_or_default().get().max(span.number);
            let asked = read.asked.min(truth.messages).max(own);
            let least = truth.messages.saturating_sub(truth.past_after(asked));
            // What was read may be gone: then something else is broken, too.
            let most = truth.messages.saturating_sub(read.told.max(own)).max(least);
            let marked = ledger.unread.contains(&(user.clone(), *room));
            let most = if marked { truth.messages } else { most };
            let found = seen.listed.get(room).map_or(0, |summary| summary.unread);
            (truth.entries.len() as u64, truth.messages, found.clamp(least, most))
        });
        if let (Some(summary), Some(_)) = (seen.listed.get(room), truth.member(user)) {
            check_preview(trace, ledger, (user, summary), truth);
            check_info(trace, &format!("{user} of {short}"), summary, truth);
        }
        let found = seen.listed.get(room).map(|s| (s.head.get(), s.number.get(), s.unread));
        if found != expected {
            trace.broken(format_args!("{user} is told {found:?} of {short}, not {expected:?}"));
        }
    }
}
