//! A certificate authority, and what it is asked for.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rustls::ServerConfig;
use tokio::sync::Notify;

use super::{
    cache::Cache,
    challenge::{self, ALPN_ACME, Challenges, Resolver},
    http::Http,
};
use crate::{
    error::CertError,
    identity::{self, Identity},
};

/// Where Let's Encrypt lists its addresses.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// A certificate is renewed when this part of its lifetime is left, as Let's Encrypt advises.
const RENEWED_AT: u32 = 3;

/// Which certificate to request, and from which authority.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the account and the certificate.
    pub folder: PathBuf,
    /// The names that the certificate is for, at most [`MAX_DOMAINS`].
    pub domains: Vec<String>,
    /// The mail address that the authority may write to.
    pub contact: Option<String>,
    /// The address of the authority's directory, `https`.
    pub directory: String,
    /// The roots (PEM) for the directory's own TLS certificate, or none for the machine's.
    pub root: Option<PathBuf>,
}

/// The most names of one certificate; Let's Encrypt allows 100.
pub const MAX_DOMAINS: usize = 64;

/// A certificate authority with our account there. The first order creates the account and agrees to
/// the authority's terms of service.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(super) settings: Settings,
    pub(super) cache: Cache,
    pub(super) challenges: Arc<Challenges>,
    pub(super) http: Http,
    /// An attempt was requested.
    pub(super) wanted: Notify,
}

impl Authority {
    /// Makes the folder and reads the root.
    pub(crate) fn open(settings: &Settings) -> Result<Self, CertError> {
        let mut settings = settings.clone();
        settings.domains.truncate(MAX_DOMAINS);
        settings.domains.iter_mut().for_each(|domain| domain.make_ascii_lowercase());
        Ok(Self {
            cache: Cache::open(&settings.folder, &settings.directory)?,
            challenges: Arc::default(),
            http: Http::new(settings.root.as_deref())?,
            wanted: Notify::new(),
            settings,
        })
    }

    /// The certificate that was obtained before, if it is still valid.
    pub(crate) fn cached(&self, now: SystemTime) -> Option<Identity> {
        self.cache.certificate(&self.settings.domains, now)
    }

    /// Starts an attempt now, without waiting for the back-off, if a certificate is due.
    pub(crate) fn ask(&self) {
        self.wanted.notify_one();
    }

    /// The configurations of the TCP and the UDP port. Without a certificate, TCP uses a self-signed
    /// one, so that probes that do not verify it can read the state; UDP, which serves only links,
    /// refuses.
    pub(crate) fn configs(
        &self,
        identity: Option<&Identity>,
    ) -> Result<(ServerConfig, ServerConfig), CertError> {
        let certified = identity.map(Identity::certified);
        let shown = match &certified {
            Some(certified) => certified.clone(),
            None => challenge::placeholder(&self.settings.domains)?,
        };
        let tcp = Resolver { challenges: self.challenges.clone(), certified: Some(shown) };
        let udp = Resolver { challenges: Arc::default(), certified };
        let tcp = identity::tcp_config(Arc::new(tcp), &[ALPN_ACME])?;
        Ok((tcp, identity::udp_config(Arc::new(udp))?))
    }
}

/// When a certificate is due.
pub(crate) fn renewal(identity: &Identity) -> SystemTime {
    let lifetime = identity.not_after.duration_since(identity.not_before);
    identity.not_after - lifetime.unwrap_or(Duration::ZERO) / RENEWED_AT
}
