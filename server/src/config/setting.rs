//! What a setting is.

use super::{field::Field, model::Config};

/// What the environment variables of settings begin with.
pub(super) const PREFIX: &str = "CAFFIS_";

/// A setting.
pub struct Setting {
    /// Its name in the file. The environment variable and the flag follow from it.
    pub key: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// What it does, in a sentence.
    pub help: &'static str,
    /// Its kind and place.
    pub field: Field,
}

impl Setting {
    /// The environment variable: `CAFFIS_` and the key in capitals.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{}{}", PREFIX, self.key.to_ascii_uppercase())
    }

    /// The flag without its dashes.
    #[must_use]
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The default, as it would be written; what it means when it is empty.
    #[must_use]
    pub fn default(&self) -> String {
        self.field.show(&Config::default())
    }
}

/// Declares a setting.
pub(super) const fn setting(
    key: &'static str,
    group: Group,
    help: &'static str,
    field: Field,
) -> Setting {
    Setting { key, group, help, field }
}

/// What a setting belongs to; a subcommand takes the flags of the groups it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Mode and data folder.
    General,
    /// Sockets, certificates, names.
    Network,
    /// Tokens.
    Tokens,
    /// Webhooks.
    Hooks,
    /// The store.
    Store,
    /// Several nodes.
    Cluster,
    /// Logs.
    Logs,
    /// Limits and rates.
    Limits,
    /// Times.
    Times,
    /// Users from PostgreSQL.
    Relay,
}

impl Group {
    /// All groups, in the order of the help.
    pub const ALL: &'static [Self] = &[
        Self::General,
        Self::Network,
        Self::Tokens,
        Self::Hooks,
        Self::Store,
        Self::Cluster,
        Self::Logs,
        Self::Limits,
        Self::Times,
        Self::Relay,
    ];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Network => "Network",
            Self::Tokens => "Tokens",
            Self::Hooks => "Webhooks",
            Self::Store => "Store",
            Self::Cluster => "Cluster",
            Self::Logs => "Logs",
            Self::Limits => "Limits",
            Self::Times => "Times",
            Self::Relay => "Users from PostgreSQL (pg-relay)",
        }
    }
}
