//! An owner: what it knows and waits for, and which step comes next.

use super::{
    Command, Log, State,
    room::{Cell, Entry, Key, Name},
};
use crate::{Mutation, Next, Step};

/// What an owner waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// To read the room.
    Read,
    /// For the last append and its bucket's row, written again.
    Adopt,
    /// For its `sent` rows, written again.
    Remember,
    /// For its own new bucket's row.
    Open,
    /// For the rows that follow from the last append, written again.
    Repair,
    /// For commands.
    Serve,
    /// For an append and its `sent` rows.
    Append,
    /// For the rows that follow from the append.
    Follow,
}

/// The owner of one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Owner {
    pub(super) epoch: u8,
    pub(super) phase: Phase,
    /// The stamps of what it waits for: from this one up to the next one that it will use.
    pub(super) since: u8,
    pub(super) stamp: u8,
    pub(super) log: Vec<Entry>,
    pub(super) chain: Vec<(Name, u8)>,
    /// The first position of the last append, from which memory knows the commands.
    pub(super) last: u8,
    /// The number of its newest bucket.
    pub(super) bucket: u8,
    pub(super) rereads: u8,
    /// The commands of the append under way.
    pub(super) batch: Vec<u8>,
}

/// Stamps of one epoch.
const STAMPS: u8 = 40;

impl Owner {
    pub(super) fn new(epoch: u8) -> Self {
        Self {
            epoch,
            phase: Phase::Read,
            since: 0,
            stamp: 0,
            log: Vec::new(),
            chain: Vec::new(),
            last: 1,
            bucket: 0,
            rereads: 0,
            batch: Vec::new(),
        }
    }

    /// The owner that serves the empty room at the start.
    pub(super) fn first(model: &Log) -> Self {
        let mut owner = Self { phase: Phase::Serve, bucket: 1, ..Self::new(1) };
        owner.chain.push(((1, 1), 1));
        owner.chain[0].0 = owner.name(model);
        owner
    }

    pub(super) fn name(&self, model: &Log) -> Name {
        if model.is(Mutation::NamesBucketsByPosition) {
            return (0, self.chain.last().map(|(_, first)| *first).unwrap_or(1));
        }
        (self.epoch, self.bucket)
    }

    pub(super) fn cell(&self, position: u8) -> (Key, Cell) {
        let Entry { bucket, command, first, lead, edited } = self.log[usize::from(position) - 1];
        (Key::Entry(bucket, position), Cell::Entry { command, first, lead, edited })
    }

    /// The first stamp of its epoch.
    fn first_stamp(&self, model: &Log) -> u8 {
        let falls = model.is(Mutation::StampsBelowFloor);
        STAMPS * if falls { 6 - self.epoch } else { self.epoch }
    }

    /// What a changed message says follows from the entry, whether or not its row says so.
    pub(super) fn apply_edits(&mut self, model: &Log) {
        if self.log.iter().any(|entry| model.command(entry.command) == Command::Edit) {
            self.log[0].edited = true;
        }
    }

    /// The row of a new bucket, which becomes the newest of the chain.
    pub(super) fn next_bucket(&mut self, model: &Log) -> (Key, Cell) {
        // Rule 9 says which bucket is named only so far: it is the newest one that holds an entry.
        // The row of an empty one may not be durable, and rule 14 does not write it again.
        let first = self.log.len() as u8 + 1;
        while self.chain.last().is_some_and(|(_, start)| *start >= first)
            && !model.is(Mutation::NamesEmptyBucket)
        {
            self.chain.pop();
        }
        let before = self.chain.last().map(|(name, _)| *name);
        self.bucket += 1;
        self.chain.push(((self.epoch, self.bucket), first));
        let name = self.name(model);
        if let Some(newest) = self.chain.last_mut() {
            newest.0 = name;
        }
        (Key::Bucket(name), Cell::Bucket { first, before })
    }

    /// Positions of the last append, in the log or under way.
    pub(super) fn last_append(&self) -> std::ops::RangeInclusive<u8> {
        self.last..=self.log.len() as u8
    }

