//! Rules 18 and 20: copies of a command, and what is said of them.
//!
//! Kept: commands that clients make knowing some head of the room and send several times; copies that
//! the bus delivers late, in any order or never; the owner's memory, which reaches back to a position;
//! `sent`; an append under way whose outcome a takeover decides; refusals, and what owners remember
//! of them; a former owner that still answers.
//!
//! Left out: how the log and `sent` are written and taken over, which the `log` model covers: here an
//! append is durable in one step, `sent` says exactly what the log has, and a takeover is one step,
//! after which the new owner's bucket is open. Whether a command is refused is left to chance, so
//! every reason for it is covered.

use crate::{Failure, Model, Mutation, Next, Step, Width};

/// What happens in one search, at most.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Says what it is about.
    pub name: &'static str,
    /// Commands that are made.
    pub commands: u8,
    /// Copies of each.
    pub copies: u8,
    /// The highest epoch.
    pub epochs: u8,
    /// Whether commands are refused.
    pub refuses: bool,
}

const RESENDS: Scenario =
    Scenario { name: "resends", commands: 2, copies: 2, epochs: 2, refuses: false };

impl Scenario {
    /// What is searched.
    pub(crate) fn of(width: Width) -> &'static [Self] {
        match width {
            Width::Small => &[RESENDS, Self { name: "refusals", refuses: true, ..RESENDS }],
            Width::Wide => &[
                Self { commands: 3, epochs: 3, ..RESENDS },
                Self { name: "refusals", epochs: 3, copies: 3, refuses: true, ..RESENDS },
            ],
        }
    }
}

/// The model of resends and refusals.
#[derive(Clone, Copy, Debug)]
pub struct Resend {
    /// What happens.
    pub scenario: Scenario,
    /// The rule that is switched off.
    pub mutation: Option<Mutation>,
}

/// A copy of a command on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Copied {
    command: u8,
    /// The head that it says its client knew.
    head: u8,
    /// Whether it is the first copy.
    first: bool,
    /// The epoch of the owner that it is for.
    epoch: u8,
}

/// A command as its client knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Made {
    head: u8,
    copies: u8,
    refused: bool,
}

/// The room is empty at the start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    epoch: u8,
    /// The commands in the log, by position, and `sent` with them.
    log: Vec<u8>,
    /// What the former owner has of the log.
    former: Option<u8>,
    /// Memory knows the commands above this position.
    floor: u8,
    under_way: Option<u8>,
    /// What the owner remembers to have refused, as bits.
    refusals: u8,
    made: Vec<Option<Made>>,
    bus: Vec<Copied>,
}

impl Model for Resend {
    type State = State;

    fn init(&self) -> State {
        State {
            epoch: 1,
            log: Vec::new(),
            former: None,
            floor: 0,
            under_way: None,
            refusals: 0,
            made: vec![None; usize::from(self.scenario.commands)],
            bus: Vec::new(),
        }
    }

    fn next(&self, state: &State, next: &mut Next<State>) {
        for command in 0..state.made.len() {
            self.make(state, command, next);
        }
        for number in 0..state.bus.len() {
            self.deliver(state, number, next);
        }
        if let Some(command) = state.under_way {
            let after = state.appended(command);
            next.add(Step::Land, || format!("command {command} is durable and told"), after);
        }
        let head = state.log.len() as u8;
        if state.floor < head {
            let after = State { floor: head, ..state.clone() };
            next.add(Step::Forget, || format!("memory begins above {head}"), after);
        }
        if state.epoch < self.scenario.epochs {
            self.take_over(state, next);
        }
    }

    fn broken(&self, state: &State) -> Option<Failure> {
        let happened = |command: usize| state.log.contains(&(command as u8));
        let refused = |command: usize| state.made[command].is_some_and(|made| made.refused);
        if (0..state.made.len()).any(|command| happened(command) && refused(command)) {
            return Some(Failure::RefusedHappened);
        }
        let twice = |place: usize| state.log[..place].contains(&state.log[place]);
        (0..state.log.len()).any(twice).then_some(Failure::Doubled)
    }
}

