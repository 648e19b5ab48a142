//! The simulation: core and the real client library, with everything between and around them under
//! the control of one seed.
//!
//! [`run`] plays one life of a server: people with several devices write, read, open rooms, change
//! members; links lose and reorder datagrams and are cut; the store is slow, fails, does not say what
//! it did and writes batches in parts; the server crashes or drains and starts again on the same
//! store; clocks jump. In the end everything heals, and [`check`] holds what is there against what
//! everybody was told.
//!
//! Time is tokio's paused time on one thread and all randomness comes from the seed, so that a seed
//! gives the same trace again, and a failure can be looked at as often as needed.
//!
//! `world` is the server, its store and the wires; `device` a client and what it has seen; `ledger`
//! what was asked and answered; `script` who does what when.

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

/// What one life is like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Things that happen before all heals.
    pub steps: u32,
    /// Whether the store goes back to an older copy of itself on the way, as an operator restores a
    /// backup.
    pub restores: bool,
    /// What is broken on purpose: the simulation has to find it.
    pub planted: Option<Planted>,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 600, restores: false, planted: None }
    }
}

/// A bug in the clients, planted to see whether the simulation finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// An entry now and then is not shown, as by a client that goes on over a gap.
    SkipsEntries,
    /// An entry now and then is shown twice.
    RepeatsEntries,
    /// No resume is answered: gaps stay open, and what came after them is never shown.
    ResumesNothing,
}

/// What one life came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What happened, line by line, with the milliseconds since the beginning.
    pub trace: Vec<String>,
    /// What was promised and not kept; nothing, when all is well.
    pub broken: Vec<String>,
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Faults of the store that were injected.
    pub faults: u64,
    /// Times that the server went away and came back.
    pub restarts: u32,
}

/// Plays the life of a seed.
///
/// # Errors
/// When the runtime cannot be built; a broken promise is no error but an [`Outcome`].
pub fn run(seed: u64, options: Options) -> Result<Outcome> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("the runtime cannot be built")?;
    Ok(runtime.block_on(script::play(seed, options)))
}
