//! Which searches there are, and what is found when a rule is switched off.

use std::fmt;

use crate::{
    Failure, Line, Model, Mutation, Outcome, Part, check, lease, log, reactor, reader, resend,
};

/// How far the searches go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Seconds: for every test run.
    Small,
    /// Minutes, in a release build.
    Wide,
}

/// States after which a search is given up, before memory runs out.
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
    /// Looks at every state with all rules, and stops at any failure.
    pub fn clean(&self) -> Outcome {
        (self.run)(None, &[])
    }

    /// The searches of a model.
    pub fn of(part: Part, width: Width) -> Vec<Self> {
        match part {
            Part::Lease => {
                let model = |scenario, mutation| lease::Lease { scenario, mutation };
                each(part, lease::Scenario::of(width), |one| one.name, model)
            }
            Part::Log => {
                let model = |scenario, mutation| log::Log { scenario, mutation };
                each(part, log::Scenario::of(width), |one| one.name, model)
            }
            Part::Resend => {
                let model = |scenario, mutation| resend::Resend { scenario, mutation };
                each(part, resend::Scenario::of(width), |one| one.name, model)
            }
            Part::Reader => {
                let model = |scenario, mutation| reader::Reader { scenario, mutation };
                each(part, reader::Scenario::of(width), |one| one.name, model)
            }
            Part::Reactor => {
                let model = |scenario, mutation| reactor::Reactor { scenario, mutation };
                each(part, reactor::Scenario::of(width), |one| one.name, model)
            }
        }
    }
}

/// One search for each scenario.
fn each<S: fmt::Debug + Copy + 'static, M: Model + 'static>(
    part: Part,
    scenarios: &[S],
    name: fn(&S) -> &'static str,
    model: fn(S, Option<Mutation>) -> M,
) -> Vec<Search> {
    let search = |scenario: &S| {
        let (name, bounds, scenario) = (name(scenario), format!("{scenario:?}"), *scenario);
        let run: Run =
            Box::new(move |mutation, wanted| check(&model(scenario, mutation), wanted, LIMIT));
        Search { part, name, bounds, run }
    };
    scenarios.iter().map(search).collect()
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

/// Looks for the failures of a mutation, in the small scenarios that show it.
pub fn convict(mutation: Mutation) -> Finding {
    let description = mutation.describe();
    let mut finding = Finding::default();
    let mut missing: Vec<Failure> = description.failures.to_vec();
    let searches = Search::of(description.part, Width::Small);
    let shows = |search: &Search| description.scenarios.contains(&search.name);
    for search in searches.into_iter().filter(shows) {
        for (failure, trace) in (search.run)(Some(mutation), &missing).failures {
            missing.retain(|one| *one != failure);
            if finding.found.iter().all(|(_, known, _)| *known != failure) {
                finding.found.push((search.name, failure, trace));
            }
        }
    }
    finding
}
