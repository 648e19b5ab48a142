//! The final checks of what messages are besides their words.

use std::collections::BTreeMap;

use caffis_schema::{
    Body, Position, RoomId,
    room::{Extra, Mentions, Message, MessagePlace},
};

use super::{changes::words, truth::Truth};
use crate::{
    ledger::{
        Ledger, What,
        letter::{Kind, Letter, OPTIONS},
    },
    trace::Trace,
};

/// What of a message is not as it was sent.
pub(super) fn differs(message: &Message, letter: &Letter) -> Option<&'static str> {
    if message.thread().map(|thread| thread.root) != letter.root() {
        return Some("another thread");
    }
    if message.is_deleted() {
        return None;
    }
    if message.reply() != letter.answers() {
        return Some("another message that it answers");
    }
    if message.mentions().unwrap_or(&Mentions::default()) != &letter.mentions {
        return Some("other mentions");
    }
    if message.revision() == 0 && Extra::live_location(&message.extras) != letter.live().as_ref() {
        return Some("another live location");
    }
    let forwarded = matches!(letter.kind, Kind::Forward(..));
    if message.forwarded().is_some() != forwarded {
        return Some("another origin");
    }
    (message.revision() == 0 && !forwarded && message.body != letter.body())
        .then_some("other words")
}

/// Everything that was forwarded says what it said where it comes from, who wrote it there and when; and whoever
/// forwarded it could see it.
pub(super) fn check_forwarded(trace: &Trace, ledger: &Ledger, rooms: &BTreeMap<RoomId, Truth>) {
    for ((user, _), sending) in &ledger.sendings {
        let Kind::Forward(source, position) = sending.letter.kind else { continue };
        let Some(appended) = sending.acknowledged else { continue };
        let copy =
            rooms.get(&sending.letter.room).and_then(|truth| truth.message(appended.position));
        let Some((_, copy)) = copy.filter(|(_, copy)| !copy.is_deleted()) else { continue };
        let (short, from) = (ledger.short(sending.letter.room), ledger.short(source));
        let what = format!("{short}: {}, {position} of {from}, ", appended.position);
        let Some(truth) = rooms.get(&source) else { continue };
        if !truth.visible(user, position) {
            trace.broken(format_args!("{what}was forwarded by {user}, who did not see it"));
        }
        let Some((entry, original)) = truth.message(position) else { continue };
        let origin = copy.forwarded().map(|origin| (origin.by.as_ref(), origin.time, origin.place));
        let first = original.forwarded().map(|first| (first.by.as_ref(), first.time, first.place));
        // What was deleted since does not say any more where it came from.
        let place = truth.is_public().then_some(MessagePlace { room: source, position });
        let expected = first.unwrap_or((original.sender.as_ref(), entry.time, place));
        if origin != Some(expected) && !original.is_deleted() {
            trace.broken(format_args!("{what}comes from {origin:?} and not {expected:?}"));
        }
        let said = words(&copy.body).filter(|_| copy.revision() == 0);
        if said.is_some_and(|said| !has_said(ledger, (source, position), said)) {
            trace.broken(format_args!("{what}never said {said:?}"));
        }
    }
}

/// Whether a message may have said something.
fn has_said(ledger: &Ledger, (room, position): (RoomId, Position), said: &str) -> bool {
    let edits = ledger.changes.values().filter(|it| (it.room, it.message) == (room, position));
    if edits.into_iter().any(|it| matches!(&it.what, What::Edit(words) if words == said)) {
        return true;
    }
    let sent = ledger.sendings.values().find(|sending| {
        sending.acknowledged.is_some_and(|it| (it.room, it.position) == (room, position))
    });
    let Some(letter) = sent.map(|sending| &sending.letter) else { return false };
    match letter.kind {
        Kind::Forward(room, position) => has_said(ledger, (room, position), said),
        Kind::Poll { .. } => {
            let options = OPTIONS.map(|option| format!("\n- {option}")).concat();
            *said == format!("{}{options}", letter.words)
        }
        Kind::Plain | Kind::Answer(_) | Kind::InThread(_) | Kind::Place | Kind::Location { .. } => {
            said.trim() == letter.words.trim()
        }
    }
}

/// What the list shows of a message.
pub(super) fn short(message: &Message) -> String {
    let words = words(&message.body).unwrap_or_default().trim();
    match &message.body {
        Body::Poll(_) => format!("📊 {words}"),
        Body::Place(_) => format!("📍 {words}"),
        Body::Location(location) => format!("📍 {words}, {}", location.coordinates),
        _ => words.to_owned(),
    }
}
