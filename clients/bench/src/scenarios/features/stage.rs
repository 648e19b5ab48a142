//! The room in which it happens, and the people.

use caffis_schema::{
    Body, ClientId, Command, InviteSecret, List, Position, Reply, RoomId, Text, UserId,
    command::Send,
    event::TextBody,
    polls::PollBody,
    room::{ClientKey, Extra},
};

use super::{
    actor::Actor,
    feature::{Before, Who},
};
use crate::{
    frames::TEXT_BYTES,
    scenarios::{group, join, key, person},
    server::Server,
    wire::Shared,
};

/// The members of the room.
pub(super) const MEMBERS: usize = 10;

/// The first person who is not in the room.
pub(super) const OUTSIDER: Who = MEMBERS;

/// The fewest messages in the room: a whole page.
const MESSAGES: usize = 100;

/// The first keys of what the room is filled with, of what a feature prepares, and of what is measured.
const FILLING: u128 = 1_000;
const PREPARING: u128 = 500_000;
const MEASURING: u128 = 1_000_000;

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

/// The people, and where they are.
pub(super) struct Stage {
    actors: Vec<Actor>,
    pub(super) place: Place,
}

impl Stage {
    /// A room of ten people who all have it open, with a message for each time and a poll.
    pub(super) async fn new(
        server: &Server,
        times: usize,
        outsiders: usize,
    ) -> anyhow::Result<Self> {
        let mut wires = join(server.address, 0, MEMBERS + outsiders, &Shared::new()).await?;
        let others: Vec<_> = (1..MEMBERS).map(person).collect();
        let room = group(&mut wires[0], 1, others.clone()).await?;
        let other = group(&mut wires[0], 2, others).await?;
        for wire in &mut wires[..MEMBERS] {
            wire.open(room).await?;
        }
        let actors = wires.into_iter().map(Actor::new).collect();
        let mut stage = Self { actors, place: Place::new(room, other, times) };
        let messages = times.max(MESSAGES);
        for n in 0..messages {
            stage.act(0, stage.place.send(n, stage.place.text())).await?;
            stage.place.messages.push(stage.place.head);
        }
        stage.act(0, stage.place.send_poll(messages)).await?;
        stage.place.poll = stage.place.head;
        Ok(stage)
    }

    /// Does what a feature needs before.
    pub(super) async fn prepare(&mut self, before: Before) -> anyhow::Result<()> {
        self.place.first_key = PREPARING;
        for n in 0.. {
            let Some((who, command)) = before(&self.place, n) else { break };
            let (reply, _) = self.act(who, command).await?;
            self.place.made.push(self.place.head);
            if let Reply::Room(room) = reply {
                self.place.rooms.push(room.room);
            }
        }
        self.place.first_key = MEASURING;
        Ok(())
    }

    /// Gives a command; returns the answer, and the microseconds until it came.
    pub(super) async fn act(&mut self, who: Who, command: Command) -> anyhow::Result<(Reply, u64)> {
        let (reply, took) = self.actors[who].call(command).await?;
        if let Reply::Appended(appended) = &reply
            && appended.room == self.place.room
        {
            self.place.head = self.place.head.max(appended.position);
        }
        Ok((reply, took))
    }
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
    messages: Vec<Position>,
    first_key: u128,
}

impl Place {
    fn new(room: RoomId, other: RoomId, times: usize) -> Self {
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
