//! Taking a room over, and reading it again, in the order of rules 13 to 17.

use super::{
    Log, State,
    owner::{Phase, apart},
    room::{self, Cell, Key, Room},
};
use crate::{Mutation, Next, Step};

impl Log {
    /// Reads the chain and the tail, and writes again what may not be durable.
    pub(super) fn read(&self, state: &State, index: usize, next: &mut Next<State>) {
        let weak = self.is(Mutation::ReadsOneReplica);
        let views = state.store.reads(weak, |key| matches!(key, Key::Bucket(_) | Key::Entry(..)));
        for view in views {
            let room = Room::read(&view, self);
            let mut after = state.clone();
            let failure = state.judge(&room, self);
            if state.holds(index) && failure.is_some() {
                after.broken = failure;
            } else if room.failure.is_some() {
                // Superseded, and what it reads makes no sense any more: it ends.
                after.owners.remove(index);
            } else if self.scenario.reader && state.newest == self.scenario.epochs {
                after.owners.clear();
            } else {
                let owner = &mut after.owners[index];
                owner.last = room.log.last().map_or(1, |entry| entry.first);
                (owner.log, owner.chain) = (room.log, room.chain);
                if self.is(Mutation::OpensBeforeAdopting) {
                    after.open(index, self);
                } else {
                    after.adopt(index, self);
                }
            }
            let epoch = state.owners[index].epoch;
            let words = || {
                let log = Room::read(&view, self).log;
                let log: Vec<_> = log.iter().map(|entry| entry.command).collect();
                format!("epoch {epoch} sees {}: the log is {log:?}", room::words(&view))
            };
            next.add(Step::Read, words, after);
        }
    }
}

impl State {
    /// Writes the last append again, with the row of the bucket that holds it.
    pub(super) fn adopt(&mut self, index: usize, model: &Log) {
        let owner = &self.owners[index];
        let mut writes = Vec::new();
        if let Some(newest) = owner.log.last() {
            let positions = if model.is(Mutation::AdoptsLastEntryOnly) {
                owner.log.len() as u8..=owner.log.len() as u8
            } else {
                owner.last_append()
            };
            let entries = positions.map(|position| owner.cell(position)).collect();
            if !model.is(Mutation::AdoptsNothing) {
                writes.push(entries);
            }
            let place = owner.chain.iter().position(|(name, _)| *name == newest.bucket);
            if let Some(place) = place
                && !model.is(Mutation::LeavesBucketRow)
            {
                let (name, first) = owner.chain[place];
                let before = place.checked_sub(1).map(|place| owner.chain[place].0);
                writes.push(vec![(Key::Bucket(name), Cell::Bucket { first, before })]);
            }
        }
        self.send(index, Phase::Adopt, writes, model);
    }

    /// Writes the `sent` rows of the last append again.
    pub(super) fn remember(&mut self, index: usize, model: &Log) {
        let owner = &self.owners[index];
        let sent = |position: u8| {
            let command = owner.log[usize::from(position) - 1].command;
            (Key::Sent(command), Cell::Sent(position))
        };
        let rows: Vec<_> = match model.is(Mutation::LeavesSentRows) || !model.scenario.resends {
            true => Vec::new(),
            false => owner.last_append().map(sent).collect(),
        };
        self.send(index, Phase::Remember, apart(rows), model);
    }

    pub(super) fn after_remember(&mut self, index: usize, model: &Log) {
        if model.is(Mutation::OpensBeforeAdopting) {
            self.check_and_repair(index, model);
        } else {
            self.open(index, model);
        }
    }

    /// Writes the row of the owner's own new bucket.
    pub(super) fn open(&mut self, index: usize, model: &Log) {
        let owner = &mut self.owners[index];
        if owner.bucket > 0 && model.is(Mutation::GoesOnInTheSameBucket) {
            self.send(index, Phase::Open, Vec::new(), model);
            return;
        }
        let row = owner.next_bucket(model);
        self.send(index, Phase::Open, vec![vec![row]], model);
    }

    /// Checks the lease, and writes again the rows that follow from the last append.
    pub(super) fn check_and_repair(&mut self, index: usize, model: &Log) {
        if !self.holds(index) && !model.is(Mutation::OpensWithoutCheck) {
            self.owners.remove(index);
            return;
        }
        self.owners[index].apply_edits(model);
        let mut rows = self.owners[index].following(model);
        if model.is(Mutation::LeavesRows) {
            rows.clear();
        }
        self.send(index, Phase::Repair, apart(rows), model);
    }
}
