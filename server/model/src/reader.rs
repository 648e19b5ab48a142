//! Rules 21 and 22: a reader on another node, for a person who is removed.
//!
//! Kept: owners of two epochs with what they have told and the buckets that they name; an append of
//! unknown outcome, whose row lands in a bucket that another has replaced; a takeover that sees it or
//! does not; a former owner that still answers; and the reader's steps: asking the owner how far the
//! room is, reading rows, asking whether the person may see them, handing them out.
//!
//! Left out: how the owner makes things durable, which the `log` model covers: what is told is
//! durable, and a takeover is one step. The reader is one person's; a node's view is a reader without
//! the last question, which asks it for each session.

use crate::{Failure, Model, Mutation, Next, Step, Width};

/// What happens in one search, at most.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Says what it is about.
    pub name: &'static str,
    /// Entries that owners append.
    pub entries: u8,
    /// The highest epoch.
    pub epochs: u8,
    /// How often owners give up an append of unknown outcome.
    pub rereads: u8,
}

impl Scenario {
    /// What is searched.
    pub(crate) fn of(width: Width) -> &'static [Self] {
        match width {
            Width::Small => &[Self { name: "reader", entries: 3, epochs: 2, rereads: 1 }],
            Width::Wide => &[Self { name: "reader", entries: 4, epochs: 3, rereads: 2 }],
        }
    }
}

/// The model of a reader.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// What happens.
    pub scenario: Scenario,
    /// The rule that is switched off.
    pub mutation: Option<Mutation>,
}

/// The entry that removes the person: nothing above it may be handed out.
const LEAVES: u8 = 1;

/// A row of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Row {
    bucket: u8,
    position: u8,
    entry: u8,
    landed: bool,
}

/// Buckets with their first positions, oldest first.
type Chain = Vec<(u8, u8)>;

/// An owner, as it was when it last did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owner {
    told: u8,
    chain: Chain,
    under_way: Option<u8>,
}

/// Where the reader is with its next rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Idle,
    /// The person may see the room; only a mutation asks this first.
    Admitted,
    /// The owner has told so many positions, in these buckets.
    Asked {
        told: u8,
        chain: Chain,
    },
    Fetched {
        entries: Vec<u8>,
    },
}

/// The room is empty at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The last one holds the lease.
    owners: Vec<Owner>,
    rows: Vec<Row>,
    /// What owners have told, by position.
    told: Vec<u8>,
    appended: u8,
    buckets: u8,
    rereads: u8,
    stage: Stage,
    /// Buckets that the reader has found itself, for a mutation.
    found: Option<Chain>,
    handed: Vec<u8>,
    broken: Option<Failure>,
}

impl Model for Reader {
    type State = State;

    fn init(&self) -> State {
        State {
            owners: vec![Owner { told: 0, chain: vec![(0, 1)], under_way: None }],
            rows: Vec::new(),
            told: Vec::new(),
            appended: 0,
            buckets: 1,
            rereads: 0,
            stage: Stage::Idle,
            found: None,
            handed: Vec::new(),
            broken: None,
        }
    }

    fn next(&self, state: &State, next: &mut Next<State>) {
        for number in 0..state.rows.len() {
            if !state.rows[number].landed {
                let mut after = state.clone();
                after.rows[number].landed = true;
                next.add(Step::Land, || format!("{:?}", state.rows[number]), after);
            }
        }
        self.own(state, next);
        match &state.stage {
            Stage::Idle if self.is(Mutation::AdmitsFirst) => {
                self.admit(state, Stage::Admitted, next);
            }
            Stage::Idle | Stage::Admitted => self.ask(state, next),
            Stage::Asked { told, chain } => self.fetch(state, *told, chain, next),
            Stage::Fetched { entries } if self.is(Mutation::AdmitsFirst) => {
                let after = state.hand(entries);
                next.add(Step::Hand, || format!("{entries:?}"), after);
            }
            Stage::Fetched { entries } => {
                let mut after = state.clone();
                after.stage = Stage::Idle;
                if !state.removed() {
                    after = state.hand(entries);
                }
                next.add(Step::Admit, || format!("then hands out {entries:?}"), after);
            }
        }
    }

    fn broken(&self, state: &State) -> Option<Failure> {
        let wrong = state.handed.iter().zip(&state.told).any(|(handed, told)| handed != told);
        state.broken.or(wrong.then_some(Failure::Conflict))
    }
}

impl State {
    fn removed(&self) -> bool {
        self.told.contains(&LEAVES)
    }

    /// Hands rows out to the person.
    fn hand(&self, entries: &[u8]) -> Self {
        let mut after = Self { stage: Stage::Idle, ..self.clone() };
        after.handed.extend(entries);
        let end = self.told.iter().position(|entry| *entry == LEAVES);
        if end.is_some_and(|end| after.handed.len() > end + 1) {
            after.broken = Some(Failure::Leak);
        }
        after
    }

    /// The owner that holds the lease tells its append.
    fn tell(&mut self, entry: u8) {
        if let Some(owner) = self.owners.last_mut() {
            owner.told += 1;
            owner.under_way = None;
        }
        self.told.push(entry);
    }

