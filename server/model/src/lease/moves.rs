//! What the processes do.

use super::{
    Attempt, LEASE, Lease, LeaseRow, Process, Role, State,
    rows::{Shard, Write},
};
use crate::{Failure, Mutation, Next, Step};

impl Process {
    /// Learns from its lease row which of its renewals took effect, if any did.
    fn learn(&mut self, row: LeaseRow, now: u8, lease: &Lease) {
        if row.fenced && !lease.is(Mutation::RenewsFencedLease) {
            self.end();
            return;
        }
        let Some(attempt) = self.attempts.iter().rev().find(|one| one.beat == row.beat) else {
            return;
        };
        let from_answer = lease.is(Mutation::CountsFromTheAnswer);
        self.since = Some(if from_answer { self.clock(now) } else { attempt.began });
        self.reserved = attempt.reserved.max(self.reserved);
        self.beat = row.beat;
        // The others are void: their condition is a beat that never comes back.
        self.attempts.clear();
    }

    /// The process ends: by a crash, or because its lease was fenced.
    fn end(&mut self) {
        *self = Self { alive: false, ..Self::new(self.node) };
    }

    fn rest(&mut self) {
        self.role = Role::Idle;
        self.seen = None;
    }
}

impl State {
    fn with(&self, index: usize, change: impl FnOnce(&mut Process)) -> Self {
        let mut after = self.clone();
        change(&mut after.processes[index]);
        after
    }

    /// The process reads the tail, answers and writes in the epoch from here on.
    fn begin(&mut self, index: usize, epoch: u8, floor: u8) {
        let worked = &mut self.worked[usize::from(epoch)];
        if worked.is_some_and(|other| usize::from(other) != index) {
            self.broken = Some(Failure::EpochReused);
        }
        *worked = Some(index as u8);
        let process = &mut self.processes[index];
        process.seen = None;
        process.role = Role::Works { epoch, floor, appending: false };
    }

    /// Stamps are used in an epoch; those of higher epochs must be higher.
    fn stamp(&mut self, epoch: u8, low: u8, high: u8) {
        let place = usize::from(epoch);
        let (lowest, highest) = self.stamps[place].unwrap_or((low, high));
        self.stamps[place] = Some((lowest.min(low), highest.max(high)));
        let used: Vec<_> = self.stamps.iter().flatten().collect();
        if used.windows(2).any(|pair| pair[0].1 >= pair[1].0) {
            self.broken = Some(Failure::EditUndone);
        }
    }
}

impl Lease {
    /// Renewals, their answers, and looking what became of those without one.
    pub(super) fn keep_lease(&self, state: &State, index: usize, next: &mut Next<State>) {
        let process = &state.processes[index];
        match process.renewal {
            Some(answer) => {
                if let Some(row) = answer {
                    let after = state.with(index, |process| {
                        process.renewal = None;
                        process.learn(row, state.now, self);
                    });
                    next.add(Step::Renew, || format!("process {index} is told {row:?}"), after);
                }
                let after = state.with(index, |process| process.renewal = None);
                next.add(Step::Lose, || format!("process {index} hears of no outcome"), after);
            }
            None => {
                if !process.attempts.is_empty() {
                    let row = state.leases[usize::from(process.node)];
                    let after = state.with(index, |process| process.learn(row, state.now, self));
                    next.add(Step::Look, || format!("process {index} reads {row:?}"), after);
                }
                if process.renewals < self.scenario.renewals[index] {
                    self.renew(state, index, next);
                }
            }
        }
    }

    fn renew(&self, state: &State, index: usize, next: &mut Next<State>) {
        let mut after = state.clone();
        let process = &mut after.processes[index];
        let repeats = self.is(Mutation::RepeatsBeats);
        let beat = if repeats { process.beat } else { process.newest } + 1;
        let floor = match process.role {
            Role::Works { floor, .. } => floor,
            _ => 0,
        };
        let reserved = process.reserved.max(floor) + 1;
        process.newest = beat;
        process.renewals += 1;
        process.renewal = Some(None);
        process.attempts.push(Attempt { beat, began: process.clock(state.now), reserved });
        if self.is(Mutation::UsesUnknownReservation) {
            process.reserved = reserved;
        }
        let write = Write::Renew { node: process.node, seen: process.beat, beat, reserved };
        after.send(index, write);
        next.add(Step::Renew, || format!("process {index} sends {write:?}"), after);
    }

