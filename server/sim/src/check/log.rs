//! The final checks of the logs of rooms: what was acknowledged is there, once, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use caffis_schema::{EntryKind, MessageNumber, Position, RoomId, Timestamp, room::Role};

use super::{letters, truth::Truth};
use crate::{ledger::Ledger, trace::Trace};

/// Reactors have heard of a room up to its last entry.
pub(super) fn check_witness(
    trace: &Trace,
    ledger: &Ledger,
    room: RoomId,
    (truth, heard): (&Truth, Option<Position>),
) {
    let head = Position(truth.entries.len() as u64);
    if heard.unwrap_or_default() < head {
        let short = ledger.short(room);
        trace.broken(format_args!("reactors heard of {short} up to {heard:?} of {head}"));
    }
}

/// Positions and numbers have no gaps, time never runs backwards, senders were members, and somebody
/// is always in charge.
pub(super) fn check(trace: &Trace, ledger: &Ledger, room: RoomId, truth: &Truth) {
    let short = ledger.short(room);
    let (mut number, mut time) = (0, 0);
    let mut keys = BTreeSet::new();
    for (entry, position) in truth.entries.iter().zip(1..) {
        if entry.position != Position(position) {
            trace.broken(format_args!("{short}: {} instead of {position}", entry.position));
        }
        if entry.time < Timestamp(time) {
            trace.broken(format_args!("{short}: time runs backwards at {position}"));
        }
        time = entry.time.get();
        let EntryKind::Message(message) = &entry.kind else { continue };
        number += 1;
        if message.number != MessageNumber(number) {
            trace.broken(format_args!("{short}: number {} instead of {number}", message.number));
        }
        if message.imported().is_some() {
            // It is checked elsewhere.
            continue;
        }
        let (Some(sender), Some(key)) = (&message.sender, message.key) else {
            trace.broken(format_args!("{short}: {position} is nobody's"));
            continue;
        };
        if !keys.insert((sender, key.id)) {
            trace.broken(format_args!("{short}: {position} is there twice"));
        }
        let spans = truth.spans.get(sender).into_iter().flatten();
        if !truth.is_public()
            && !spans.clone().any(|span| span.from < Position(position) && position < span.to.get())
        {
            trace.broken(format_args!("{short}: {sender} was no member at {position}"));
        }
        if ledger.scheduled.contains_key(&(sender.clone(), key.id)) {
            // It is checked elsewhere.
            continue;
        }
        let sending = ledger.sendings.get(&(sender.clone(), key.id));
        let Some(sending) = sending.filter(|sending| sending.letter.room == room) else {
            trace.broken(format_args!("{short}: nobody sent {position}"));
            continue;
        };
        if let Some(what) = letters::differs(message, &sending.letter) {
            trace.broken(format_args!("{short}: {position} has {what}"));
        }
        if sending.acknowledged.is_none() && sending.open == 0 {
            let words = sending.letter.short();
            trace.broken(format_args!("{short}: {position}, {words}, was refused and is there"));
        }
    }
    let in_charge = truth.roles.values().any(|role| *role >= Role::Admin);
    if truth.group && !in_charge && !truth.roles.is_empty() {
        trace.broken(format_args!("{short}: nobody is in charge"));
    }
}

/// Acknowledged messages are there, at their positions and numbers.
pub(super) fn check_answers(trace: &Trace, ledger: &Ledger, rooms: &BTreeMap<RoomId, Truth>) {
    for ((user, id), sending) in &ledger.sendings {
        let Some(appended) = sending.acknowledged else { continue };
        let index = usize::try_from(appended.position.get() - 1).unwrap_or(usize::MAX);
        let entry = rooms.get(&sending.letter.room).and_then(|truth| truth.entries.get(index));
        let there = entry.is_some_and(|entry| match &entry.kind {
            EntryKind::Message(message) => {
                message.sender.as_ref() == Some(user)
                    && message.key.is_some_and(|key| key.id == *id)
                    && message.number == appended.number
                    && entry.time == appended.time
            }
            _ => false,
        });
        if !there {
            let short = ledger.short(sending.letter.room);
            trace.broken(format_args!(
                "{user}'s {} was acknowledged at {} of {short} and is not there",
                sending.letter.short(),
                appended.position
            ));
        }
    }
}
