//! What people send.

use caffis_client::CallError;
use caffis_schema::{
    List, Position, Reply, RoomId, Timestamp, UserId,
    reply::Appended,
    room::{Mentions, Role},
};

use super::{Life, Sent};
use crate::{
    Planted,
    device::Device,
    ledger::{
        letter::{Kind, Letter},
        told,
    },
    trace::lock,
    world::World,
};

/// Chooses what a message of a room is, if it can be of a kind.
type Choose = fn(&mut Life, &World, RoomId) -> Option<Kind>;

/// Of a thousand messages, how many are of each kind.
const KINDS: [(usize, Choose); 6] = [
    (200, |life, _, room| life.answer(room)),
    (180, |life, _, room| life.in_thread(room)),
    (50, |life, world, room| {
        let (multiple, anonymous) = (life.random.chance(500), life.random.chance(200));
        let closes = life.closing(world, room);
        Some(Kind::Poll { multiple, anonymous, closes })
    }),
    (60, |life, _, _| {
        let (_, sent) = life.any_acknowledged()?;
        Some(Kind::Forward(sent.room, sent.position))
    }),
    (25, |_, _, _| Some(Kind::Place)),
    (25, |life, world, room| Some(Kind::Location { live: life.moving(world, room) })),
];

/// Of a thousand messages, how many mention somebody.
const MENTIONS: u16 = 150;

/// Of a thousand of these, how many mention everybody in the room.
const MENTIONS_ROOM: u16 = 200;

/// Of a thousand locations, how many are live.
const MOVING: u16 = 600;

/// For how long these are live at most, in milliseconds.
const MOVING_MS: usize = 3_600_000;

/// So many of the last messages of a room have threads.
const ROOTS: usize = 3;

impl Life {
    pub(super) fn send(&mut self, world: &World) {
        let device = self.device();
        let Some(room) = self.room() else { return self.group(world) };
        self.words += 1;
        // Some are long, so that answers with several of them travel on the lane for large answers.
        let longest = if self.random.chance(150) { 7_000 } else { 120 };
        let padding = "x".repeat(self.random.below(longest));
        let kind = self.kind(world, room);
        let words = match kind {
            Kind::Poll { .. } => format!("q{}", self.words),
            Kind::Forward(..) => format!("f{}", self.words),
            Kind::Place | Kind::Location { .. } => format!("g{}", self.words),
            _ => format!("w{} {padding}", self.words),
        };
        let mentions = match kind {
            Kind::Forward(..) => Mentions::default(),
            _ => self.mentions(room),
        };
        let key = device.client.key(room);
        let letter = Letter { room, words, kind, mentions };
        let sent = Sent { user: device.user.clone(), key, letter };
        self.sent.push(sent.clone());
        self.deliver(device, sent);
    }

    fn kind(&mut self, world: &World, room: RoomId) -> Kind {
        let mut drawn = self.random.below(1_000);
        for (odds, kind) in KINDS {
            if drawn < odds {
                return kind(self, world, room).unwrap_or(Kind::Plain);
            }
            drawn -= odds;
        }
        Kind::Plain
    }

    /// A message that was acknowledged, with who sent it.
    pub(super) fn any_acknowledged(&mut self) -> Option<(UserId, Appended)> {
        let sent = self.acknowledged(|_| true);
        (!sent.is_empty()).then(|| self.random.pick(&sent).clone())
    }

    /// Until when somebody shows where they are, by the clock of the room's node.
    fn moving(&mut self, world: &World, room: RoomId) -> Option<Timestamp> {
        let now = world.clock_of(room).filter(|_| self.random.chance(MOVING))?;
        Some(now + 1 + self.random.below(MOVING_MS) as u64)
    }

    fn answer(&mut self, room: RoomId) -> Option<Kind> {
        let sent = self.acknowledged(|letter| letter.room == room);
        (!sent.is_empty()).then(|| Kind::Answer(self.random.pick(&sent).1.position))
    }

    fn in_thread(&mut self, room: RoomId) -> Option<Kind> {
        self.root(room).map(Kind::InThread)
    }

    /// A message in whose thread somebody writes: a few have threads with several replies.
    pub(super) fn root(&mut self, room: RoomId) -> Option<Position> {
        let mut roots = self.acknowledged(|letter| letter.room == room && letter.root().is_none());
        roots.sort_unstable_by_key(|(_, appended)| appended.position);
        let last = &roots[roots.len().saturating_sub(ROOTS)..];
        (!last.is_empty()).then(|| self.random.pick(last).1.position)
    }

    fn mentions(&mut self, room: RoomId) -> Mentions {
        if !self.random.chance(MENTIONS) {
            return Mentions::default();
        }
        let users: Vec<_> = self.known_rights(room).at_least(Role::Guest).cloned().collect();
        let room = self.random.chance(MENTIONS_ROOM);
        let users = if users.is_empty() { users } else { vec![self.random.pick(&users).clone()] };
        Mentions { users: List::cut(users), room }
    }

    /// The same message again, from any device of the same person.
    pub(super) fn resend(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let sent = self.random.pick(&self.sent).clone();
        let device = self.device_of(&sent.user);
        self.deliver(device, sent);
    }

    /// What a device with the planted bug sends: it forwards another message of the same room.
    fn misdirected(&self, letter: Letter) -> Letter {
        let Kind::Forward(source, meant) = letter.kind else { return letter };
        if self.planted != Some(Planted::ForwardsOthers) {
            return letter;
        }
        let sent = self.acknowledged(|letter| letter.room == source);
        let other = sent.iter().map(|(_, appended)| appended.position).find(|it| *it != meant);
        Letter { kind: Kind::Forward(source, other.unwrap_or(meant)), ..letter }
    }

    fn deliver(&mut self, device: Device, sent: Sent) {
        let Sent { user, key, letter } = sent;
        let (ledger, trace) = (self.ledger.clone(), self.trace.clone());
        lock(&ledger).attempt(&user, key.id, &letter);
        let (name, room) = (&device.name, lock(&ledger).short(letter.room));
        let what = format!("{name} sends {} to {room}", letter.short());
        let letter = self.misdirected(letter);
        self.call(what, async move {
            let result = match device.client.call(letter.command(key)).await {
                Ok(Reply::Appended(appended)) => Ok(appended),
                Ok(other) => Err(CallError::Unexpected(other.name())),
                Err(error) => Err(error),
            };
            lock(&ledger).settled(&user, key.id, &result, &trace);
            told(&result)
        });
    }
}
