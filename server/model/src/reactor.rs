//! Rules 15, 23 and 24: a reactor misses nothing.
//!
//! Kept: the rows of `activity` by the owner's minute, the reactors' cursor with its stamps, and the
//! entries, in a store in which each write lands when it likes; owners whose clocks differ; appends
//! that land in parts and are given up after the write timeout of one minute; takeovers that read,
//! adopt and wait; and the reactor, which runs beside the owner, reads minutes, then the room, and
//! moves the cursor.
//!
//! Left out: other rooms of the shard, buckets and chains: a takeover that sees an append writes it
//! again, and one that does not makes it void. A reactor that does the same work twice is no failure.
//! An owner that was superseded does nothing more; what it has sent still lands.

use crate::{Failure, Model, Mutation, Next, Step, Width, store::Store};

/// What happens in one search, at most.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Says what it is about.
    pub name: &'static str,
    /// Appends that owners begin.
    pub appends: u8,
    /// The highest epoch.
    pub epochs: u8,
    /// The last minute of any clock.
    pub horizon: u8,
}

impl Scenario {
    /// What is searched.
    pub(crate) fn of(width: Width) -> &'static [Self] {
        match width {
            Width::Small => &[Self { name: "reactor", appends: 2, epochs: 2, horizon: 3 }],
            Width::Wide => &[Self { name: "reactor", appends: 2, epochs: 2, horizon: 4 }],
        }
    }
}

/// The model of a reactor.
#[derive(Clone, Copy, Debug)]
pub struct Reactor {
    /// What happens.
    pub scenario: Scenario,
    /// The rule that is switched off.
    pub mutation: Option<Mutation>,
}

/// Minutes after which a write without an answer is given up.
const TIMEOUT: u8 = 1;
/// Stamps of one epoch.
const STAMPS: u8 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Entry(u8),
    Activity(u8),
    Cursor,
}

/// What the owner waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Read,
    /// What it writes again.
    Adopt,
    Serve,
    /// An append that was sent in the minute.
    Append {
        sent: u8,
    },
}

/// The owner that holds the lease; the first one serves at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    epoch: u8,
    phase: Phase,
    clock: u8,
    /// The cursor as the owner knows it.
    cursor: u8,
    /// The next stamp of the epoch, and the first of what the owner waits for.
    stamp: u8,
    since: u8,
    appends: u8,
    /// Names of entries: those told, in order, and the one under way.
    told: Vec<u8>,
    under_way: Option<u8>,
    /// The entries that the reactor has handled.
    handled: Vec<u8>,
    store: Store<Key, u8>,
}

impl Model for Reactor {
    type State = State;

    fn init(&self) -> State {
        let mut store = Store::new();
        store.send(0, vec![(Key::Cursor, 0)]);
        store.land(0);
        State {
            epoch: 1,
            phase: Phase::Serve,
            clock: 1,
            cursor: 0,
            stamp: 0,
            since: 0,
            appends: 0,
            told: Vec::new(),
            under_way: None,
            handled: Vec::new(),
            store,
        }
    }

    fn next(&self, state: &State, next: &mut Next<State>) {
        for (number, rows) in state.store.on_their_way() {
            let mut after = state.clone();
            after.store.land(number);
            next.add(Step::Land, || format!("{rows:?}"), after);
        }
        let waits = match state.phase {
            Phase::Append { sent } => state.clock >= sent + TIMEOUT,
            Phase::Read | Phase::Adopt => true,
            Phase::Serve => false,
        };
        if state.clock < self.scenario.horizon && !waits {
            let after = State { clock: state.clock + 1, ..state.clone() };
            next.add(
                Step::Tick,
                || format!("the owner's minute is {}", after.clock),
                after.clone(),
            );
        }
        if state.epoch < self.scenario.epochs {
            for clock in [1, state.clock] {
                let mut after = state.clone();
                after.epoch += 1;
                (after.phase, after.clock) = (Phase::Read, clock);
                (after.stamp, after.since) = (0, 0);
                next.add(Step::Claim, || format!("an owner whose minute is {clock}"), after);
            }
        }
        match state.phase {
            Phase::Read => self.read(state, next),
            Phase::Adopt if state.settled() => {
                let after = state.served();
                next.add(Step::Adopt, || format!("{:?} are told", after.told), after.clone());
            }
            Phase::Adopt => {}
            Phase::Serve => {
                if state.appends < self.scenario.appends {
                    self.append(state, next);
                }
                self.sweep(state, next);
            }
            Phase::Append { .. } => self.wait(state, next),
        }
    }