    /// Opens a bucket above what was told.
    fn open(&mut self) {
        if let Some(owner) = self.owners.last_mut() {
            owner.under_way = None;
            owner.chain.retain(|(_, first)| *first <= owner.told);
            owner.chain.push((self.buckets, owner.told + 1));
            self.buckets += 1;
        }
    }

    fn row(&self, chain: &Chain, position: u8) -> Option<usize> {
        let (bucket, _) = chain.iter().rev().find(|(_, first)| *first <= position)?;
        self.rows.iter().position(|row| row.bucket == *bucket && row.position == position)
    }
}

impl Reader {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// What the owner that holds the lease does, and what replaces it.
    fn own(&self, state: &State, next: &mut Next<State>) {
        let Some(owner) = state.owners.last() else { return };
        let takes_over = state.owners.len() < usize::from(self.scenario.epochs);
        let Some(entry) = owner.under_way else {
            if state.appended < self.scenario.entries {
                self.append(state, owner, next);
            }
            if takes_over {
                let mut after = state.clone();
                after.owners.push(owner.clone());
                after.open();
                next.add(Step::Claim, || "the next owner opens its bucket".into(), after);
            }
            return;
        };
        let Some(place) = state.row(&owner.chain, owner.told + 1) else { return };
        let landed = state.rows[place].landed;
        if landed {
            let mut after = state.clone();
            after.tell(entry);
            next.add(Step::Tell, || format!("entry {entry} at {}", owner.told + 1), after);
        }
        for seen in [true, false] {
            if landed && !seen {
                continue;
            }
            let mut after = state.clone();
            after.rows[place].landed = seen;
            if takes_over {
                let mut after = after.clone();
                after.owners.push(owner.clone());
                if seen {
                    after.tell(entry);
                }
                after.open();
                next.add(Step::Claim, || format!("the next owner sees {entry}: {seen}"), after);
            }
            if state.rereads < self.scenario.rereads {
                after.rereads += 1;
                if seen {
                    after.tell(entry);
                }
                after.open();
                next.add(Step::Lose, || format!("the owner sees {entry} again: {seen}"), after);
            }
        }
    }

    fn append(&self, state: &State, owner: &Owner, next: &mut Next<State>) {
        let mut after = state.clone();
        let entry = state.appended;
        let Some((bucket, _)) = owner.chain.last() else { return };
        let (bucket, position) = (*bucket, owner.told + 1);
        after.rows.push(Row { bucket, position, entry, landed: false });
        after.rows.sort_unstable();
        after.appended += 1;
        if let Some(owner) = after.owners.last_mut() {
            owner.under_way = Some(entry);
        }
        next.add(Step::Append, || format!("entry {entry} at {position} in {bucket}"), after);
    }

    /// The reader asks an owner how far the room is.
    fn ask(&self, state: &State, next: &mut Next<State>) {
        let handed = state.handed.len() as u8;
        for (number, owner) in state.owners.iter().enumerate() {
            let holds = number + 1 == state.owners.len();
            if !holds && !self.is(Mutation::AnswersWithoutLease) {
                continue;
            }
            let mut after = state.clone();
            if owner.told <= handed {
                after.stage = Stage::Idle;
                if state.told.len() > usize::from(handed) {
                    after.broken = Some(Failure::Stale);
                }
            }
            let beyond = u8::from(self.is(Mutation::HandsOutWhatIsNotTold));
            if owner.told + beyond > handed {
                let told = owner.told + beyond;
                after.stage = Stage::Asked { told, chain: owner.chain.clone() };
            }
            next.add(Step::Ask, || format!("owner {number} has told {}", owner.told), after);
        }
        if self.is(Mutation::FindsBucketsItself)
            && let Some(owner) = state.owners.last()
        {
            let after = State { found: Some(owner.chain.clone()), ..state.clone() };
            next.add(
                Step::Ask,
                || format!("the reader finds the buckets {:?}", owner.chain),
                after,
            );
        }
    }

    /// The reader reads all rows up to what was told, from the buckets that were named.
    fn fetch(&self, state: &State, told: u8, chain: &Chain, next: &mut Next<State>) {
        let chain = state.found.as_ref().unwrap_or(chain);
        let positions = state.handed.len() as u8 + 1..=told;
        let rows =
            positions.map(|position| state.row(chain, position).map(|at| state.rows[at].entry));
        let entries: Option<Vec<u8>> = rows.collect();
        let mut after = state.clone();
        after.stage = match &entries {
            Some(entries) => Stage::Fetched { entries: entries.clone() },
            None => Stage::Idle,
        };
        next.add(Step::Fetch, || format!("{entries:?} up to {told} in {chain:?}"), after);
    }

    /// The owner says whether the person may see the room.
    fn admit(&self, state: &State, stage: Stage, next: &mut Next<State>) {
        if !state.removed() {
            let after = State { stage, ..state.clone() };
            next.add(Step::Admit, || "the person may see the room".into(), after);
        }
    }
}
