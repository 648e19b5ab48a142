//! Why a configuration is refused.

use std::path::PathBuf;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that is not allowed.
    #[error("{origin} has the value {value}; allowed is {allowed}")]
    Value {
        /// The flag, the variable, or the key with its file.
        origin: String,
        /// The value, or a placeholder for a secret.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// An unknown key.
    #[error("{origin} is not a setting{}; `caffis-chat config` lists them all",
        suggestion.map(|key| format!(" (did you mean {key}?)")).unwrap_or_default())]
    UnknownKey {
        /// Where it is.
        origin: String,
        /// What it might be.
        suggestion: Option<&'static str>,
    },
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Settings that conflict.
    #[error("{0}")]
    Conflict(String),
}
