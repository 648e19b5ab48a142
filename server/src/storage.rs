//! Where everything is kept: the embedded store in the data folder, or one that nodes share.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use caffis_core::ports::{clock::SharedClock, store::SharedStore};
use caffis_embedded::{EmbeddedStore, Health, Options};
use caffis_scylla::{
    Credentials, Identity, Replication, Risk, Schema, ScyllaStore, Tls, migrate, plan, risks,
};

use crate::config::{self, Config, Copies};

/// The store of this process.
#[derive(Clone)]
pub enum Storage {
    /// In the data folder; nobody else has it.
    Embedded(Arc<EmbeddedStore>),
    /// On servers of its own; other nodes use it too.
    Shared(SharedStore),
}

impl Storage {
    /// Opens the store of the configuration.
    ///
    /// # Errors
    /// Another process has it, it is of another version, or it cannot be reached.
    pub async fn open(config: &Config, clock: &SharedClock) -> anyhow::Result<Self> {
        match &config.store.address {
            None => Ok(Self::Embedded(embedded(config, clock).await?)),
            Some(_) => Ok(Self::Shared(shared(config).await?)),
        }
    }

    /// The store as core uses it.
    #[must_use]
    pub fn port(&self) -> SharedStore {
        match self {
            Self::Embedded(store) => store.clone(),
            Self::Shared(store) => store.clone(),
        }
    }

    /// How it is. Of a shared store its own servers know more.
    #[must_use]
    pub fn health(&self) -> Health {
        match self {
            Self::Embedded(store) => store.health(),
            Self::Shared(_) => Health::Healthy,
        }
    }

    /// The embedded store.
    ///
    /// # Errors
    /// It is a shared one, with a sentence about what to do.
    pub fn for_copies(&self) -> anyhow::Result<&Arc<EmbeddedStore>> {
        match self {
            Self::Embedded(store) => Ok(store),
            Self::Shared(_) => bail!(NO_COPIES),
        }
    }
}

/// Why a command has nothing to do with a shared store.
const NO_COPIES: &str = "everything is kept by the servers that `store` names: back up and restore \
                         them with their own tools";

/// Refuses a command that works on the store in the data folder, where there is none.
///
/// # Errors
/// The store is a shared one.
pub fn only_embedded(config: &Config) -> anyhow::Result<()> {
    match config.store.address {
        Some(_) => bail!(NO_COPIES),
        None => Ok(()),
    }
}

/// Opens the embedded store with the settings of the configuration.
///
/// # Errors
/// Another process has it, it is of another version, or the system refuses.
pub async fn embedded(config: &Config, clock: &SharedClock) -> anyhow::Result<Arc<EmbeddedStore>> {
    let mut options = Options::new(clock.clone());
    options.reserve_bytes = config.store_reserve;
    options.block_cache_bytes = config.store_cache;
    let folder = config.store_folder();
    let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(folder, options)).await?;
    Ok(Arc::new(opened?))
}

/// Connects to the servers of a shared store, and brings its tables to this version.
async fn shared(config: &Config) -> anyhow::Result<SharedStore> {
    let options = shared_options(config)?;
    check_losses(config, &options).await?;
    migrate(&options, &Schema::core(), &config.node_name()).await?;
    Ok(Arc::new(ScyllaStore::connect(&options).await?))
}

/// Brings the tables of a shared store to this version, or only says by which statements; gives what to
/// tell the person at the terminal.
///
/// # Errors
/// The store is not a shared one, cannot be reached, or has a newer version.
pub async fn migrate_shared(config: &Config, only_plan: bool) -> anyhow::Result<String> {
    if config.store.address.is_none() {
        bail!(
            "the store in the data folder needs no migration: set store to that of several nodes"
        );
    }
    let (options, schema) = (shared_options(config)?, Schema::core());
    let done = match only_plan {
        true => plan(&options, &schema).await?,
        false => {
            check_losses(config, &options).await?;
            migrate(&options, &schema, &config.node_name()).await?
        }
    };
    Ok(done.to_string())
}

/// Refuses servers that could lose what they acknowledged, unless the configuration accepts that. Before
/// anything is made there.
async fn check_losses(config: &Config, options: &caffis_scylla::Options) -> anyhow::Result<()> {
    let refused = refused(risks(options).await?, &config.store.accept_loss);
    match refused.is_empty() {
        true => Ok(()),
        false => bail!("{}", refused.join("; ")),
    }
}

