//! The handle that gives the certificate of the moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::ServerConfig;
use tokio::{sync::watch, task::JoinHandle};

use crate::{CertError, Identity, development};

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
}

impl Source {
    fn load(&self, now: SystemTime) -> Result<Identity, CertError> {
        match self {
            Self::Development { folder, names } => development::load_or_create(folder, names, now),
            Self::Files { chain, key, names } => Identity::load(chain, key, names, now),
        }
    }

    /// What tells a changed file from an unchanged one.
    fn stamp(&self) -> Stamp {
        match self {
            Self::Development { .. } => [None, None],
            Self::Files { chain, key, .. } => [stamp(chain).ok(), stamp(key).ok()],
        }
    }
}

type Stamp = [Option<(SystemTime, u64)>; 2];

fn stamp(path: &Path) -> io::Result<(SystemTime, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

/// What clients and operators may know about the certificate in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// SHA-256 over its DER form.
    pub hash: [u8; 32],
    /// When it ends.
    pub not_after: SystemTime,
    /// The names and addresses that it is for.
    pub names: Vec<String>,
    /// Whether it is the development certificate, which clients trust by its hash only.
    pub development: bool,
}

/// The certificate of the moment. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    seen: Mutex<Stamp>,
    tcp: watch::Sender<Arc<ServerConfig>>,
    udp: watch::Sender<Arc<ServerConfig>>,
    status: watch::Sender<Status>,
}

impl Certificates {
    /// Loads or makes the first certificate.
    ///
    /// # Errors
    /// Any [`CertError`].
    pub fn open(source: Source, now: SystemTime) -> Result<Self, CertError> {
        let seen = Mutex::new(source.stamp());
        let identity = source.load(now)?;
        let status = status(&source, &identity);
        Ok(Self(Arc::new(Inner {
            source,
            seen,
            tcp: watch::Sender::new(Arc::new(identity.tcp_config()?)),
            udp: watch::Sender::new(Arc::new(identity.udp_config()?)),
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

    /// What is known about the certificate in use.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status.borrow().clone()
    }

    /// When the development certificate is due; none for files, which others renew.
    #[must_use]
    pub fn next_renewal(&self) -> Option<SystemTime> {
        let status = self.0.status.borrow();
        status.development.then(|| status.not_after - development::RENEWED_BEFORE)
    }

    /// Loads the certificate anew, whether or not it changed. Whether another one is now in use.
    ///
    /// # Errors
    /// Any [`CertError`]; the certificate before stays in use.
    pub fn reload(&self, now: SystemTime) -> Result<bool, CertError> {
        // Before reading: what changes while it is read is seen by the next check.
        let stamp = self.0.source.stamp();
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp;
        let identity = self.0.source.load(now)?;
        let status = status(&self.0.source, &identity);
        if *self.0.status.borrow() == status {
            return Ok(false);
        }
        let (tcp, udp) = (identity.tcp_config()?, identity.udp_config()?);
        self.0.tcp.send_replace(Arc::new(tcp));
        self.0.udp.send_replace(Arc::new(udp));
        self.0.status.send_replace(status);
        Ok(true)
    }

    /// Renews the development certificate when it is due, rereads files that changed since they
    /// were last read. Whether another certificate is now in use.
    ///
    /// # Errors
    /// Any [`CertError`]; the certificate before stays in use, and the files are read again when
    /// they change again.
    pub fn check(&self, now: SystemTime) -> Result<bool, CertError> {
        let due = self.next_renewal().is_some_and(|renewal| now >= renewal);
        let changed =
            *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) != self.0.source.stamp();
        if due || changed { self.reload(now) } else { Ok(false) }
    }

    /// Checks in intervals, by the clock that is given, until the task is aborted.
    pub fn keep(
        &self,
        interval: Duration,
        clock: impl Fn() -> SystemTime + Send + 'static,
    ) -> JoinHandle<()> {
        let certificates = self.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(interval);
            loop {
                ticks.tick().await;
                match certificates.check(clock()) {
                    Ok(false) => {}
                    Ok(true) => tracing::info!("another certificate is in use"),
                    Err(error) => tracing::error!(%error, "the certificate was not replaced"),
                }
            }
        })
    }
}

fn status(source: &Source, identity: &Identity) -> Status {
    Status {
        hash: identity.hash,
        not_after: identity.not_after,
        names: identity.names.clone(),
        development: matches!(source, Source::Development { .. }),
    }
}
