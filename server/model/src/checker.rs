//! An exhaustive search, breadth first: every state that a [`Model`] can reach is looked at once,
//! and the first trace found to a failure is one of the shortest.
//!
//! The states seen before are kept as 128-bit fingerprints (two of them meet by chance less than
//! once in 10^20 searches of this size), and a trace as the numbers of its steps: it is played again
//! from the start when it is printed. So a state costs about 50 bytes once its turn is over.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasherDefault, Hash, Hasher},
};

use crate::{Failure, Step};

/// Something with states and steps between them.
pub trait Model {
    /// One state of everything: nodes, store, clients. Equal states have equal hashes.
    type State: Clone + Eq + Hash;

    /// Where everything begins.
    fn init(&self) -> Self::State;

    /// Adds every state that can follow, always in the same order.
    fn next(&self, state: &Self::State, next: &mut Next<Self::State>);

    /// What is broken in the state, if anything.
    fn broken(&self, state: &Self::State) -> Option<Failure>;
}

/// Collects what can follow a state.
#[derive(Debug)]
pub struct Next<S> {
    states: Vec<S>,
    /// The step whose words are wanted, when a trace is played again.
    wanted: Option<usize>,
    line: Option<Line>,
}

impl<S> Next<S> {
    fn new(wanted: Option<usize>) -> Self {
        Self { states: Vec::new(), wanted, line: None }
    }

    /// Adds a state. The words say who does what; they are made only for a trace.
    pub fn add(&mut self, step: Step, words: impl FnOnce() -> String, state: S) {
        if self.wanted == Some(self.states.len()) {
            self.line = Some(Line { step, words: words() });
        }
        self.states.push(state);
    }
}

/// One step of a trace, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name that the code uses too.
    pub step: Step,
    /// Who does what.
    pub words: String,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Different states reached.
    pub states: usize,
    /// Steps from the start to the state furthest away.
    pub depth: usize,
    /// Whether everything was looked at; not so when the search stopped at what it looked for.
    pub complete: bool,
    /// A shortest trace for each kind of failure found.
    pub failures: BTreeMap<Failure, Vec<Line>>,
}

/// Where a state came from: its parent's number, and which of the parent's steps leads here.
type Origin = (u32, u16);

/// Looks at every state, until each of the wanted failures was found, or more states than `limit`
/// were. States that are broken are not followed further. No wanted failure means: stop at any.
pub fn check<M: Model>(model: &M, wanted: &[Failure], limit: usize) -> Outcome {
    let mut outcome = Outcome::default();
    let mut seen: HashSet<u128, BuildHasherDefault<Ready>> = HashSet::default();
    let mut origins: Vec<Origin> = vec![(0, 0)];
    let mut level = vec![(0u32, model.init())];
    seen.insert(fingerprint(&level[0].1));
    while !level.is_empty() {
        let mut following = Vec::new();
        for (number, state) in level {
            let mut next = Next::new(None);
            model.next(&state, &mut next);
            for (choice, state) in next.states.into_iter().enumerate() {
                if !seen.insert(fingerprint(&state)) {
                    continue;
                }
                let (Ok(child), Ok(choice)) = (u32::try_from(origins.len()), choice.try_into())
                else {
                    return Outcome { states: origins.len(), ..outcome };
                };
                origins.push((number, choice));
                let Some(failure) = model.broken(&state) else {
                    following.push((child, state));
                    continue;
                };
                let known = outcome.failures.entry(failure);
                known.or_insert_with(|| replay(model, &origins, child));
                if wanted.iter().all(|failure| outcome.failures.contains_key(failure)) {
                    return Outcome { states: origins.len(), depth: outcome.depth + 1, ..outcome };
                }
            }
            if origins.len() > limit {
                return Outcome { states: origins.len(), ..outcome };
            }
        }
        outcome.depth += usize::from(!following.is_empty());
        level = following;
    }
    Outcome { states: origins.len(), complete: true, ..outcome }
}

/// Plays a trace again for its words.
fn replay<M: Model>(model: &M, origins: &[Origin], last: u32) -> Vec<Line> {
    let mut choices = Vec::new();
    let mut number = last;
    while number != 0 {
        let (parent, choice) = origins[number as usize];
        choices.push(usize::from(choice));
        number = parent;
    }
    let mut state = model.init();
    let mut lines = Vec::new();
    for choice in choices.into_iter().rev() {
        let mut next = Next::new(Some(choice));
        model.next(&state, &mut next);
        state = next.states.swap_remove(choice);
        lines.extend(next.line);
    }
    lines
}

fn fingerprint(state: &impl Hash) -> u128 {
    let mut mixer = Mixer { low: 0x243f_6a88_85a3_08d3, high: 0x1319_8a2e_0370_7344 };
    state.hash(&mut mixer);
    u128::from(mixer.high) << 64 | u128::from(mixer.low)
}

/// Two lanes of multiply-and-fold with different constants: quick, and the same in every run.
struct Mixer {
    low: u64,
    high: u64,
}

impl Mixer {
    fn mix(&mut self, word: u64) {
        self.low = fold(self.low ^ word, 0x9e37_79b9_7f4a_7c15);
        self.high = fold(self.high.rotate_left(23) ^ word, 0xd6e8_feb8_6659_fd93);
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b);
    (product >> 64) as u64 ^ product as u64 ^ a.rotate_left(32)
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.low
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        self.mix(bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.mix(word as u64);
    }
}

/// Hashes fingerprints, which are mixed already.
#[derive(Default)]
struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, word: u128) {
        self.0 = word as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two counters that a step raises by one; broken when they meet at `bad`.
    struct Counters {
        size: u8,
        bad: Option<u8>,
    }

    impl Model for Counters {
        type State = (u8, u8);

        fn init(&self) -> (u8, u8) {
            (0, 0)
        }

        fn next(&self, &(a, b): &(u8, u8), next: &mut Next<(u8, u8)>) {
            if a < self.size {
                next.add(Step::Tick, || format!("a is {}", a + 1), (a + 1, b));
            }
            if b < self.size {
                next.add(Step::Tick, || format!("b is {}", b + 1), (a, b + 1));
            }
        }

        fn broken(&self, &(a, b): &(u8, u8)) -> Option<Failure> {
            (a == b && self.bad == Some(a)).then_some(Failure::Conflict)
        }
    }

    #[test]
    fn every_state_is_reached_once() {
        let outcome = check(&Counters { size: 30, bad: None }, &[], usize::MAX);
        assert_eq!((outcome.states, outcome.depth), (31 * 31, 60));
        assert!(outcome.complete && outcome.failures.is_empty());
    }

    #[test]
    fn a_trace_is_the_shortest_and_reads_in_order() {
        let outcome = check(&Counters { size: 30, bad: Some(2) }, &[], usize::MAX);
        let words: Vec<_> =
            outcome.failures[&Failure::Conflict].iter().map(|line| line.words.as_str()).collect();
        assert_eq!(words, ["a is 1", "a is 2", "b is 1", "b is 2"]);
        assert!(!outcome.complete);
    }

    #[test]
    fn a_search_stops_at_its_limit_and_says_so() {
        let outcome = check(&Counters { size: 30, bad: None }, &[], 100);
        assert!(!outcome.complete && outcome.states > 100);
    }
}
