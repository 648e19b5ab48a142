//! Typing: told to those who have a small room open, and lost without harm. Only a few people at a
//! time are told to type.

use caffis_schema::{command::Typing, event::TypingBy};

use crate::{
    call::Call,
    model::authorise::{TakePart, authorise},
};

/// Tells the other nodes of a member's typing in a room that nobody has open here; they know whether
/// it is small.
fn publish_unseen(call: &Call, Typing { room, active, .. }: Typing) {
    let services = &call.services;
    if services.nodes.is_some() && services.people.is_in(call.user(), room) {
        let counter = services.clock.now().get();
        let user = call.user().clone();
        services.views.publish_typing(&TypingBy { room, user, counter, active });
    }
}

/// Tells the others. A signal that is not allowed, or of a room that nobody has open, goes nowhere:
/// signals have no answer.
pub fn handle(call: &Call, typing: Typing) {
    let Some(view) = call.services.views.get(typing.room) else {
        publish_unseen(call, typing);
        return;
    };
    if authorise(&call.caller(typing.room), &view.state(), TakePart).is_err() {
        return;
    }
    let (few, now) = (call.services.settings.small_room_members, call.services.clock.now());
    let Some(counter) = view.note_typing(call.user(), typing.active, few, now) else { return };
    let Typing { room, active, .. } = typing;
    let by = TypingBy { room, user: call.user().clone(), counter, active };
    call.services.views.tell_typing(&view, &by);
    call.services.views.publish_typing(&by);
}
