//! Whom a message may mention, and who of a room hears of it.

use std::collections::BTreeSet;

use caffis_schema::{
    Error, ErrorCode, List, Position, UserId,
    limits::ROOM_MENTION_MEMBERS,
    room::{Mentions, Message, RoomClass},
};

use super::{
    authorise::{MentionRoom, authorise},
    caller::Caller,
    room::RoomState,
};

/// The mentions as they are kept: each person once. `before` are those that the message has already; they need
/// no permission again.
///
/// # Errors
/// `room_class` in public rooms, where nobody is a member, and for a mention of everybody in a conversation of two;
/// `not_found` for who is no member; `forbidden` for who may not mention everybody, and `limit_reached` where they are
/// too many.
pub fn checked(
    mentions: &Mentions,
    before: &Mentions,
    room: &RoomState,
    caller: &Caller,
) -> Result<Mentions, Error> {
    if !mentions.is_empty() && room.meta.class == RoomClass::Public {
        let sentence = "Nobody is a member of a public room, so nobody can be mentioned in it.";
        return Err(Error::refused(ErrorCode::RoomClass, sentence));
    }
    let mut users: Vec<UserId> = Vec::with_capacity(mentions.users.len());
    for user in &mentions.users {
        if users.contains(user) {
            continue;
        }
        if room.member(user).is_none() && !before.users.contains(user) {
            let sentence = format!("{user} is not a member of this room.");
            return Err(Error::refused(ErrorCode::NotFound, &sentence));
        }
        users.push(user.clone());
    }
    if mentions.room && !before.room {
        authorise(caller, room, MentionRoom)?;
        if room.members.len() > ROOM_MENTION_MEMBERS {
            let sentence = format!(
                "Everybody can be mentioned in rooms of up to {ROOM_MENTION_MEMBERS} members."
            );
            return Err(Error::refused(ErrorCode::LimitReached, &sentence));
        }
    }
    Ok(Mentions { users: List::cut(users), room: mentions.room })
}

/// How many people these mention at most, for the size of a write.
#[must_use]
pub fn most(mentions: Option<&Mentions>) -> usize {
    mentions.map_or(0, |mentions| match mentions.room {
        true => ROOM_MENTION_MEMBERS,
        false => mentions.users.len(),
    })
}

/// Whom a message at a position mentions, without its author. A mention of everybody is of those who were in the room
/// then, so they are at most [`ROOM_MENTION_MEMBERS`] however large the room is now.
#[must_use]
pub fn mentioned(room: &RoomState, position: Position, message: &Message) -> BTreeSet<UserId> {
    let Some(mentions) = message.mentions() else { return BTreeSet::new() };
    let mut users: BTreeSet<_> = mentions.users.iter().cloned().collect();
    if mentions.room {
        let there = room.members.iter().filter(|(_, member)| member.joined_position < position);
        users.extend(there.map(|(user, _)| user.clone()));
    }
    if let Some(sender) = &message.sender {
        users.remove(sender);
    }
    users
}
