//! Runs the simulation: the trace on standard output, timings on standard error.

use std::time::Instant;

use anyhow::{Result, bail};
use caffis_sim::{Options, run};
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
    /// Things that happen in each life before all heals.
    #[arg(long, default_value_t = Options::default().steps)]
    steps: u32,
    /// Restore an older copy of the store in the middle of each life.
    #[arg(long)]
    restores: bool,
    /// Print only one line for each life.
    #[arg(long)]
    quiet: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (steps, restores) = (arguments.steps, arguments.restores);
    let options = Options { steps, restores, ..Options::default() };
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.runs) {
        let began = Instant::now();
        let outcome = run(seed, options)?;
        if !arguments.quiet {
            for line in &outcome.trace {
                println!("{line}");
            }
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
            bail!("seed {seed} broke {} promises", outcome.broken.len());
        }
    }
    Ok(())
}