    fn broken(&self, state: &State) -> Option<Failure> {
        if state.told.iter().all(|entry| state.handled.contains(entry)) {
            return None;
        }
        let mut cursors = state.store.row(Key::Cursor).into_iter().flatten();
        let found = cursors
            .all(|cursor| (cursor + 1..20).any(|minute| state.durable(Key::Activity(minute))));
        (!found).then_some(Failure::Missed)
    }
}

impl State {
    fn send(&mut self, key: Key, value: u8) {
        self.store.send(self.epoch * STAMPS + self.stamp, vec![(key, value)]);
        self.stamp += 1;
    }

    /// Whether every quorum read sees the row.
    fn durable(&self, key: Key) -> bool {
        self.store.row(key).iter().all(Option::is_some)
    }

    fn settled(&self) -> bool {
        let base = self.epoch * STAMPS;
        self.store.settled(base + self.since, base + self.stamp)
    }

    /// The append under way is told, and the owner serves.
    fn served(&self) -> Self {
        let mut after = Self { phase: Phase::Serve, ..self.clone() };
        after.told.extend(after.under_way.take());
        after
    }
}

impl Reactor {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The minute in which the owner writes `activity`.
    fn minute(&self, state: &State) -> u8 {
        if self.is(Mutation::MinuteByClockOnly) {
            return state.clock;
        }
        state.clock.max(state.cursor + 1)
    }

    /// Reads the room and the cursor, and writes again what may not be durable.
    fn read(&self, state: &State, next: &mut Next<State>) {
        let wanted =
            |key| key == Key::Cursor || state.under_way.is_some_and(|one| key == Key::Entry(one));
        for view in state.store.reads(false, wanted) {
            let mut after = state.clone();
            after.phase = Phase::Adopt;
            after.since = after.stamp;
            let cursor = view.iter().find(|(key, _)| *key == Key::Cursor);
            after.cursor = cursor.map_or(0, |(_, cursor)| *cursor);
            let seen = view.len() > 1;
            if let Some(entry) = state.under_way.filter(|_| seen) {
                after.send(Key::Entry(entry), 0);
            } else {
                after.under_way = None;
            }
            let active = seen || !after.told.is_empty();
            if active && !self.is(Mutation::LeavesActivity) {
                after.send(Key::Activity(self.minute(&after)), 0);
            }
            if !self.is(Mutation::LeavesCursor) {
                after.send(Key::Cursor, after.cursor);
            }
            next.add(Step::Read, || format!("{view:?}"), after);
        }
    }

    fn append(&self, state: &State, next: &mut Next<State>) {
        let mut after = state.clone();
        let minute = self.minute(state);
        after.phase = Phase::Append { sent: state.clock };
        after.since = after.stamp;
        after.under_way = Some(state.appends);
        after.appends += 1;
        after.send(Key::Entry(state.appends), 0);
        after.send(Key::Activity(minute), 0);
        let words = || format!("entry {}, in minute {minute} of `activity`", state.appends);
        next.add(Step::Append, words, after);
    }

    /// The append becomes durable, or is given up.
    fn wait(&self, state: &State, next: &mut Next<State>) {
        let entry = state.under_way.map(Key::Entry);
        let durable = entry.is_some_and(|entry| state.durable(entry));
        if state.settled() || durable && self.is(Mutation::TellsBeforeActivity) {
            let after = state.served();
            next.add(Step::Tell, || format!("{:?} are told", after.told), after.clone());
        }
        self.sweep(state, next);
        let after = State { phase: Phase::Read, ..state.clone() };
        next.add(Step::Lose, || "the owner hears of no outcome".into(), after);
    }

    /// The reactor reads the minutes that have ended, then the room, and moves its cursor.
    fn sweep(&self, state: &State, next: &mut Next<State>) {
        let early = self.is(Mutation::MovesPastOpenMinutes);
        let ended = if early { state.clock } else { state.clock.saturating_sub(1 + TIMEOUT) };
        if ended <= state.cursor {
            return;
        }
        let minutes = state.cursor + 1..=ended;
        let wanted = |key| matches!(key, Key::Activity(minute) if minutes.contains(&minute));
        for view in state.store.reads(false, wanted) {
            let mut after = state.clone();
            if view.iter().any(|(key, _)| wanted(*key)) {
                // The owner answers for a room once no append is under way in it.
                if state.under_way.is_some() {
                    continue;
                }
                let behind = usize::from(self.is(Mutation::ReadsTheRoomFromAView));
                after.handled = state.told[..state.told.len().saturating_sub(behind)].to_vec();
            }
            after.cursor = ended;
            after.send(Key::Cursor, ended);
            let words = || format!("minutes to {ended}: handled {:?}", after.handled);
            next.add(Step::Sweep, words, after.clone());
        }
    }
}
