//! The simulation: core and the real client library, with everything between and around them
//! controlled by one seed.
//!
//! [`run`] plays one life of a server: people with several devices write, read, open rooms, change
//! members; links lose and reorder datagrams, let lanes overtake each other and are cut; the store is
//! slow, fails, leaves outcomes unknown and writes batches in parts; the server crashes or drains and
//! starts again on the same store, or on a restored backup; clocks jump. In the end everything heals,
//! and [`check`] compares what is there with what everybody was told.
//!
//! Time is tokio's paused time on one thread and all randomness comes from the seed, so a seed always
//! gives the same trace, and a failure can be replayed.
//!
//! `world` is the server, its store and the wires; `device` a client and what it has seen; `ledger`
//! the requests and their answers; `script` decides what happens when.

mod check;
mod deaf;
mod device;
mod fence;
mod ledger;
mod script;
mod trace;
mod wire;
mod world;

use anyhow::{Context, Result};
use tokio::runtime::Builder;

/// How a life goes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Things that happen before all heals.
    pub steps: u32,
    /// Whether a backup of the store is restored half way.
    pub restores: bool,
    /// A bug planted on purpose, which the simulation has to find.
    pub planted: Option<Planted>,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 600, restores: false, planted: None }
    }
}

/// A bug planted in the clients, to test that the simulation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Some entries are not shown, as by a client that ignores gaps.
    SkipsEntries,
    /// Some entries are shown twice.
    RepeatsEntries,
    /// Resumes never reach the server: gaps stay open, and nothing after them is shown.
    ResumesNothing,
}

/// The result of one life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What happened, line by line, with the milliseconds since the beginning.
    pub trace: Vec<String>,
    /// Broken promises; none when all is well.
    pub broken: Vec<String>,
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Faults of the store that were injected.
    pub faults: u64,
    /// How often the server stopped and came back.
    pub restarts: u32,
}

/// Plays the life of a seed.
///
/// # Errors
/// When the runtime cannot be built. A broken promise is not an error but part of the [`Outcome`].
pub fn run(seed: u64, options: Options) -> Result<Outcome> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("the runtime cannot be built")?;
    Ok(runtime.block_on(script::play(seed, options)))
}
