//! Typing: told to those who have a small room open, and lost without harm. Only a few people at a
//! time are told to type.

use caffis_schema::{ServerSignal, command::Typing, event::TypingBy};

use crate::{
    hub::encoded::Encoded,
    model::authorise::{TakePart, authorise},
    services::Asker,
};

/// Tells the others. A signal that is not allowed, or of a room that is not in memory, goes nowhere:
/// signals have no answer.
pub fn handle(asker: &Asker, typing: Typing) {
    let Some(cell) = asker.services.rooms.in_memory(typing.room) else { return };
    let Some(state) = cell.state() else { return };
    if authorise(&asker.actor(typing.room), &state, TakePart).is_err() {
        return;
    }
    let (few, now) = (asker.services.settings.small_room_members, asker.services.clock.now());
    let Some(counter) = cell.note_typing(asker.user(), typing.active, few, now) else { return };
    let signal = Encoded::signal(ServerSignal::Typing(TypingBy {
        room: typing.room,
        user: asker.user().clone(),
        counter,
        active: typing.active,
    }));
    let mut told = 0;
    cell.each_open(|session| {
        if session.user != *asker.user() {
            session.outbound.lossy(Some(typing.room), &signal);
            told += 1;
        }
    });
    asker.services.statistics.told(told);
}
