//! A certificate chain with its key, checked.

use std::{
    fmt, fs,
    net::IpAddr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ring::digest::{SHA256, digest};
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring as provider},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::ResolvesServerCert,
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate, time::ASN1Time,
};

use crate::CertError;

/// The protocols of the TCP port, in the order of preference.
const TCP_ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The protocols of the UDP port.
const UDP_ALPN: [&[u8]; 2] = [b"h3", b"caffis/1"];

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// A chain whose key fits.
#[derive(Clone)]
pub struct Identity {
    certified: Arc<CertifiedKey>,
    /// SHA-256 over the DER form of the first certificate: what browsers take as
    /// `serverCertificateHashes`.
    pub hash: [u8; 32],
    /// When the server's own certificate becomes valid.
    pub not_before: SystemTime,
    /// When the first certificate of the chain expires.
    pub not_after: SystemTime,
    /// The names and addresses that the certificate is for.
    pub names: Vec<String>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Identity {
    /// Loads a chain and its key from PEM files, which may be the same file. Checks that the key belongs
    /// to the chain, that every certificate is valid at `now`, and that the first covers `names`.
    ///
    /// # Errors
    /// Every [`CertError`] but `Create`.
    pub fn load(
        chain_path: &Path,
        key_path: &Path,
        names: &[String],
        now: SystemTime,
    ) -> Result<Self, CertError> {
        let (chain, key) = (read(chain_path)?, read(key_path)?);
        Self::from_pem((&chain, chain_path), (&key, key_path), names, now)
    }

    /// The same from PEM texts, each with the path that errors name.
    pub(crate) fn from_pem(
        (chain, chain_path): (&[u8], &Path),
        (key, key_path): (&[u8], &Path),
        names: &[String],
        now: SystemTime,
    ) -> Result<Self, CertError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| CertError::NoCertificate { path: chain_path.to_owned() })?;
        let no_key = |_| CertError::NoKey { path: key_path.to_owned() };
        let key = PrivateKeyDer::from_pem_slice(key).map_err(no_key)?;
        let parsed = parse(&chain, chain_path)?;
        let Some(leaf) = parsed.first() else {
            return Err(CertError::NoCertificate { path: chain_path.to_owned() });
        };
        for (index, certificate) in parsed.iter().enumerate() {
            check_dates(certificate, index + 1, chain_path, now)?;
        }
        let found = names_of(leaf);
        for name in names {
            if !found.iter().any(|pattern| covers(pattern, name)) {
                let (path, name) = (chain_path.to_owned(), name.clone());
                return Err(CertError::WrongName { path, name, found });
            }
        }
        let not_before = system_time(leaf.validity().not_before);
        let ends = parsed.iter().map(|certificate| certificate.validity().not_after);
        let not_after = ends.map(system_time).min().unwrap_or(now);
        let hash = sha256(&chain);
        let signing = provider().key_provider.load_private_key(key).map_err(|error| {
            CertError::BadKey { path: key_path.to_owned(), reason: error.to_string() }
        })?;
        let certified = CertifiedKey::new(chain, signing);
        certified.keys_match().map_err(|_| CertError::WrongKey {
            certificate: chain_path.to_owned(),
            key: key_path.to_owned(),
        })?;
        Ok(Self { certified: Arc::new(certified), hash, not_before, not_after, names: found })
    }

    /// The TLS configuration of the TCP port: HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`CertError::Tls`].
    pub fn tcp_config(&self) -> Result<ServerConfig, CertError> {
        tcp_config(self.resolver(), &[])
    }

    /// The TLS configuration of the UDP port: HTTP/3 with WebTransport, and native QUIC.
    ///
    /// # Errors
    /// [`CertError::Tls`].
    pub fn udp_config(&self) -> Result<ServerConfig, CertError> {
        udp_config(self.resolver())
    }

    /// The chain with its key, for a custom resolver.
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }

    /// Answers with this certificate for every name: a client that uses an address sends none.
    fn resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::new(SingleCertAndKey::from(self.certified.clone()))
    }
}

/// A configuration of the TCP port, with protocols beyond those of HTTP.
pub(crate) fn tcp_config(
    resolver: Arc<dyn ResolvesServerCert>,
    more: &[&[u8]],
) -> Result<ServerConfig, CertError> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions()?.with_no_client_auth();
    let mut config = builder.with_cert_resolver(resolver);
    let protocols = TCP_ALPN.iter().chain(more);
    config.alpn_protocols = protocols.map(|protocol| protocol.to_vec()).collect();
    resume(&mut config)?;
    Ok(config)
}

/// A configuration of the UDP port.
pub(crate) fn udp_config(resolver: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, CertError> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_protocol_versions(&[&TLS13])?.with_no_client_auth();
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = UDP_ALPN.iter().map(|protocol| protocol.to_vec()).collect();
    resume(&mut config)?;
    Ok(config)
}

/// Lets returning clients skip half the handshake. The ticket holds the session state, encrypted with
/// rotating keys, so the server keeps nothing however many clients there are.
fn resume(config: &mut ServerConfig) -> Result<(), CertError> {
    config.ticketer = provider::Ticketer::new()?;
    // A client has one link at a time.
    config.send_tls13_tickets = 1;
    Ok(())
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(provider::default_provider())
}

fn sha256(chain: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut hash = [0; 32];
    if let Some(leaf) = chain.first() {
        hash.copy_from_slice(digest(&SHA256, leaf).as_ref());
    }
    hash
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CertError> {
    let size = fs::metadata(path).map_err(CertError::unreadable(path))?.len();
    if size > MAX_FILE {
        let error = std::io::Error::other(format!("over the limit of {MAX_FILE} bytes"));
        return Err(CertError::unreadable(path)(error));
    }
    fs::read(path).map_err(CertError::unreadable(path))
}

fn parse<'a>(
    chain: &'a [CertificateDer<'_>],
    path: &Path,
) -> Result<Vec<X509Certificate<'a>>, CertError> {
    let one = |(index, der): (usize, &'a CertificateDer<'_>)| {
        parse_x509_certificate(der).map(|(_, certificate)| certificate).map_err(|error| {
            let (path, reason) = (path.to_owned(), error.to_string());
            CertError::BadCertificate { path, number: index + 1, reason }
        })
    };
    chain.iter().enumerate().map(one).collect()
}

fn check_dates(
    certificate: &X509Certificate<'_>,
    number: usize,
    path: &Path,
    now: SystemTime,
) -> Result<(), CertError> {
    let validity = certificate.validity();
    let (path, subject) = (path.to_owned(), certificate.subject().to_string());
    if now < system_time(validity.not_before) {
        let not_before = validity.not_before.to_string();
        return Err(CertError::NotYetValid { path, number, subject, not_before });
    }
    if now > system_time(validity.not_after) {
        let not_after = validity.not_after.to_string();
        return Err(CertError::Expired { path, number, subject, not_after });
    }
    Ok(())
}

fn system_time(time: ASN1Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(time.timestamp()).unwrap_or(0))
}

fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
                _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| IpAddr::from(b).to_string()),
            },
            _ => None,
        })
        .collect()
}

/// Whether a name of the certificate covers a name: equal but for case, or `*.` for one label.
fn covers(pattern: &str, name: &str) -> bool {
    if let (Ok(pattern), Ok(name)) = (pattern.parse::<IpAddr>(), name.parse::<IpAddr>()) {
        return pattern == name;
    }
    match (pattern.strip_prefix("*."), name.split_once('.')) {
        (Some(parent), Some((_, rest))) => parent.eq_ignore_ascii_case(rest),
        _ => pattern.eq_ignore_ascii_case(name),
    }
}
