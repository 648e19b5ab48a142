//! Runs the simulation: the trace on standard output, timings on standard error.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use caffis_sim::{Options, Outcome, Planted, run};
use clap::Parser;

/// How many lines of the trace are shown after a failure.
const LAST_LINES: usize = 60;

/// Plays lives of a server from seeds, and checks that its promises are kept.
#[derive(Parser)]
#[command(name = "caffis-sim")]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds to play.
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Play seeds until this many hours have passed in the simulation, however many that takes.
    #[arg(long, conflicts_with = "runs")]
    hours: Option<u64>,
    /// How many nodes the server has; 1 is a process alone.
    #[arg(long, default_value_t = Options::default().nodes)]
    nodes: usize,
    /// Things that happen in each life before all heals.
    #[arg(long, default_value_t = Options::default().steps)]
    steps: u32,
    /// Restore an older copy of the store in the middle of each life.
    #[arg(long)]
    restores: bool,
    /// Plant a bug, which has to be found.
    #[arg(long)]
    planted: Option<Planted>,
    /// Go on after a life that broke promises.
    #[arg(long)]
    keep_going: bool,
    /// Print only one line for each life.
    #[arg(long)]
    quiet: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Arguments { steps, restores, nodes, planted, .. } = arguments;
    let options = Options { nodes, steps, restores, planted };
    let began = Instant::now();
    let wanted = arguments.hours.map(|hours| Duration::from_secs(hours.saturating_mul(3_600)));
    let (mut time, mut lives, mut broken) = (Duration::ZERO, 0, 0);
    while wanted.map_or(lives < arguments.runs, |wanted| time < wanted) {
        let outcome = live(&arguments, arguments.seed.saturating_add(lives), options)?;
        time += outcome.time;
        lives += 1;
        broken += u64::from(!outcome.broken.is_empty());
        if broken > 0 && !arguments.keep_going {
            break;
        }
    }
    let hours = time.as_secs_f64() / 3_600.0;
    println!("{lives} lives, {hours:.1} hours, {broken} lives broke promises");
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    eprintln!("{minutes:.1} minutes, {:.1} hours a minute", hours / minutes);
    if broken > 0 {
        bail!("{broken} of {lives} lives broke promises");
    }
    Ok(())
}

/// Plays one life and prints it.
fn live(arguments: &Arguments, seed: u64, options: Options) -> Result<Outcome> {
    let began = Instant::now();
    let outcome = run(seed, options)?;
    if !arguments.quiet {
        outcome.trace.iter().for_each(|line| println!("{line}"));
    }
    println!(
        "seed {seed}: {} messages acknowledged, {} store faults, {} restarts, {} broken promises",
        outcome.acknowledged,
        outcome.faults,
        outcome.restarts,
        outcome.broken.len()
    );
    eprintln!("seed {seed} took {} ms", began.elapsed().as_millis());
    if !outcome.broken.is_empty() {
        if arguments.quiet {
            let hidden = outcome.trace.len().saturating_sub(LAST_LINES);
            outcome.trace[hidden..].iter().for_each(|line| println!("{line}"));
        }
        outcome.broken.iter().for_each(|broken| println!("broken: {broken}"));
    }
    Ok(outcome)
}
