//! Typing: told to those who have the room open, and lost without harm.

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
    let signal = Encoded::signal(ServerSignal::Typing(TypingBy {
        room: typing.room,
        user: asker.user().clone(),
        counter: cell.next_typing(asker.services.clock.now()),
        active: typing.active,
    }));
    cell.each_open(|session| {
        if session.user != *asker.user() {
            session.outbound.lossy(&signal);
        }
    });
}
