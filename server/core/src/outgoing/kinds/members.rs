//! `member.joined` and `member.left`.

use caffis_schema::{
    Position,
    event::{Joined, Left},
    outgoing::{About, ChatEvent, MembersJoined, MembersLeft},
};

pub(super) fn joined(room: About, position: Position, joined: &Joined) -> ChatEvent {
    let (users, by) = (joined.users.clone(), joined.by.clone());
    ChatEvent::MembersJoined(MembersJoined { room, position, users, by })
}

pub(super) fn left(room: About, position: Position, left: &Left) -> ChatEvent {
    let (user, by) = (left.user.clone(), left.by.clone());
    ChatEvent::MembersLeft(MembersLeft { room, position, user, by })
}
