//! The final checks of rooms about something: who is in them and what they are about is what a service told last, and
//! what is said in a room of evidence stays as it is.

use caffis_schema::{
    Entry, EntryKind, RoomId, UserId,
    room::{Card, ContextStatus, RoomClass},
};

use super::truth::Truth;
use crate::{
    ledger::{Ledger, contexts::Telling},
    trace::Trace,
};

/// Checks a room that is neither a group nor a conversation of two.
pub(super) fn check(trace: &Trace, ledger: &Ledger, room: RoomId, truth: &Truth) {
    let short = ledger.short(room);
    let (mut card, mut members) = (Card::default(), Vec::new());
    for entry in &truth.entries {
        if let Err(why) = check_entry(truth.class, entry) {
            trace.broken(format_args!("{short}: {} {why}", entry.position));
        }
        match &entry.kind {
            EntryKind::Created(created) => members.extend(created.members.iter().cloned()),
            EntryKind::Joined(joined) => members.extend(joined.users.iter().cloned()),
            EntryKind::Left(left) => members.retain(|user| *user != left.user),
            EntryKind::Context(new) => {
                if let Err(why) = check_card(&card, new, &members) {
                    trace.broken(format_args!("{short}: {} {why}", entry.position));
                }
                card = new.clone();
            }
            _ => {}
        }
    }
    for telling in ledger.contexts.get(&room).into_iter().flatten() {
        if telling.fate.done
            && let Err(why) = check_told(telling, &card)
        {
            trace.broken(format_args!("{short} {why}"));
        }
    }
}

/// Nobody but services is in charge of such a room.
fn check_entry(class: RoomClass, entry: &Entry) -> Result<(), String> {
    let refused = |what: &str| Err(format!("is {}, {what}", entry.kind.name()));
    match &entry.kind {
        EntryKind::Edited(_) if class == RoomClass::Evidence => refused("and nothing here is"),
        EntryKind::Joined(_) | EntryKind::Left(_) if class == RoomClass::Public => {
            refused("and nobody is a member")
        }
        EntryKind::Joined(joined) if joined.by.is_some() => refused("and not by a service"),
        EntryKind::Left(left) if left.by.as_ref().is_some_and(|by| *by != left.user) => {
            refused("and not by a service")
        }
        EntryKind::Deleted(gone) if gone.by.is_none() => refused("and nobody did it"),
        EntryKind::Role(_)
        | EntryKind::Settings(_)
        | EntryKind::Info(_)
        | EntryKind::Pinned(_)
        | EntryKind::InviteMade(_)
        | EntryKind::InviteRevoked(_) => refused("and nobody is in charge"),
        _ => Ok(()),
    }
}

/// Nobody writes in a room that is closed; a conversation of two, which is closed while one blocks the other, is open in
/// the end, when nobody does.
pub(super) fn check_closed(trace: &Trace, ledger: &Ledger, room: RoomId, truth: &Truth) {
    let mut closed = false;
    for entry in &truth.entries {
        match &entry.kind {
            EntryKind::Context(card) => closed = matches!(card.status, ContextStatus::Closed(_)),
            EntryKind::Message(message) if closed && message.imported().is_none() => {
                let (short, at) = (ledger.short(room), entry.position);
                trace.broken(format_args!("{short}: {at} was written while it was closed"));
            }
            _ => {}
        }
    }
    if closed && ledger.directs.contains(&room) {
        trace.broken(format_args!("{} stays closed", ledger.short(room)));
    }
}

/// Of each part a later version takes the place of an earlier one, and participants are members.
fn check_card(before: &Card, card: &Card, members: &[UserId]) -> Result<(), String> {
    let versions =
        |card: &Card| [card.details_version, card.status_version, card.participants_version];
    if versions(card).iter().zip(versions(before)).any(|(new, old)| *new < old) {
        return Err(format!("goes back from {:?} to {:?}", versions(before), versions(card)));
    }
    let missing = card.participants.iter().find(|one| !members.contains(&one.user));
    if let Some(missing) =
        missing.filter(|_| card.participants_version > before.participants_version)
    {
        return Err(format!("has {} as a participant, who is no member", missing.user));
    }
    Ok(())
}

/// What was told counts, or something later does.
fn check_told(telling: &Telling, card: &Card) -> Result<(), String> {
    let (what, version) = (&telling.what, telling.what.version);
    let counts =
        |told: bool, known: u64, same: bool| !told || known > version || (known == version && same);
    let details = what.details.as_ref().is_none_or(|details| *details == card.details);
    let status = what.status.as_ref().is_none_or(|status| *status == card.status);
    let people = what.participants.as_ref().is_none_or(|people| *people == card.participants);
    let all = counts(what.details.is_some(), card.details_version, details)
        && counts(what.status.is_some(), card.status_version, status)
        && counts(what.participants.is_some(), card.participants_version, people);
    if all { Ok(()) } else { Err(format!("is {card:?}, and was told {what:?}")) }
}