/// A sentence for each risk that is not accepted; the others are logged.
fn refused(risks: Vec<Risk>, accepted: &[String]) -> Vec<String> {
    let mut refused = Vec::new();
    for Risk { loss, sentence } in risks {
        let name = loss.name();
        if accepted.iter().any(|accepted| accepted == name) {
            tracing::warn!(loss = name, "accepted by accept_loss: {sentence}");
        } else {
            refused.push(format!("{sentence}; or accept this with accept_loss = [\"{name}\"]"));
        }
    }
    refused
}

/// How the servers of a shared store are reached.
fn shared_options(config: &Config) -> anyhow::Result<caffis_scylla::Options> {
    let address = config.store.address.as_ref().context("store is not set")?;
    let place = config::SharedStore::parse(&address.0).context("store is not an address")?;
    let mut options = caffis_scylla::Options::new(place.hosts, place.keyspace);
    let user = config.store.user.clone().or(place.user);
    let password = config.store.password.as_ref().map(|password| password.0.clone());
    options.credentials = match (user, password.or(place.password)) {
        (Some(user), password) => {
            Some(Credentials { user, password: password.unwrap_or_default() })
        }
        (None, Some(_)) => bail!("store_password is set and store_user is not: set both"),
        (None, None) => None,
    };
    options.tls = tls(config)?;
    options.data_centre.clone_from(&config.store.data_centre);
    options.replication = match Copies::parse(&config.store.replication) {
        Some(Copies::Everywhere(copies)) => Replication::Everywhere(copies),
        Some(Copies::In(centres)) => Replication::In(centres),
        None => bail!("store_replication is neither one number nor one for each data centre"),
    };
    Ok(options)
}

/// How connections to the servers of a shared store are encrypted.
fn tls(config: &Config) -> anyhow::Result<Option<Tls>> {
    let settings = &config.store.tls;
    let read = |name: &str, path: &Path| {
        fs::read(path).with_context(|| format!("{name} {}", path.display()))
    };
    let authority = settings.ca.as_deref().map(|path| read("store_ca", path)).transpose()?;
    let identity = match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificates: read("store_certificate", certificate)?,
            key: read("store_key", key)?,
        }),
        (None, None) => None,
        _ => bail!("store_certificate and store_key belong together: set both"),
    };
    let name = settings.name.clone();
    let unused = authority.is_some() || identity.is_some() || name.is_some();
    match settings.on {
        true => Ok(Some(Tls { authority, name, identity })),
        false if unused => bail!(
            "the certificates for the CQL servers are of no use without store_tls: set store_tls = true"
        ),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use caffis_scylla::Loss;

    use super::*;

    #[test]
    fn certificates_are_not_ignored_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        fs::write(&file, "a root").unwrap();
        let mut config = Config::default();
        assert!(tls(&config).unwrap().is_none());
        config.store.tls.ca = Some(file.clone());
        assert!(tls(&config).unwrap_err().to_string().ends_with("set store_tls = true"));
        config.store.tls.on = true;
        assert_eq!(tls(&config).unwrap().unwrap().authority.unwrap(), b"a root");
        config.store.tls.key = Some(file.clone());
        assert!(tls(&config).unwrap_err().to_string().contains("belong together"));
        config.store.tls.certificate = Some(folder.path().join("missing.pem"));
        assert!(tls(&config).unwrap_err().to_string().starts_with("store_certificate"));
    }

    #[test]
    fn a_loss_is_refused_unless_it_is_accepted_by_name() {
        let risk = |loss| Risk { loss, sentence: "it may be lost".to_owned() };
        let risks = || vec![risk(Loss::Replication), risk(Loss::CommitLog)];
        let accepted = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            refused(risks(), &names)
        };
        assert_eq!(accepted(&[]).len(), 2);
        let left = accepted(&["replication"]);
        assert_eq!(left, ["it may be lost; or accept this with accept_loss = [\"commit_log\"]"]);
        assert_eq!(accepted(&["replication", "commit_log"]), Vec::<String>::new());
    }
}