    /// From somebody else's shard to a claim whose outcome is known.
    pub(super) fn take_over(&self, state: &State, index: usize, next: &mut Next<State>) {
        let process = &state.processes[index];
        let target = process.seen.and_then(|shard| shard.owner);
        let row = target.map(|node| state.leases[usize::from(node)]).unwrap_or_default();
        match process.role {
            Role::Idle => self.look_at_shard(state, index, next),
            Role::Reads { at } => {
                let before = self.is(Mutation::ClockBeforeTheRead);
                let since = if before { at } else { state.now };
                let role = Role::Waits { beat: row.beat, since };
                let role = if row.fenced { self.fenced(process, row) } else { role };
                let after = state.with(index, |process| process.role = role);
                next.add(Step::Watch, || format!("process {index} reads {row:?}"), after);
            }
            Role::Waits { beat, since } if state.now >= since + LEASE => {
                self.fence(state, index, beat, since, next);
            }
            Role::Fences { beat, since, answer } => {
                let role = match answer {
                    Some(true) => self.fenced(process, row),
                    Some(false) => Role::Idle,
                    None if self.is(Mutation::ClaimsAfterUnknownFence) => self.fenced(process, row),
                    None => Role::Waits { beat, since },
                };
                let after = state.with(index, |process| process.role = role);
                let step = if answer.is_some() { Step::Fence } else { Step::Lose };
                next.add(step, || format!("process {index}: fenced is {answer:?}"), after);
            }
            Role::Fenced { floor } => self.claim(state, index, floor, next),
            Role::Claims { epoch, floor, answer } => {
                let unknown = self.is(Mutation::WorksAfterUnknownClaim);
                let mut after = state.with(index, Process::rest);
                if answer.unwrap_or(unknown) {
                    after.begin(index, epoch, floor);
                }
                let step = if answer.is_some() { Step::Claim } else { Step::Lose };
                next.add(step, || format!("process {index}: claimed is {answer:?}"), after);
            }
            _ => {}
        }
    }

    /// Ends the lease of the owner, if its beat is still the one that was read.
    fn fence(&self, state: &State, index: usize, beat: u8, since: u8, next: &mut Next<State>) {
        let process = &state.processes[index];
        let Some(node) = process.seen.and_then(|shard| shard.owner) else { return };
        if self.is(Mutation::NoFence) {
            let row = state.leases[usize::from(node)];
            let role = if row.beat == beat { self.fenced(process, row) } else { Role::Idle };
            let after = state.with(index, |process| process.role = role);
            next.add(Step::Fence, || format!("process {index} does not fence"), after);
            return;
        }
        let mut after = state.with(index, |process| {
            process.role = Role::Fences { beat, since, answer: None };
        });
        after.send(index, Write::Fence { node, beat });
        next.add(Step::Fence, || format!("process {index} fences lease {node}"), after);
    }

    /// A lease that is known to have ended allows a claim.
    fn fenced(&self, process: &Process, row: LeaseRow) -> Role {
        let floor = process.seen.map(|shard| shard.floor).unwrap_or_default();
        let ignores = self.is(Mutation::IgnoresFloor);
        Role::Fenced { floor: if ignores { floor } else { floor.max(row.reserved) } }
    }

    /// Reads the shard row and decides what it means.
    fn look_at_shard(&self, state: &State, index: usize, next: &mut Next<State>) {
        let shard @ Shard { owner, epoch, floor } = state.shard;
        if epoch >= self.scenario.epochs && owner != Some(state.processes[index].node) {
            return;
        }
        let mut after = state.clone();
        let process = &mut after.processes[index];
        process.seen = Some(shard);
        if owner != Some(process.node) {
            process.role = match owner {
                Some(_) => Role::Reads { at: state.now },
                None => Role::Fenced { floor },
            };
        } else if state.worked[usize::from(epoch)] == Some(index as u8) {
            // Its own release may still take effect: only a new epoch makes that void.
            process.role = Role::Fenced { floor: floor.max(process.reserved) };
        } else {
            after.begin(index, epoch, floor);
        }
        next.add(Step::Look, || format!("process {index} reads {shard:?}"), after);
    }

