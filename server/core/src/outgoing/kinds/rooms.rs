//! `room.created` and `room.context.updated`.

use caffis_schema::{
    List, Position,
    event::Created,
    hooks::values::Moment,
    outgoing::{About, ChatEvent, ContextState, ContextUpdated, RoomCreated},
    room::{Card, ContextStatus},
};

pub(super) fn created(room: About, position: Position, created: &Created) -> ChatEvent {
    let (by, members) = (created.by.clone(), created.members.clone());
    ChatEvent::RoomCreated(RoomCreated { room, position, by, members })
}

pub(super) fn updated(room: About, position: Position, card: &Card) -> ChatEvent {
    let details = &card.details;
    let participants = card.participants.iter().map(|participant| participant.user.clone());
    ChatEvent::ContextUpdated(ContextUpdated {
        room,
        position,
        status: match card.status {
            ContextStatus::Open(_) => ContextState::Open,
            ContextStatus::Cancelled(_) => ContextState::Cancelled,
            ContextStatus::Closed(_) => ContextState::Closed,
            ContextStatus::Unknown(_) => ContextState::Other,
        },
        title: details.title.clone(),
        time: details.time.map(Moment),
        ends: details.ends.map(Moment),
        time_zone: details.time_zone.clone(),
        participants: List::cut(participants.collect()),
    })
}
