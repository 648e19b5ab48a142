//! How the servers are reached.

use std::{collections::BTreeMap, fmt};

use crate::{
    failure::sentence,
    tls::{Tls, TlsError},
};

/// The longest name of a keyspace, as both servers have it.
const MAX_KEYSPACE_BYTES: usize = 48;

/// How the servers are reached, and how rows are kept there.
#[derive(Clone, Debug)]
pub struct Options {
    /// Some of the servers, each as `host` or `host:port` (9042). The driver finds the others.
    pub hosts: Vec<String>,
    /// The keyspace: lower-case letters, digits and underscores, with a letter first.
    pub keyspace: String,
    /// Who connects; none where the servers do not ask.
    pub credentials: Option<Credentials>,
    /// How connections are encrypted; none: they are not.
    pub tls: Option<Tls>,
    /// The data centre of this process: requests stay in it. Needed where the servers are in several.
    pub data_centre: Option<String>,
    /// How many copies of each row a new keyspace gets; one that exists keeps its own.
    pub replication: Replication,
}

/// A name and its password. Its debug output leaves the password out.
#[derive(Clone)]
pub struct Credentials {
    /// The role's name.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// How many copies of each row the servers keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replication {
    /// So many in each data centre.
    Everywhere(u8),
    /// So many in the data centres with these names, and none elsewhere.
    In(BTreeMap<String, u8>),
}

/// Three, so that one server may be down.
impl Default for Replication {
    fn default() -> Self {
        Self::Everywhere(3)
    }
}

impl Options {
    /// Three copies, no password.
    #[must_use]
    pub fn new(hosts: Vec<String>, keyspace: impl Into<String>) -> Self {
        Self {
            hosts,
            keyspace: keyspace.into(),
            credentials: None,
            tls: None,
            data_centre: None,
            replication: Replication::default(),
        }
    }

    /// Whether the names are such that they can stand in a statement.
    ///
    /// # Errors
    /// A name that does not fit.
    pub(crate) fn check(&self) -> Result<(), ConnectError> {
        let letter = self.keyspace.starts_with(|c: char| c.is_ascii_lowercase());
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !letter || !self.keyspace.chars().all(fits) || self.keyspace.len() > MAX_KEYSPACE_BYTES {
            return Err(ConnectError::Keyspace(self.keyspace.clone()));
        }
        if let Replication::In(centres) = &self.replication
            && let Some(name) = centres.keys().find(|name| name.is_empty() || name.contains('\''))
        {
            return Err(ConnectError::DataCentre(name.clone()));
        }
        Ok(())
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name cannot be that of a keyspace.
    #[error(
        "`{0}` is not the name of a keyspace: lower-case letters, digits and underscores, a letter \
         first, at most {MAX_KEYSPACE_BYTES} of them"
    )]
    Keyspace(String),
    /// There is no such data centre.
    #[error("there is no data centre `{0}` among the servers")]
    DataCentre(String),
    /// Requests cannot stay in one data centre, because it is not said which.
    #[error("the servers are in several data centres ({0}): say in which this node is")]
    SeveralDataCentres(String),
    /// A newer program has been here.
    #[error(
        "the keyspace {keyspace} has version {found}, this program knows versions up to {known}: \
         start a newer one"
    )]
    Newer {
        /// The keyspace.
        keyspace: String,
        /// Its version.
        found: u32,
        /// The program's.
        known: u32,
    },
    /// The tables are missing, or those of an older program.
    #[error("the keyspace {keyspace} has version {found} and needs {wanted}: migrate it first")]
    Older {
        /// The keyspace.
        keyspace: String,
        /// Its version; 0 where there is nothing yet.
        found: u32,
        /// The program's.
        wanted: u32,
    },
    /// What TLS needs cannot be used.
    #[error("TLS to the CQL servers: {0}")]
    Tls(#[from] TlsError),
    /// None of the servers answers as it should.
    #[error("cannot connect to the CQL servers {hosts}: {reason}")]
    Unreachable {
        /// The servers that were asked.
        hosts: String,
        /// What the last of them said, or did not.
        reason: String,
    },
}

impl ConnectError {
    pub(crate) fn unreachable(options: &Options, error: impl fmt::Display) -> Self {
        Self::Unreachable { hosts: options.hosts.join(", "), reason: sentence(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_stand_in_a_statement_are_refused() {
        for name in ["", "Chat", "9chat", "chat-1", "chat; drop", "a'b", &"k".repeat(49)] {
            let error = Options::new(Vec::new(), name).check().unwrap_err();
            assert!(matches!(error, ConnectError::Keyspace(_)), "{name}");
        }
        assert!(Options::new(Vec::new(), "caffis_chat2").check().is_ok());
        let replication = Replication::In(BTreeMap::from([("x', 'y': '1".to_owned(), 3)]));
        let options = Options { replication, ..Options::new(Vec::new(), "chat") };
        assert!(matches!(options.check(), Err(ConnectError::DataCentre(_))));
    }

    #[test]
    fn a_password_is_not_shown() {
        let credentials = Credentials { user: "chat".to_owned(), password: "secret".to_owned() };
        let shown = format!("{credentials:?}");
        assert!(shown.contains("chat") && !shown.contains("secret"), "{shown}");
    }
}
