//! Serving a room: appends, answers and refusals.

use super::{
    Command, Log, State,
    owner::{Phase, apart},
    room::{Cell, Entry, Key},
};
use crate::{Failure, Mutation, Next, Step};

impl Log {
    /// Takes commands: appends them, or finds them in the log.
    pub(super) fn serve(&self, state: &State, index: usize, next: &mut Next<State>) {
        let owner = &state.owners[index];
        if !state.holds(index) {
            return;
        }
        let mut new = Vec::new();
        for number in 0..self.scenario.commands.len() as u8 {
            if self.look_up(state, index, number, next) && state.refused & 1 << number == 0 {
                let possible = self.command(number) != Command::Edit || !owner.log.is_empty();
                new.extend(possible.then_some(number));
            }
        }
        for (place, one) in new.iter().enumerate() {
            self.append(state, index, vec![*one], false, next);
            if self.scenario.rolls {
                self.append(state, index, vec![*one], true, next);
            }
            if self.scenario.batches {
                for two in &new[place + 1..] {
                    self.append(state, index, vec![*one, *two], false, next);
                }
            }
        }
    }

    /// Answers a command that happened already; returns whether it may seem not to have.
    fn look_up(&self, state: &State, index: usize, number: u8, next: &mut Next<State>) -> bool {
        let owner = &state.owners[index];
        let place = owner.log.iter().position(|entry| entry.command == number);
        if let Some(place) = place
            && (place + 1 >= usize::from(owner.last) || !self.scenario.resends)
        {
            self.tell_again(state, index, number, place as u8 + 1, next);
            return false;
        }
        let mut unknown = !self.scenario.resends;
        for cell in state.store.row(Key::Sent(number)) {
            match cell {
                Some(Cell::Sent(position))
                    if place == Some(usize::from(position) - 1)
                        || self.is(Mutation::TrustsSentRows) =>
                {
                    self.tell_again(state, index, number, position, next);
                }
                _ => unknown = true,
            }
        }
        unknown
    }

    /// A command that the log has is answered again.
    fn tell_again(
        &self,
        state: &State,
        index: usize,
        number: u8,
        position: u8,
        next: &mut Next<State>,
    ) {
        let mut after = state.clone();
        after.tell(position, number);
        if after != *state {
            let epoch = state.owners[index].epoch;
            let words = || format!("epoch {epoch}: command {number} is at {position}");
            next.add(Step::Tell, words, after);
        }
    }

    /// Sends an append; when it rolls, into a new bucket, whose row is sent with it.
    fn append(
        &self,
        state: &State,
        index: usize,
        batch: Vec<u8>,
        rolls: bool,
        next: &mut Next<State>,
    ) {
        let mut after = state.clone();
        let owner = &mut after.owners[index];
        let first = owner.log.len() as u8 + 1;
        let bucket = rolls.then(|| vec![owner.next_bucket(self)]);
        let name = owner.name(self);
        owner.last = first;
        owner.batch.clone_from(&batch);
        let mut entries = Vec::new();
        let mut writes = Vec::new();
        let mut follow = Vec::new();
        for (place, command) in batch.iter().enumerate() {
            let position = first + place as u8;
            let cell = Cell::Entry { command: *command, first, lead: batch[0], edited: false };
            entries.push((Key::Entry(name, position), cell));
            if self.scenario.resends {
                writes.push(vec![(Key::Sent(*command), Cell::Sent(position))]);
            }
            match self.command(*command) {
                Command::Join => follow.push((Key::Member, Cell::Member(true))),
                Command::Leave => follow.push((Key::Member, Cell::Member(false))),
                Command::Say | Command::Edit => {}
            }
        }
        writes.insert(0, entries);
        writes.extend(bucket);
        if self.is(Mutation::SendsRowsWithTheAppend) {
            writes.extend(apart(follow));
        }
        after.send(index, Phase::Append, writes, self);
        let epoch = after.owners[index].epoch;
        next.add(
            Step::Append,
            || format!("epoch {epoch}: commands {batch:?} from {first} in bucket {name:?}"),
            after,
        );
    }

    /// The append, or what follows from it, is durable: the next step, if the lease holds.
    pub(super) fn go_on(&self, state: &State, index: usize, next: &mut Next<State>) {
        let mut after = state.clone();
        let epoch = state.owners[index].epoch;
        let appended = state.owners[index].phase == Phase::Append;
        // Rules 11 and 12 ask for a check each; within these bounds the first is enough, since what
        // is durable under the lease stays in the log.
        let early = self.is(Mutation::SendsRowsWithoutCheck);
        let checks = appended != early && !self.is(Mutation::TellsWithoutCheck);
        if checks && !state.holds(index) {
            after.owners.remove(index);
            next.add(Step::Check, || format!("epoch {epoch} has lost its lease"), after);
            return;
        }
        if appended {
            after.apply(index, self);
            let rows = after.owners[index].following(self);
            after.send(index, Phase::Follow, apart(rows), self);
            next.add(Step::Follow, || format!("epoch {epoch} sends what follows"), after.clone());
            if !self.is(Mutation::TellsBeforeRowsAreDurable) {
                return;
            }
        }
        let batch = std::mem::take(&mut after.owners[index].batch);
        let first = after.owners[index].last;
        for (position, command) in (first..).zip(&batch) {
            after.tell(position, *command);
        }
        after.owners[index].phase = Phase::Serve;
        next.add(Step::Tell, || format!("epoch {epoch}: commands {batch:?} from {first}"), after);
    }

    /// The outcome stays unknown: the owner reads the room again, for its next bucket.
    pub(super) fn give_up(&self, state: &State, index: usize, next: &mut Next<State>) {
        if !state.holds(index) || state.owners[index].rereads >= self.scenario.rereads {
            return;
        }
        let mut after = state.clone();
        let owner = &mut after.owners[index];
        owner.rereads += 1;
        owner.phase = Phase::Read;
        owner.batch.clear();
        owner.log.clear();
        owner.chain.clear();
        let epoch = owner.epoch;
        next.add(Step::Lose, || format!("epoch {epoch} hears of no outcome"), after);
    }

    /// Says that a command did not happen.
    pub(super) fn refuse(&self, state: &State, index: usize, next: &mut Next<State>) {
        let owner = &state.owners[index];
        if !state.holds(index) {
            return;
        }
        for number in 0..self.scenario.commands.len() as u8 {
            let known = owner.log.iter().any(|entry| entry.command == number);
            if !known && state.refused & 1 << number == 0 {
                let mut after = state.clone();
                after.refused |= 1 << number;
                let words = || format!("epoch {}: command {number}", owner.epoch);
                next.add(Step::Refuse, words, after);
            }
        }
    }
}

impl State {
    /// The append under way becomes part of the owner's log.
    fn apply(&mut self, index: usize, model: &Log) {
        let owner = &mut self.owners[index];
        let bucket = owner.name(model);
        let first = owner.last;
        for command in owner.batch.clone() {
            let lead = owner.batch[0];
            owner.log.push(Entry { bucket, command, first, lead, edited: false });
        }
        owner.apply_edits(model);
    }

    /// Somebody is told that the command stands at the position.
    fn tell(&mut self, position: u8, command: u8) {
        let twice = self
            .told
            .iter()
            .enumerate()
            .any(|(place, told)| *told == Some(command) && place + 1 != usize::from(position));
        let told = &mut self.told[usize::from(position) - 1];
        if twice {
            self.broken = Some(Failure::Doubled);
        } else if told.is_some_and(|other| other != command) {
            self.broken = Some(Failure::Conflict);
        }
        *told = Some(command);
    }
}
