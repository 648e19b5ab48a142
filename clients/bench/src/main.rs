//! The load generator of Caffis Chat: what a server costs and how fast it is.
//!
//! Each scenario starts a server of its own on an empty folder, drives it over loopback and reports
//! the server's CPU and memory, latencies, and what was lost, doubled or out of order, beside the
//! raw floor measured in the same run. Rates are raised by settings, which are printed. Everything
//! is bounded in count and time.
//!
//! - [`wire`]: a lean WebSocket client, so that the generator measures the server and not itself.
//! - [`http`]: the same for requests over HTTP.
//! - [`server`]: the server's process; [`usage`]: what it uses.
//! - [`scenarios`]: what is measured; [`floor`]: what it costs at least.
//! - [`report`]: medians, table, JSON, and the aims.

#![warn(missing_docs)]

mod floor;
mod frames;
mod http;
mod report;
mod scenarios;
mod server;
mod tally;
mod token;
mod usage;
mod wire;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use tokio::task::LocalSet;

/// Measures a Caffis Chat server.
#[derive(Debug, Parser)]
#[command(name = "caffis-bench")]
struct Arguments {
    /// The server's program.
    #[arg(long, env = "CAFFIS_CHAT_BIN", default_value = "target/release/caffis-chat")]
    server: PathBuf,
    /// Small counts and short times: a check that the benchmark works, not a measurement.
    #[arg(long)]
    quick: bool,
    /// Also the scenarios that take long or need root: delivery while packets are lost.
    #[arg(long)]
    long: bool,
    /// Only scenarios whose name starts with this; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Only variants whose name starts with this, such as "1 to 100 at 100/s".
    #[arg(long)]
    variant: Option<String>,
    /// Runs of each scenario; the median is reported.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Write the raw figures to this file.
    #[arg(long)]
    json: Option<PathBuf>,
    /// How long each scenario sends, in seconds; longer for a profiler.
    #[arg(long)]
    seconds: Option<u64>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // Both sides of the TLS library need a provider.
    let _: Result<(), _> = rustls::crypto::ring::default_provider().install_default();
    // One thread: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let plan = scenarios::Plan {
        server: arguments.server,
        quick: arguments.quick,
        seconds: arguments.seconds,
        variant: arguments.variant,
    };
    let runs = if arguments.quick { 1 } else { arguments.runs.max(1) };
    let mut report = report::Report::new(arguments.quick);
    for scenario in scenarios::ALL {
        let wanted = arguments.only.is_empty()
            || arguments.only.iter().any(|name| scenario.name.starts_with(name.as_str()));
        if !wanted {
            continue;
        }
        if scenario.long && !arguments.long {
            eprintln!("{} runs only with --long", scenario.name);
            continue;
        }
        let runs = runs.min(scenario.runs);
        for run in 1..=runs {
            eprintln!("{} ({run} of {runs}) …", scenario.name);
            // Tasks that a scenario leaves behind end with their set.
            let cells = LocalSet::new()
                .block_on(&runtime, (scenario.run)(&plan))
                .with_context(|| format!("scenario {}", scenario.name))?;
            report.add(cells);
        }
    }
    let medians = report.medians();
    println!("{}", report::table(&medians));
    println!("{}", report::aims(&medians));
    if let Some(path) = arguments.json {
        std::fs::write(&path, serde_json::to_vec_pretty(&report.json(&medians))?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
