//! The room in which it happens.

use caffis_schema::{
    Body, ClientId, Command, InviteSecret, List, Position, RoomId, Text, UserId,
    command::Send,
    event::TextBody,
    polls::PollBody,
    room::{ClientKey, Extra},
};

use crate::{
    frames::TEXT_BYTES,
    scenarios::{key, person},
};

/// Who does something, by number: the members of the room from 0, then the outsiders. Number 0 owns the room and wrote
/// its messages.
pub(super) type Who = usize;

/// The members of the room.
pub(super) const MEMBERS: usize = 10;

/// The first person who is not in the room.
pub(super) const OUTSIDER: Who = MEMBERS;

/// The first keys of what the room is filled with, of what a feature prepares, and of what is measured.
const FILLING: u128 = 1_000;
pub(super) const PREPARING: u128 = 500_000;
pub(super) const MEASURING: u128 = 1_000_000;

/// Another member than the one who does everything.
pub(super) fn member(number: usize) -> UserId {
    user(1 + number % (MEMBERS - 1))
}

pub(super) fn user(who: Who) -> UserId {
    let name = person(who);
    UserId::new(&name).unwrap_or_else(|error| unreachable!("{name}: {error}"))
}

/// A secret of an invite link.
pub(super) fn secret(number: usize) -> InviteSecret {
    InviteSecret((number as u128 + 1).to_be_bytes())
}

/// Where it happens.
pub(super) struct Place {
    /// How often the command is given.
    pub(super) times: usize,
    pub(super) room: RoomId,
    /// Another room of the same people, which nobody has open.
    pub(super) other: RoomId,
    pub(super) poll: Position,
    /// The room's last position.
    pub(super) head: Position,
    /// The room's last position after each step of the preparation, which is that of the entry that the step made.
    pub(super) made: Vec<Position>,
    /// The rooms that the preparation made.
    pub(super) rooms: Vec<RoomId>,
    pub(super) messages: Vec<Position>,
    pub(super) first_key: u128,
}

impl Place {
    pub(super) fn new(room: RoomId, other: RoomId, times: usize) -> Self {
        Self {
            times,
            room,
            other,
            poll: Position::ZERO,
            head: Position::ZERO,
            made: Vec::new(),
            rooms: Vec::new(),
            messages: Vec::new(),
            first_key: FILLING,
        }
    }

    /// A place that is nowhere, in which every feature finds what it needs.
    #[cfg(test)]
    pub(super) fn sample() -> Self {
        let room = RoomId::from_random(1);
        let positions = vec![Position(1); 100];
        Self {
            made: positions.clone(),
            rooms: vec![room; 100],
            messages: positions,
            ..Self::new(room, room, 1)
        }
    }

    pub(super) fn key(&self, n: usize) -> ClientKey {
        key(self.first_key + n as u128, self.head)
    }

    /// A key for another room, whose head is not followed.
    pub(super) fn key_elsewhere(&self, n: usize) -> ClientKey {
        ClientKey { head: Position::ZERO, ..self.key(n) }
    }

    /// The id of the command of a step of the preparation.
    pub(super) fn prepared(&self, n: usize) -> ClientId {
        key(PREPARING + n as u128, self.head).id
    }

    pub(super) fn text(&self) -> Body {
        words(&"x".repeat(TEXT_BYTES))
    }

    pub(super) fn message(&self, n: usize) -> Position {
        self.messages[n % self.messages.len()]
    }

    pub(super) fn send(&self, n: usize, body: Body) -> Command {
        Command::Send(Send::new(self.key(n), self.room, body))
    }

    pub(super) fn send_with(&self, n: usize, body: Body, extra: Extra) -> Command {
        let message = Send::new(self.key(n), self.room, body);
        Command::Send(Send { extras: List::cut(vec![extra]), ..message })
    }

    pub(super) fn send_poll(&self, n: usize) -> Command {
        let poll = PollBody {
            question: Text::cut("Where?"),
            options: List::cut(vec![Text::cut("here"), Text::cut("there")]),
            multiple: false,
            anonymous: false,
            closes: None,
        };
        self.send(n, Body::Poll(poll))
    }

    pub(super) fn reply_in_thread(&self, n: usize, root: Position) -> Command {
        Command::Send(Send::in_thread(self.key(n), self.room, self.text(), root))
    }
}

pub(super) fn words(text: &str) -> Body {
    Body::Text(TextBody { text: Text::cut(text) })
}
