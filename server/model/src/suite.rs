//! Which searches there are, and what is found when a rule is switched off.

use std::fmt;

use crate::{Failure, Line, Model, Mutation, Outcome, Part, check, lease};

/// How far the searches go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Seconds: for every test run.
    Small,
    /// Minutes, in a release build.
    Wide,
}

/// States after which a search is given up: some 3 GB of memory.
const LIMIT: usize = 60_000_000;

type Run = Box<dyn Fn(Option<Mutation>, &[Failure]) -> Outcome>;

/// One model with its bounds.
pub struct Search {
    /// The model.
    pub part: Part,
    /// The scenario's name.
    pub name: &'static str,
    /// The scenario in full.
    pub bounds: String,
    run: Run,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.part.name(), self.name)
    }
}

impl Search {
    fn new<S: fmt::Debug + Copy + 'static, M: Model + 'static>(
        part: Part,
        name: &'static str,
        scenario: S,
        model: fn(S, Option<Mutation>) -> M,
    ) -> Self {
        Self {
            part,
            name,
            bounds: format!("{scenario:?}"),
            run: Box::new(move |mutation, wanted| check(&model(scenario, mutation), wanted, LIMIT)),
        }
    }

    /// Looks at every state with all rules, and stops at any failure.
    pub fn clean(&self) -> Outcome {
        (self.run)(None, &[])
    }

    /// The searches of a model.
    pub fn of(part: Part, width: Width) -> Vec<Self> {
        match part {
            Part::Lease => lease::Scenario::of(width)
                .iter()
                .map(|scenario| {
                    Self::new(part, scenario.name, *scenario, |scenario, mutation| lease::Lease {
                        scenario,
                        mutation,
                    })
                })
                .collect(),
        }
    }
}

/// What switching a rule off leads to.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// The scenario in which each failure was found first, with a shortest trace.
    pub found: Vec<(&'static str, Failure, Vec<Line>)>,
}

impl Finding {
    /// Whether exactly those failures were found of which the rule warns.
    pub fn as_described(&self, mutation: Mutation) -> bool {
        let mut expected = mutation.describe().failures.to_vec();
        let mut found: Vec<_> = self.found.iter().map(|(_, failure, _)| *failure).collect();
        expected.sort_unstable();
        found.sort_unstable();
        expected == found
    }
}

/// Looks for the failures of a mutation in the small scenarios, until each was found.
pub fn convict(mutation: Mutation) -> Finding {
    let description = mutation.describe();
    let mut finding = Finding::default();
    let mut missing: Vec<Failure> = description.failures.to_vec();
    for search in Search::of(description.part, Width::Small) {
        if missing.is_empty() {
            break;
        }
        for (failure, trace) in (search.run)(Some(mutation), &missing).failures {
            missing.retain(|one| *one != failure);
            if finding.found.iter().all(|(_, known, _)| *known != failure) {
                finding.found.push((search.name, failure, trace));
            }
        }
    }
    finding
}
