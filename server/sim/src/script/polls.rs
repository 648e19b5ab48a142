//! Voting in polls, and closing them.

use caffis_schema::{
    Command, List, RoomId, Timestamp,
    polls::{ClosePoll, Vote},
    reply::Appended,
};

use super::Life;
use crate::{
    ledger::letter::{Kind, OPTIONS},
    trace::lock,
    world::World,
};

/// Of a thousand votes, how many are sent by two devices at once.
const TWICE: u16 = 250;

/// Of a thousand polls, how many close by themselves.
const CLOSING: u16 = 700;

/// The longest time until a poll closes by itself, in milliseconds.
const OPEN_MS: usize = 8_000;

impl Life {
    /// When a poll closes by itself, by the clock of the room's node.
    pub(super) fn closing(&mut self, world: &World, room: RoomId) -> Option<Timestamp> {
        let now = world.clock_of(room).filter(|_| self.random.chance(CLOSING))?;
        Some(now + 1 + self.random.below(OPEN_MS) as u64)
    }

    /// Somebody votes in a poll, again, or takes their vote back.
    pub(super) fn vote(&mut self) {
        let polls = self.acknowledged(|letter| matches!(letter.kind, Kind::Poll { .. }));
        if polls.is_empty() {
            return;
        }
        let (_, Appended { room, position, .. }) = *self.random.pick(&polls);
        let user = self.device_in(room).user;
        let choices: Vec<u8> =
            (0..OPTIONS.len() as u8).filter(|_| self.random.chance(350)).collect();
        let devices = 1 + usize::from(self.random.chance(TWICE));
        let mut command = None;
        let place = ((room, position), user.clone());
        let number = {
            let mut ledger = lock(&self.ledger);
            ledger
                .votes
                .entry(place.0)
                .or_default()
                .entry(user.clone())
                .or_default()
                .add(choices.clone())
        };
        for _ in 0..devices {
            let device = self.device_of(&user);
            let command = command.get_or_insert_with(|| {
                let (key, choices) = (device.client.key(room), List::cut(choices.clone()));
                Command::Vote(Vote { key, room, position, choices })
            });
            let short = {
                let mut ledger = lock(&self.ledger);
                ledger.vote(&place, |votes| votes.begins(number));
                ledger.short(room)
            };
            let (what, place) =
                (format!("votes {choices:?} at {position} of {short}"), place.clone());
            self.give(&device, what, command.clone(), move |ledger, result| {
                ledger.vote(&place, |votes| votes.ends(number, result));
            });
        }
    }

    /// Somebody closes a poll, most often who asked.
    pub(super) fn close_poll(&mut self) {
        let polls = self.acknowledged(|letter| matches!(letter.kind, Kind::Poll { .. }));
        if polls.is_empty() {
            return;
        }
        let (author, poll) = self.random.pick(&polls).clone();
        let device = self.device_of(&author);
        let (key, room, position) = (device.client.key(poll.room), poll.room, poll.position);
        let what = format!("closes the poll at {position} of {}", lock(&self.ledger).short(room));
        self.give(&device, what, Command::ClosePoll(ClosePoll { key, room, position }), |_, _| ());
    }
}
