//! Logs: structured, to standard error, without tokens or message bodies.
//!
//! Logging never waits for the output: lines go into a bounded queue, from which a thread
//! writes them. A reader of standard error that is slow costs lines, which are counted, and never a
//! session.

use std::io;

use tracing::subscriber::set_global_default;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::{Identity, SubscriberExt as _},
    registry,
};

use crate::{
    config::{Config, LogFormat},
    traces,
};

/// The most lines that wait to be written; further ones are left out.
const WAITING_LINES: usize = 8_192;

/// Starts writing logs. A second call changes nothing. Lines logged before the
/// returned value is dropped are written by then, unless nobody reads them.
#[must_use]
pub fn start(config: &Config) -> Option<LastLines> {
    start_with(config, None::<Identity>)
}

/// As [`start`], and sends traces.
///
/// # Errors
/// What is wrong with the address of the collector.
pub fn start_with_traces(config: &Config) -> anyhow::Result<Option<LastLines>> {
    Ok(start_with(config, traces::layer(config)?))
}

fn start_with<L>(config: &Config, traces: Option<L>) -> Option<LastLines>
where
    L: Layer<Registry> + Send + Sync,
{
    let filter = EnvFilter::try_new(&config.log_filter).ok()?;
    let queue = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).lossy(true);
    let (lines, worker) = queue.thread_name("logs").finish(io::stderr());
    let left_out = lines.error_counter();
    let colours = io::IsTerminal::is_terminal(&io::stderr());
    let logs = fmt::layer().with_writer(lines).with_ansi(colours);
    let layers = registry().with(traces);
    let started = match config.log_format {
        LogFormat::Text => set_global_default(layers.with(logs.with_filter(filter))),
        LogFormat::Json => {
            set_global_default(layers.with(logs.json().flatten_event(true).with_filter(filter)))
        }
    };
    if started.is_err() {
        tracing::debug!("logs were started already");
        return None;
    }
    Some(LastLines { left_out, _worker: worker })
}

/// Waits, when dropped, until the lines that were logged before are written.
pub struct LastLines {
    left_out: ErrorCounter,
    _worker: WorkerGuard,
}

impl Drop for LastLines {
    fn drop(&mut self) {
        let lines = self.left_out.dropped_lines();
        if lines > 0 {
            tracing::warn!(lines, "logs were left out: they came too fast");
        }
    }
}
