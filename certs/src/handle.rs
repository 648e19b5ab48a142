//! The handle that gives the current certificate.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::ServerConfig;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    CertError, Identity,
    acme::{self, Authority},
    development,
};

/// Where certificates come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A development certificate, kept in a folder.
    Development {
        /// The folder.
        folder: PathBuf,
        /// Names beyond `localhost`, `127.0.0.1` and `::1`.
        names: Vec<String>,
    },
    /// PEM files of the operator.
    Files {
        /// The chain, the server's own certificate first.
        chain: PathBuf,
        /// The key; may be the same file.
        key: PathBuf,
        /// Names that the certificate must cover.
        names: Vec<String>,
    },
    /// A certificate authority that speaks ACME; [`Certificates::keep`] asks it, over the crypto
    /// library that the process installed for rustls.
    Acme(acme::Settings),
}

/// What tells a changed file from an unchanged one.
type Stamp = [Option<(SystemTime, u64)>; 2];

fn stamp(path: &Path) -> io::Result<(SystemTime, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

/// A source that is in use.
#[derive(Debug)]
enum Supply {
    Development { folder: PathBuf, names: Vec<String> },
    Files { chain: PathBuf, key: PathBuf, names: Vec<String> },
    Acme(Arc<Authority>),
}

impl Supply {
    fn open(source: Source) -> Result<Self, CertError> {
        Ok(match source {
            Source::Development { folder, names } => Self::Development { folder, names },
            Source::Files { chain, key, names } => Self::Files { chain, key, names },
            Source::Acme(settings) => Self::Acme(Arc::new(Authority::open(&settings)?)),
        })
    }

    /// The certificate; of an authority the one that it gave before, if there is one.
    fn load(&self, now: SystemTime) -> Result<Option<Identity>, CertError> {
        match self {
            Self::Development { folder, names } => {
                development::load_or_create(folder, names, now).map(Some)
            }
            Self::Files { chain, key, names } => Identity::load(chain, key, names, now).map(Some),
            Self::Acme(authority) => Ok(authority.cached(now)),
        }
    }

    fn configs(
        &self,
        identity: Option<&Identity>,
    ) -> Result<(ServerConfig, ServerConfig), CertError> {
        match (self, identity) {
            (Self::Acme(authority), identity) => authority.configs(identity),
            (_, Some(identity)) => Ok((identity.tcp_config()?, identity.udp_config()?)),
            (_, None) => Err(rustls::Error::General("there is no certificate".to_owned()).into()),
        }
    }

    fn status(&self, identity: &Identity) -> Status {
        Status {
            hash: identity.hash,
            not_after: identity.not_after,
            renewal: match self {
                Self::Development { .. } => Some(development::renewal(identity)),
                Self::Files { .. } => None,
                Self::Acme(_) => Some(acme::renewal(identity)),
            },
            names: identity.names.clone(),
            development: matches!(self, Self::Development { .. }),
        }
    }

    fn stamp(&self) -> Stamp {
        match self {
            Self::Files { chain, key, .. } => [stamp(chain).ok(), stamp(key).ok()],
            Self::Development { .. } | Self::Acme(_) => [None, None],
        }
    }
}

/// What clients and operators may know about the certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// SHA-256 over its DER form.
    pub hash: [u8; 32],
    /// When it ends.
    pub not_after: SystemTime,
    /// When it is due for renewal, or none for files, which the operator renews.
    pub renewal: Option<SystemTime>,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// Whether it is the development certificate, which clients trust by its hash only.
    pub development: bool,
}

/// The current certificate. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    supply: Supply,
    seen: Mutex<Stamp>,
    tcp: watch::Sender<Arc<ServerConfig>>,
    udp: watch::Sender<Arc<ServerConfig>>,
    status: watch::Sender<Option<Status>>,
}

impl Certificates {
    /// Loads or makes the first certificate. An authority is not asked yet: without a cached
    /// certificate there is none at first.
    ///
    /// # Errors
    /// Any [`CertError`].
    pub fn open(source: Source, now: SystemTime) -> Result<Self, CertError> {
        let supply = Supply::open(source)?;
        let seen = Mutex::new(supply.stamp());
        let identity = supply.load(now)?;
        let status = identity.as_ref().map(|identity| supply.status(identity));
        let (tcp, udp) = supply.configs(identity.as_ref())?;
        Ok(Self(Arc::new(Inner {
            supply,
            seen,
            tcp: watch::Sender::new(Arc::new(tcp)),
            udp: watch::Sender::new(Arc::new(udp)),
            status: watch::Sender::new(status),
        })))
    }

    /// The TLS configuration of the TCP port (`h2`, `http/1.1`), now and after each change.
    #[must_use]
    pub fn tcp(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.0.tcp.subscribe()
    }

    /// The TLS configuration of the UDP port (`h3`, `caffis/1`), now and after each change.
    #[must_use]
    pub fn udp(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.0.udp.subscribe()
    }

    /// Facts about the certificate in use, or none while the authority has issued none.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.0.status.borrow().clone()
    }

    /// When the certificate is due for renewal, or none for files and without a certificate.
    #[must_use]
    pub fn next_renewal(&self) -> Option<SystemTime> {
        self.0.status.borrow().as_ref().and_then(|status| status.renewal)
    }

    /// Loads the certificate anew, whether or not it changed; an authority is asked at once if a
    /// certificate is due. Returns whether a new one is now in use.
    ///
    /// # Errors
    /// Any [`CertError`]; the certificate before stays in use.
    pub fn reload(&self, now: SystemTime) -> Result<bool, CertError> {
        if let Supply::Acme(authority) = &self.0.supply {
            authority.ask();
            return Ok(false);
        }
        // Before reading: what changes while it is read is seen by the next check.
        let stamp = self.0.supply.stamp();
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp;
        match self.0.supply.load(now)? {
            Some(identity) => self.replace(&identity),
            None => Ok(false),
        }
    }

    /// Uses this certificate from now on. Returns whether it changed.
    pub(crate) fn replace(&self, identity: &Identity) -> Result<bool, CertError> {
        let status = Some(self.0.supply.status(identity));
        if *self.0.status.borrow() == status {
            return Ok(false);
        }
        let (tcp, udp) = self.0.supply.configs(Some(identity))?;
        self.0.tcp.send_replace(Arc::new(tcp));
        self.0.udp.send_replace(Arc::new(udp));
        self.0.status.send_replace(status);
        Ok(true)
    }

    /// Renews the development certificate when it is due, rereads files that changed since they
    /// were last read. Returns whether a new certificate is now in use.
    ///
    /// # Errors
    /// Any [`CertError`]; the certificate before stays in use, and the files are read again when
    /// they change again.
    pub fn check(&self, now: SystemTime) -> Result<bool, CertError> {
        let due = self.next_renewal().is_some_and(|renewal| now >= renewal);
        let changed =
            *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) != self.0.supply.stamp();
        if due || changed { self.reload(now) } else { Ok(false) }
    }

    /// Checks at intervals, by the given clock, until the task is aborted. An authority is asked
    /// whenever a certificate is due.
    pub fn keep(
        &self,
        interval: Duration,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> JoinHandle<()> {
        let certificates = self.clone();
        if let Supply::Acme(authority) = &self.0.supply {
            return tokio::spawn(acme::keep(certificates, authority.clone(), clock));
        }
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            loop {
                ticks.tick().await;
                match certificates.check(clock()) {
                    Ok(false) => {}
                    Ok(true) => tracing::info!("a new certificate is in use"),
                    Err(error) => tracing::error!(%error, "the certificate was not replaced"),
                }
            }
        })
    }
}
