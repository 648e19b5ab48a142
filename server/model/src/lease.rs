//! Rules 1 to 7: who owns the shard, and which stamps its owner may use.
//!
//! Kept: lease rows with beat, fence and reserved stamps; the shard row with owner, epoch and floor;
//! conditional writes whose answer may come late or never and which may take effect at any later
//! time; renewing, looking, fencing, claiming, draining, releasing, taking back, a crash, and a
//! process that returns. Time is a clock of few ticks that all share, since only durations are
//! compared; a lease is [`LEASE`] ticks, steps within a tick come in any order, and the drift that a
//! claimer allows is left out together with the drift.
//!
//! Left out: what is written. Of an owner it is enough to know whether it may still tell: if it may
//! while another works in a higher epoch, what it tells is not in the log that the other has read
//! ([`Failure::Lost`]). Of stamps it is enough to know the highest that an epoch used and the lowest:
//! if they are out of order, a late write wins over a newer one ([`Failure::EditUndone`]).
//!
//! `moves` has the processes' steps, `rows` what takes effect in the store.

mod moves;
mod rows;

use self::rows::{LeaseRow, Request, Shard};
use crate::{Failure, Model, Mutation, Next, Step, Width};

/// Ticks for which a lease holds.
pub(crate) const LEASE: u8 = 2;

/// What happens in one search, at most.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Says what it is about.
    pub name: &'static str,
    /// The last tick.
    pub horizon: u8,
    /// Renewals that each process tries.
    pub renewals: [u8; 3],
    /// The highest epoch.
    pub epochs: u8,
    /// Processes at the start.
    pub processes: u8,
    /// Whether the first process crashes and comes back.
    pub returns: bool,
    /// Whether owners append, which uses stamps.
    pub appends: bool,
    /// Whether owners drain and release.
    pub releases: bool,
}

const EXPIRY: Scenario = Scenario {
    name: "expiry",
    horizon: 3,
    renewals: [2, 0, 0],
    epochs: 2,
    processes: 2,
    returns: false,
    appends: false,
    releases: false,
};

impl Scenario {
    /// What is searched.
    pub(crate) fn of(width: Width) -> &'static [Self] {
        match width {
            Width::Small => &Self::SMALL,
            Width::Wide => &Self::WIDE,
        }
    }

    const SMALL: [Self; 5] = [
        EXPIRY,
        Self { name: "claims", horizon: 2, renewals: [0; 3], processes: 3, ..EXPIRY },
        Self { name: "return", horizon: 2, renewals: [1, 0, 0], returns: true, ..EXPIRY },
        HANDOVER,
        Self { name: "stamps", horizon: 2, renewals: [1, 2, 0], appends: true, ..EXPIRY },
    ];

    const WIDE: [Self; 5] = [
        Self { horizon: 5, renewals: [3, 0, 0], ..EXPIRY },
        Self { name: "claims", renewals: [1, 0, 0], processes: 3, ..EXPIRY },
        Self { name: "return", renewals: [2, 0, 1], epochs: 3, returns: true, ..EXPIRY },
        Self { horizon: 2, renewals: [1, 0, 0], ..HANDOVER },
        Self { name: "stamps", horizon: 2, renewals: [2, 2, 0], appends: true, ..EXPIRY },
    ];
}

const HANDOVER: Scenario = Scenario {
    name: "handover",
    horizon: 0,
    renewals: [0; 3],
    epochs: 3,
    appends: true,
    releases: true,
    ..EXPIRY
};

/// The model of leases, claims and stamps.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// What happens.
    pub scenario: Scenario,
    /// The rule that is switched off.
    pub mutation: Option<Mutation>,
}

/// What an owner or a claimer is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Idle,
    /// Reads the lease of the owner; the tick at which it began to.
    Reads {
        at: u8,
    },
    /// Waits since the tick, for as long as the lease of the beat can hold.
    Waits {
        beat: u8,
        since: u8,
    },
    /// Wants to end the lease; the answer, once it is there.
    Fences {
        beat: u8,
        since: u8,
        answer: Option<bool>,
    },
    /// Knows that the lease is fenced: may claim.
    Fenced {
        floor: u8,
    },
    /// Has sent a claim of the epoch.
    Claims {
        epoch: u8,
        floor: u8,
        answer: Option<bool>,
    },
    Works {
        epoch: u8,
        floor: u8,
        appending: bool,
    },
    /// Takes nothing new; waits for what it has sent.
    Drains {
        epoch: u8,
        floor: u8,
        appending: bool,
    },
    /// Has sent a release of the epoch.
    Releases {
        epoch: u8,
        floor: u8,
        appending: bool,
        answer: Option<bool>,
    },
}

