//! Rules 7 to 17, and 19: how a room is written and taken over.
//!
//! Kept: entries in buckets, the buckets' rows with the chain that they make, `sent`, the row of a
//! member and the changed row of an edited message, all in a store in which each write lands when it
//! likes; appends of one or two commands, in their order of sending, waiting, checking and telling;
//! reading the room again after an append of unknown outcome; and taking over in its order, by the
//! next owner while the last one is still under way.
//!
//! Left out: the lease, of which the `lease` model shows that at most one owner may tell anything.
//! Here it holds exactly for the newest epoch, which is as long as it ever could. A process that
//! ends is one that does nothing more while the next claims. An owner that was superseded goes on
//! with what it has begun, but begins no new append: it could have sent that before it was
//! superseded, and nobody need have seen it. Every command may be a resend, and is looked up in
//! `sent` unless memory has it; when that can be spared is in the `resend` model. The writes of one
//! step are sent together, and `activity` is in the `reactor` model.
//!
//! A [`Scenario`] says which commands are given. Each is searched on its own, so that states stay few.
//!
//! `owner` says which step comes next, `takeover` and `serve` have the steps, `room` reads a log from
//! the store.

mod owner;
mod room;
mod serve;
mod takeover;

use self::Command::{Edit, Join, Leave, Say};
use self::{
    owner::{Owner, Phase},
    room::{Cell, Key},
};
use crate::{Failure, Model, Mutation, Next, Step, Width, store::Store};

/// What somebody wants of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A message.
    Say,
    /// Changes the words of the message at position 1.
    Edit,
    /// Makes the one person of the model a member.
    Join,
    /// Removes that person.
    Leave,
}

/// What happens in one search, at most.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Says what it is about.
    pub name: &'static str,
    /// Each may be given any number of times, in any order.
    pub commands: &'static [Command],
    /// The person of the model is a member at the start.
    pub member: bool,
    /// Whether two commands may share an append.
    pub batches: bool,
    /// Whether an append may open a new bucket of the same epoch.
    pub rolls: bool,
    /// Whether owners refuse commands.
    pub refuses: bool,
    /// Whether commands are given again, and looked up in `sent`.
    pub resends: bool,
    /// The highest epoch.
    pub epochs: u8,
    /// Whether the owner of the highest epoch only reads the room.
    pub reader: bool,
    /// How often an owner reads its room again after an append of unknown outcome.
    pub rereads: u8,
}

const MESSAGES: Scenario = Scenario {
    name: "messages",
    commands: &[Say, Say],
    member: false,
    batches: true,
    rolls: false,
    refuses: false,
    resends: false,
    epochs: 3,
    reader: true,
    rereads: 1,
};

impl Scenario {
    /// What is searched.
    pub(crate) fn of(width: Width) -> &'static [Self] {
        match width {
            Width::Small => &Self::SMALL,
            Width::Wide => &Self::WIDE,
        }
    }

    const SMALL: [Self; 7] = [
        MESSAGES,
        Self { name: "refusals", commands: &[Say], refuses: true, ..MESSAGES },
        Self { name: "buckets", rolls: true, rereads: 0, ..SINGLES },
        Self { name: "resends", resends: true, reader: false, rereads: 0, ..SINGLES },
        Self { name: "edits", commands: &[Say, Edit], ..SINGLES },
        Self { name: "joins", commands: &[Join], reader: false, ..MESSAGES },
        LEAVES,
    ];

    const WIDE: [Self; 7] = [
        Self { commands: &[Say, Say, Say], ..MESSAGES },
        Self { name: "refusals", commands: &[Say, Say], refuses: true, ..MESSAGES },
        Self { name: "buckets", commands: &[Say, Say, Say], rolls: true, rereads: 0, ..SINGLES },
        Self {
            name: "resends",
            commands: &[Say, Say, Say],
            resends: true,
            reader: false,
            rereads: 0,
            ..SINGLES
        },
        Self { name: "edits", commands: &[Say, Edit], reader: false, ..MESSAGES },
        Self { name: "joins", commands: &[Join, Leave], reader: false, ..SINGLES },
        Self { epochs: 3, ..LEAVES },
    ];
}

const LEAVES: Scenario = Scenario {
    name: "leaves",
    commands: &[Leave, Say],
    member: true,
    epochs: 2,
    reader: false,
    ..SINGLES
};

const SINGLES: Scenario = Scenario { batches: false, ..MESSAGES };

/// The model of a room's log.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// What happens.
    pub scenario: Scenario,
    /// The rule that is switched off.
    pub mutation: Option<Mutation>,
}

/// The highest position.
const POSITIONS: usize = 6;

/// At the start the owner of epoch 1 serves the empty room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The newest epoch: the one whose lease holds.
    newest: u8,
    /// Those that have not ended, by epoch.
    owners: Vec<Owner>,
    store: Store<Key, Cell>,
    /// The command that was told of, by position.
    told: [Option<u8>; POSITIONS],
    /// Commands that were refused, as bits.
    refused: u8,
    broken: Option<Failure>,
}

impl Model for Log {
    type State = State;

    fn init(&self) -> State {
        let mut store = Store::new();
        if self.scenario.member {
            store.send(0, vec![(Key::Member, Cell::Member(true))]);
            store.land(0);
        }
        let name = Owner::first(self).name(self);
        store.send(1, vec![(Key::Bucket(name), Cell::Bucket { first: 1, before: None })]);
        store.land(store.len() - 1);
        State {
            newest: 1,
            owners: vec![Owner::first(self)],
            store,
            told: [None; POSITIONS],
            refused: 0,
            broken: None,
        }
    }

    fn next(&self, state: &State, next: &mut Next<State>) {
        if state.newest < self.scenario.epochs {
            let mut after = state.clone();
            after.newest += 1;
            // Those that wait for nothing have nothing left to do.
            after.owners.retain(|owner| !matches!(owner.phase, Phase::Read | Phase::Serve));
            after.owners.push(Owner::new(after.newest));
            next.add(Step::Claim, || format!("epoch {} begins", after.newest), after.clone());
        }
        for (number, rows) in state.store.on_their_way() {
            let mut after = state.clone();
            after.store.land(number);
            next.add(Step::Land, || room::words(rows), after);
        }
        for index in 0..state.owners.len() {
            self.advance(state, index, next);
        }
    }

    fn broken(&self, state: &State) -> Option<Failure> {
        state.broken.or_else(|| self.wrong_member(state))
    }
}

impl Log {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn command(&self, number: u8) -> Command {
        self.scenario.commands[usize::from(number)]
    }

    /// While the owner serves and nothing is under way, the member's row says what the log says.
    fn wrong_member(&self, state: &State) -> Option<Failure> {
        let owner = state.owners.last()?;
        if owner.epoch != state.newest || owner.phase != Phase::Serve {
            return None;
        }
        let mut expected = self.scenario.member;
        let mut removed = false;
        for entry in &owner.log {
            match self.command(entry.command) {
                Join => expected = true,
                Leave => (expected, removed) = (false, true),
                Say | Edit => {}
            }
        }
        let rows = state.store.row(Key::Member);
        let shown = |row: &Option<Cell>| *row == Some(Cell::Member(true));
        match (expected, removed) {
            (false, true) if rows.iter().any(shown) => Some(Failure::RemovalUndone),
            (false, false) if rows.iter().any(shown) => Some(Failure::GhostMember),
            (true, _) if !rows.iter().all(shown) => Some(Failure::MissingMember),
            _ => None,
        }
    }
}
