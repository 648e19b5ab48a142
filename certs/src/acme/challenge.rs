//! What the TCP port answers during tls-alpn-01.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256,
};
use rustls::{
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::{CertError, identity::provider};

/// The protocol by which the authority looks for a proof (RFC 8737).
pub const ALPN_ACME: &[u8] = b"acme-tls/1";

/// The certificates that prove domains, while an order is under way; at most one for each domain.
#[derive(Debug, Default)]
pub(super) struct Challenges(Mutex<BTreeMap<String, Arc<CertifiedKey>>>);

impl Challenges {
    /// Shows the proof for a domain: the digest of the key authorisation, in a certificate.
    pub(super) fn show(&self, domain: &str, digest: &[u8]) -> Result<(), CertError> {
        let mut params = params(&[domain.to_owned()])?;
        params.custom_extensions.push(CustomExtension::new_acme_identifier(digest));
        let certified = sign(&params)?;
        self.lock().insert(domain.to_ascii_lowercase(), certified);
        Ok(())
    }

    /// Shows none any more.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the authority its proof, and everybody else the certificate of the moment.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) challenges: Arc<Challenges>,
    /// None: everybody else is refused.
    pub(super) certified: Option<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // The authority offers this protocol alone: a client that offers others too gets one of
        // those, and the usual certificate with it.
        if is_authority(&hello) {
            return self.challenges.lock().get(hello.server_name()?).cloned();
        }
        self.certified.clone()
    }
}

fn is_authority(hello: &ClientHello<'_>) -> bool {
    let Some(mut protocols) = hello.alpn() else { return false };
    protocols.next() == Some(ALPN_ACME) && protocols.next().is_none()
}

/// A certificate that nobody trusts, in memory only.
pub(super) fn placeholder(domains: &[String]) -> Result<Arc<CertifiedKey>, CertError> {
    sign(&params(domains)?)
}

fn params(domains: &[String]) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::new(domains)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Caffis Chat without certificate yet");
    Ok(params)
}

fn sign(params: &CertificateParams) -> Result<Arc<CertifiedKey>, CertError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let signing = provider().key_provider.load_private_key(der)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing)))
}