/// A renewal of which the process does not know whether it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Attempt {
    beat: u8,
    began: u8,
    reserved: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Process {
    /// Its name: the number of its lease row.
    node: u8,
    alive: bool,
    /// Ticks that its clock has missed.
    lag: u8,
    /// The beat seen last, the newest one written, and how many were.
    beat: u8,
    newest: u8,
    renewals: u8,
    /// The tick from which its lease counts.
    since: Option<u8>,
    /// The highest stamp that it may use.
    reserved: u8,
    attempts: Vec<Attempt>,
    /// The renewal that it waits for; the row after it, once the answer is there.
    renewal: Option<Option<LeaseRow>>,
    /// The shard as it read it when it began to take it over.
    seen: Option<Shard>,
    role: Role,
}

impl Process {
    fn new(node: u8) -> Self {
        Self {
            node,
            alive: true,
            lag: 0,
            beat: 0,
            newest: 0,
            renewals: 0,
            since: None,
            reserved: 0,
            attempts: Vec::new(),
            renewal: None,
            seen: None,
            role: Role::Idle,
        }
    }

    /// Its own clock.
    fn clock(&self, now: u8) -> u8 {
        now - self.lag
    }

    /// Whether its lease holds, by its own clock.
    fn holds(&self, now: u8) -> bool {
        self.alive && self.since.is_some_and(|since| self.clock(now) < since + LEASE)
    }

    /// The epoch in which it may tell somebody something now.
    fn tells(&self, now: u8) -> Option<u8> {
        match self.role {
            Role::Works { epoch, .. }
            | Role::Drains { epoch, appending: true, .. }
            | Role::Releases { epoch, appending: true, .. } => self.holds(now).then_some(epoch),
            _ => None,
        }
    }
}

/// The first process owns the shard at the start; the second is idle.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    now: u8,
    leases: [LeaseRow; 3],
    shard: Shard,
    processes: Vec<Process>,
    /// Conditional writes that may still take effect, in order.
    requests: Vec<Request>,
    /// Who worked in each epoch, and the lowest and the highest stamp used in it.
    worked: [Option<u8>; 6],
    stamps: [Option<(u8, u8)>; 6],
    broken: Option<Failure>,
}

impl Model for Lease {
    type State = State;

    fn init(&self) -> State {
        let mut owner = Process::new(0);
        (owner.beat, owner.newest, owner.reserved, owner.since) = (1, 1, 1, Some(0));
        owner.role = Role::Works { epoch: 1, floor: 0, appending: false };
        let mut state = State {
            now: 0,
            leases: [LeaseRow { beat: 1, reserved: 1, fenced: false }; 3],
            shard: Shard { owner: Some(0), epoch: 1, floor: 0 },
            processes: vec![owner],
            requests: Vec::new(),
            worked: [None; 6],
            stamps: [None; 6],
            broken: None,
        };
        state.leases[1..].fill(LeaseRow::default());
        state.worked[1] = Some(0);
        state.processes.extend((1..self.scenario.processes).map(Process::new));
        state
    }

    fn next(&self, state: &State, next: &mut Next<State>) {
        if state.now < self.scenario.horizon {
            let mut after = state.clone();
            after.now += 1;
            next.add(Step::Tick, || format!("the clock shows {}", after.now), after.clone());
            self.suspend(state, next);
        }
        for index in 0..state.requests.len() {
            state.take_effect(self, index, next);
        }
        for index in 0..state.processes.len() {
            if state.processes[index].alive {
                self.keep_lease(state, index, next);
                self.take_over(state, index, next);
                self.work(state, index, next);
            }
        }
        self.crash(state, next);
    }

    fn broken(&self, state: &State) -> Option<Failure> {
        state.broken.or_else(|| {
            let highest = (0..6).rev().find(|epoch| state.worked[*epoch].is_some())?;
            let mut telling = state.processes.iter().filter_map(|one| one.tells(state.now));
            telling.any(|epoch| usize::from(epoch) < highest).then_some(Failure::Lost)
        })
    }
}

impl Lease {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }
}