    /// Rows in other tables that follow from the last append.
    pub(super) fn following(&self, model: &Log) -> Vec<(Key, Cell)> {
        let mut rows = Vec::new();
        for position in self.last_append() {
            match model.command(self.log[usize::from(position) - 1].command) {
                Command::Say => {}
                Command::Edit => rows.push(self.cell(1)),
                Command::Join => rows.push((Key::Member, Cell::Member(true))),
                Command::Leave => rows.push((Key::Member, Cell::Member(false))),
            }
        }
        rows
    }
}

impl State {
    /// Sends rows of different partitions as the owner's next writes, and makes it wait for them.
    pub(super) fn send(
        &mut self,
        index: usize,
        phase: Phase,
        writes: Vec<Vec<(Key, Cell)>>,
        model: &Log,
    ) {
        let owner = &mut self.owners[index];
        owner.phase = phase;
        owner.since = owner.stamp;
        for rows in writes {
            self.store.send(owner.first_stamp(model) + owner.stamp, rows);
            owner.stamp += 1;
        }
        // Nothing was sent: there is nothing to wait for.
        let nothing = owner.since == owner.stamp;
        match phase {
            Phase::Adopt if nothing => self.remember(index, model),
            Phase::Remember if nothing => self.after_remember(index, model),
            Phase::Open if nothing => self.check_and_repair(index, model),
            Phase::Repair if nothing => self.owners[index].phase = Phase::Serve,
            _ => {}
        }
    }

    pub(super) fn settled(&self, index: usize, model: &Log) -> bool {
        let owner = &self.owners[index];
        let base = owner.first_stamp(model);
        self.store.settled(base + owner.since, base + owner.stamp)
    }

    pub(super) fn holds(&self, index: usize) -> bool {
        self.owners[index].epoch == self.newest
    }
}

/// Rows as writes of their own: of different partitions, which land one by one.
pub(super) fn apart(rows: Vec<(Key, Cell)>) -> Vec<Vec<(Key, Cell)>> {
    rows.into_iter().map(|row| vec![row]).collect()
}

impl Log {
    /// Everything that one owner can do now.
    pub(super) fn advance(&self, state: &State, index: usize, next: &mut Next<State>) {
        let owner = &state.owners[index];
        let settled = state.settled(index, self);
        match owner.phase {
            Phase::Read => self.read(state, index, next),
            Phase::Serve => self.serve(state, index, next),
            Phase::Append | Phase::Follow if !settled => self.give_up(state, index, next),
            _ if !settled && !self.hurries(owner.phase) => {}
            Phase::Adopt => {
                let mut after = state.clone();
                after.remember(index, self);
                next.add(Step::Adopt, || format!("epoch {}: done", owner.epoch), after);
            }
            Phase::Remember => {
                let mut after = state.clone();
                after.after_remember(index, self);
                next.add(Step::Remember, || format!("epoch {}: done", owner.epoch), after);
            }
            Phase::Open => {
                let mut after = state.clone();
                if self.is(Mutation::OpensBeforeAdopting) {
                    after.adopt(index, self);
                } else {
                    after.check_and_repair(index, self);
                }
                next.add(Step::Open, || format!("epoch {}: checks its lease", owner.epoch), after);
            }
            Phase::Repair => {
                let mut after = state.clone();
                after.send(index, Phase::Serve, Vec::new(), self);
                next.add(Step::Repair, || format!("epoch {} serves", owner.epoch), after);
            }
            Phase::Append | Phase::Follow => self.go_on(state, index, next),
        }
        let early = self.is(Mutation::RefusesBeforeOpening)
            && matches!(owner.phase, Phase::Adopt | Phase::Remember | Phase::Open);
        if self.scenario.refuses && (owner.phase == Phase::Serve || early) {
            self.refuse(state, index, next);
        }
    }

    /// Whether a mutation does not wait for what it has sent in the phase.
    fn hurries(&self, phase: Phase) -> bool {
        phase == Phase::Open && self.is(Mutation::TellsBeforeBucketIsDurable)
    }
}
