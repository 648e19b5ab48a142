//! Logs: structured, to standard error, without tokens or message bodies.

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, LogFormat};

/// Whether a text is a filter of logs.
#[must_use]
pub fn is_filter(text: &str) -> bool {
    !text.is_empty() && EnvFilter::try_new(text).is_ok()
}

/// Starts writing logs. A second call changes nothing.
pub fn start(config: &Config) {
    let Ok(filter) = EnvFilter::try_new(&config.log_filter) else { return };
    let logs = fmt::Subscriber::builder().with_env_filter(filter).with_writer(std::io::stderr);
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let logs = logs.with_ansi(colours);
    let started = match config.log_format {
        LogFormat::Text => tracing::subscriber::set_global_default(logs.finish()),
        LogFormat::Json => {
            tracing::subscriber::set_global_default(logs.json().flatten_event(true).finish())
        }
    };
    if started.is_err() {
        tracing::debug!("logs were started already");
    }
}