    fn claim(&self, state: &State, index: usize, floor: u8, next: &mut Next<State>) {
        let Some(Shard { owner, epoch, .. }) = state.processes[index].seen else { return };
        let epoch = epoch + 1;
        if epoch > self.scenario.epochs {
            return;
        }
        let mut after = state.with(index, |process| {
            process.role = Role::Claims { epoch, floor, answer: None };
        });
        after.send(index, Write::Claim { from: owner, epoch, floor });
        next.add(Step::Claim, || format!("process {index} claims epoch {epoch}"), after);
    }

    /// Appends, and what ends them: drain and release.
    pub(super) fn work(&self, state: &State, index: usize, next: &mut Next<State>) {
        let process = &state.processes[index];
        match process.role {
            Role::Works { epoch, floor, appending } => {
                let appends = self.scenario.appends && !appending;
                if appends && process.holds(state.now) && process.reserved > floor {
                    let mut after = state.with(index, |process| {
                        process.role =
                            Role::Works { epoch, floor, appending: self.scenario.releases };
                    });
                    after.stamp(epoch, floor + 1, process.reserved);
                    next.add(Step::Append, || format!("process {index} in epoch {epoch}"), after);
                }
                if self.scenario.releases {
                    let after = state.with(index, |process| {
                        process.role = Role::Drains { epoch, floor, appending };
                    });
                    next.add(Step::Drain, || format!("process {index} takes nothing new"), after);
                }
            }
            Role::Drains { epoch, floor, appending }
                if !appending || self.is(Mutation::ReleasesWithWritesUnderWay) =>
            {
                let floor = floor.max(process.reserved);
                let mut after = state.with(index, |process| {
                    process.role = Role::Releases { epoch, floor, appending, answer: None };
                });
                after.send(index, Write::Release { epoch, floor });
                next.add(Step::Release, || format!("process {index}, epoch {epoch}"), after);
            }
            Role::Releases { epoch, floor, answer, .. } => {
                let back = answer.is_none() && self.is(Mutation::TakesBackWithoutClaim);
                let after = state.with(index, |process| {
                    process.rest();
                    if back {
                        process.role = Role::Works { epoch, floor, appending: false };
                    }
                });
                let step = if answer.is_some() { Step::Release } else { Step::Lose };
                next.add(step, || format!("process {index}: released is {answer:?}"), after);
            }
            _ => {}
        }
        self.written(state, index, next);
    }

    /// What was appended is durable, and the owner knows.
    fn written(&self, state: &State, index: usize, next: &mut Next<State>) {
        let mut after = state.clone();
        if let Role::Works { appending, .. } | Role::Drains { appending, .. } =
            &mut after.processes[index].role
            && *appending
        {
            *appending = false;
            next.add(Step::Land, || format!("the append of process {index} is durable"), after);
        }
    }

    /// The first process crashes, and comes back.
    pub(super) fn crash(&self, state: &State, next: &mut Next<State>) {
        if !self.scenario.returns || state.processes.len() > usize::from(self.scenario.processes) {
            return;
        }
        let mut after = state.clone();
        if state.processes[0].alive {
            after.processes[0].end();
            next.add(Step::Crash, || "process 0 ends".into(), after);
            return;
        }
        let name = state.processes.len();
        let mut process = Process::new(name as u8);
        if self.is(Mutation::KeepsItsName) {
            process.node = 0;
            process.beat = state.leases[0].beat;
            process.newest = process.beat;
            process.reserved = state.leases[0].reserved;
        }
        after.processes.push(process);
        next.add(Step::Start, || format!("process 0 starts again, as process {name}"), after);
    }

    /// A process sleeps for a tick, and its clock with it.
    pub(super) fn suspend(&self, state: &State, next: &mut Next<State>) {
        if !self.is(Mutation::ClockStandsStill) {
            return;
        }
        for index in 0..state.processes.len() {
            let mut after = state.with(index, |process| process.lag += 1);
            after.now += 1;
            next.add(Step::Tick, || format!("process {index} sleeps through the tick"), after);
        }
    }
}
