//! The simulation: core and the real client library, with everything between and around them
//! controlled by one seed.
//!
//! [`run`] plays one life of a server of several nodes: people with several devices do what people do
//! (`script::odds` lists it); links lose, reorder, are cut and half open; each node's way to the store is slow,
//! fails, leaves outcomes unknown, and lets parts of a batch land late, also after a takeover; the bus loses,
//! doubles and reorders; clocks are wrong, drift and jump; nodes crash, drain, stand still for longer than
//! their leases, and return. In the end everything heals, and `check` compares what is there with what
//! everybody was told. With one node the process is alone, as with the embedded store.
//!
//! Time is tokio's paused time on one thread and all randomness comes from the seed, so a seed always
//! gives the same trace, and a failure can be replayed. [`Planted`] bugs show that failures are found.
//!
//! `world` is the seats of the processes (`seat`) and what they share (`ground`); `gate` the doors of a
//! process, which its store (`fence`), its bus and its links (`line`) pass; `wire` the network of the
//! devices; `device` a client and what it has seen, `held` what it shows; `ledger` the requests and their
//! answers, and which of them may have been done without one; `epochs` who appends where; `witness` follows
//! the log as a reactor; `script` decides what happens when, a file for each group of deeds; `check` looks in
//! the end, a file for each group of promises.

mod bus;
mod check;
mod clocks;
mod deaf;
mod device;
mod epochs;
mod fence;
mod gate;
mod ground;
mod held;
mod ledger;
mod line;
mod own;
mod planted;
mod presence;
mod script;
mod seat;
mod spoiled;
mod trace;
mod wire;
mod witness;
mod world;

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Builder;

pub use self::planted::Planted;

/// The nodes of a usual life.
pub const NODES: usize = 3;

/// How a life goes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many nodes the server has; 1 is a process alone, which shares its store with nobody.
    pub nodes: usize,
    /// Things that happen before all heals.
    pub steps: u32,
    /// Whether a backup of the store is restored half way.
    pub restores: bool,
    /// A bug planted on purpose, which the simulation has to find.
    pub planted: Option<Planted>,
}

impl Default for Options {
    fn default() -> Self {
        Self { nodes: NODES, steps: 600, restores: false, planted: None }
    }
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
    /// How many processes of the server ended.
    pub restarts: u32,
    /// How much time passed in the simulation.
    pub time: Duration,
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
