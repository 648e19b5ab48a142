//! The people, and what they do in the room.

use caffis_schema::{Command, Reply};

use super::{
    actor::Actor,
    feature::Before,
    place::{MEASURING, MEMBERS, PREPARING, Place, Who},
};
use crate::{
    scenarios::{group, join, person},
    server::Server,
    wire::Shared,
};

/// The fewest messages in the room: a whole page.
const MESSAGES: usize = 100;

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
