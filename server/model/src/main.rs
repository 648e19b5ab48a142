//! Searches the models and prints what was found; timings go to standard error.

use std::{process::ExitCode, time::Instant};

use caffis_model::{Line, Mutation, Part, Search, Width, convict};
use clap::Parser;

/// Searches the model of room ownership, with all rules and with each rule switched off.
#[derive(Parser)]
#[command(name = "caffis-model")]
struct Arguments {
    /// Search with larger bounds: minutes. Mutations are found within the small ones.
    #[arg(long)]
    wide: bool,
    /// Only this model.
    #[arg(long)]
    model: Option<String>,
    /// Only this scenario, and no mutations.
    #[arg(long)]
    scenario: Option<String>,
    /// No traces.
    #[arg(long)]
    brief: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen = |part: &Part| arguments.model.as_ref().is_none_or(|name| name == part.name());
    let parts: Vec<_> = Part::ALL.into_iter().filter(chosen).collect();
    if parts.is_empty() {
        eprintln!("error: no such model; there are {}", Part::ALL.map(Part::name).join(", "));
        return ExitCode::FAILURE;
    }
    let mut good = true;
    for part in parts {
        println!("{}: {}", part.name(), part.covers());
        let width = if arguments.wide { Width::Wide } else { Width::Small };
        let scenario = arguments.scenario.as_deref();
        for search in Search::of(part, width) {
            if scenario.is_none_or(|name| name == search.name) {
                good &= show_search(&search);
            }
        }
        if scenario.is_some() {
            continue;
        }
        let rules = Mutation::ALL.iter().filter(|mutation| mutation.describe().part == part);
        for mutation in rules {
            good &= show_mutation(*mutation, arguments.brief);
        }
        println!();
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what a search with all rules found, and returns whether that is nothing.
fn show_search(search: &Search) -> bool {
    let began = Instant::now();
    let outcome = search.clean();
    eprintln!("{search:?} took {} ms", began.elapsed().as_millis());
    println!("  {}: {} states, depth {}", search.name, outcome.states, outcome.depth);
    println!("    bounds: {}", search.bounds);
    for (failure, trace) in &outcome.failures {
        println!("    FAILED: {failure}, after {} steps:", trace.len());
        show_trace(trace);
    }
    if !outcome.complete && outcome.failures.is_empty() {
        println!("    NOT COMPLETE: given up at the limit of states");
    }
    outcome.complete && outcome.failures.is_empty()
}

/// Prints what follows from a rule that is switched off, and returns whether that was expected.
fn show_mutation(mutation: Mutation, brief: bool) -> bool {
    let began = Instant::now();
    let description = mutation.describe();
    let finding = convict(mutation);
    eprintln!("{} took {} ms", mutation.name(), began.elapsed().as_millis());
    println!("  rule {}, {}: {}", description.rule, mutation.name(), description.says);
    for (scenario, failure, trace) in &finding.found {
        println!("    {failure}, in `{scenario}` after {} steps", trace.len());
        if !brief {
            show_trace(trace);
        }
    }
    let kinds: Vec<_> = finding.found.iter().map(|(_, failure, _)| *failure).collect();
    let expected = finding.as_described(mutation);
    if !expected {
        println!("    NOT AS DESCRIBED: found {kinds:?}, not {:?}", description.failures);
    }
    expected
}

fn show_trace(trace: &[Line]) {
    for (number, line) in trace.iter().enumerate() {
        println!("    {:>4}. {:<9} {}", number + 1, line.step, line.words);
    }
}
