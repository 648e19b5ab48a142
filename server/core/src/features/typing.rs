//! Typing: told to those who have a small room open, and lost without harm. Only a few people at a
//! time are told to type.

use caffis_schema::{ServerSignal, command::Typing, event::TypingBy};

use crate::{
    call::Call,
    hub::encoded::Encoded,
    model::authorise::{TakePart, authorise},
};

/// Tells the others. A signal that is not allowed, or of a room that is not in memory, goes nowhere:
/// signals have no answer.
pub fn handle(call: &Call, typing: Typing) {
    let Some(cell) = call.services.rooms.in_memory(typing.room) else { return };
    let Some(state) = cell.state() else { return };
    if authorise(&call.caller(typing.room), &state, TakePart).is_err() {
        return;
    }
    let (few, now) = (call.services.settings.small_room_members, call.services.clock.now());
    let Some(counter) = cell.note_typing(call.user(), typing.active, few, now) else { return };
    let signal = Encoded::signal(ServerSignal::Typing(TypingBy {
        room: typing.room,
        user: call.user().clone(),
        counter,
        active: typing.active,
    }));
    let mut told = 0;
    cell.each_open(|session| {
        if session.user != *call.user() {
            session.outbound.lossy(Some(typing.room), &signal);
            told += 1;
        }
    });
    call.services.statistics.told(told);
}