impl State {
    fn appended(&self, command: u8) -> Self {
        let mut after = Self { under_way: None, ..self.clone() };
        after.log.push(command);
        after
    }

    fn refuse(&mut self, command: u8) {
        if let Some(made) = &mut self.made[usize::from(command)] {
            made.refused = true;
        }
    }
}

impl Resend {
    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// A client makes a command, or sends it again.
    fn make(&self, state: &State, command: usize, next: &mut Next<State>) {
        let now = state.log.len() as u8;
        let (made, heads) = match state.made[command] {
            None => (Made::default(), 0..=now),
            Some(made) if made.copies < self.scenario.copies && !made.refused => {
                (made, made.head..=made.head)
            }
            Some(_) => return,
        };
        for head in heads {
            let made = Made { head, copies: made.copies + 1, ..made };
            let mut after = state.clone();
            after.made[command] = Some(made);
            let newest = self.is(Mutation::EachCopyItsHead) && made.copies > 1;
            let copy = Copied {
                command: command as u8,
                head: if newest { now } else { head },
                first: made.copies == 1,
                epoch: state.epoch,
            };
            after.bus.push(copy);
            after.bus.sort_unstable();
            next.add(Step::Send, || format!("{copy:?}"), after);
        }
    }

    /// The bus delivers a copy to the owner, or to one that was the owner.
    fn deliver(&self, state: &State, number: usize, next: &mut Next<State>) {
        let copy @ Copied { command, head, first, epoch } = state.bus[number];
        let mut after = state.clone();
        after.bus.remove(number);
        if let Some(length) = state.former
            && self.is(Mutation::RefusesWithoutLease)
            && self.scenario.refuses
            && !state.log[..usize::from(length)].contains(&command)
        {
            let mut after = after.clone();
            after.refuse(command);
            next.add(Step::Refuse, || format!("the former owner gets {copy:?}"), after);
        }
        // Beyond rule 20: the next owner does not know what this one has refused.
        if epoch != state.epoch && !self.is(Mutation::CopiesOutliveTheirOwner) {
            return;
        }
        let under_way = state.under_way == Some(command);
        if under_way && !self.is(Mutation::RefusesWhatIsUnderWay) {
            next.add(Step::Deliver, || format!("{copy:?} waits for its append"), after);
            return;
        }
        let known = state.log.iter().position(|one| *one == command);
        let looks_up =
            if self.is(Mutation::OnlyResendsAreLookedUp) { !first } else { head < state.floor };
        if known.is_some_and(|place| place as u8 >= state.floor || looks_up) {
            next.add(Step::Deliver, || format!("{copy:?} is in the log already"), after);
            return;
        }
        if self.scenario.refuses {
            let mut after = after.clone();
            if !self.is(Mutation::ForgetsRefusals) {
                after.refusals |= 1 << command;
            }
            after.refuse(command);
            next.add(Step::Refuse, || format!("{copy:?}"), after);
        }
        if state.refusals & 1 << command == 0 && state.under_way.is_none() {
            after.under_way = Some(command);
            next.add(Step::Append, || format!("{copy:?}"), after);
        }
    }

    /// The next owner sees the append under way, and writes it again, or it is void.
    fn take_over(&self, state: &State, next: &mut Next<State>) {
        let former = Some(state.log.len() as u8);
        let mut seen = vec![state.clone()];
        if let Some(command) = state.under_way {
            seen.push(state.appended(command));
        }
        for mut after in seen {
            after.epoch += 1;
            after.former = former;
            after.floor = (after.log.len() as u8).saturating_sub(1);
            after.under_way = None;
            after.refusals = 0;
            next.add(
                Step::Claim,
                || format!("epoch {}: {:?}", after.epoch, after.log),
                after.clone(),
            );
        }
    }
}
