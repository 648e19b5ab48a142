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

    /// Removes the proof.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<CertifiedKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the proof to the authority and the current certificate to everyone else.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) challenges: Arc<Challenges>,
    /// Without one, everyone else is refused.
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

/// A self-signed certificate, in memory only.
pub(super) fn placeholder(domains: &[String]) -> Result<Arc<CertifiedKey>, CertError> {
    sign(&params(domains)?)
}

fn params(domains: &[String]) -> Result<CertificateParams, CertError> {
    let mut params = CertificateParams::new(domains)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Caffis Chat");
    Ok(params)
}

fn sign(params: &CertificateParams) -> Result<Arc<CertifiedKey>, CertError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let signing = provider().key_provider.load_private_key(der)?;
    Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], signing)))
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use super::*;
    use crate::identity::tcp_config;

    /// The protocol that a client and the server agree on, if the client was shown this certificate.
    fn agreed(
        server: &Arc<ServerConfig>,
        name: &'static str,
        offered: &[&[u8]],
        certified: &CertifiedKey,
    ) -> Result<Option<Vec<u8>>, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(certified.cert[0].clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider());
        let client = client.with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = offered.iter().map(|protocol| protocol.to_vec()).collect();
        let name = name.try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(server.clone()).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut &*bytes).unwrap();
            server.process_new_packets()?;
            bytes.clear();
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut &*bytes).unwrap();
            client.process_new_packets()?;
        }
        Ok(client.alpn_protocol().map(<[u8]>::to_vec))
    }

    #[test]
    fn only_the_authority_sees_the_proof_and_only_while_it_is_shown() {
        let challenges = Arc::new(Challenges::default());
        challenges.show("Chat.test", &[7; 32]).unwrap();
        let proof = challenges.lock()["chat.test"].clone();
        let usual = placeholder(&["chat.test".to_owned(), "other.test".to_owned()]).unwrap();
        let certified = Some(usual.clone());
        let resolver = Resolver { challenges: challenges.clone(), certified };
        let server = Arc::new(tcp_config(Arc::new(resolver), &[ALPN_ACME]).unwrap());

        // A client that does not know the extension must not accept the proof as a certificate.
        let is_proof = |error: &rustls::Error| error.to_string().contains("CriticalExtension");
        let authority = |name| agreed(&server, name, &[ALPN_ACME], &proof).unwrap_err();
        assert!(is_proof(&authority("chat.test")), "{}", authority("chat.test"));
        assert!(!is_proof(&authority("other.test")));
        for (offered, protocol) in [(&[&b"h2"[..]][..], &b"h2"[..]), (&[ALPN_ACME, b"h2"], b"h2")] {
            let browser = agreed(&server, "chat.test", offered, &usual).unwrap();
            assert_eq!(browser.as_deref(), Some(protocol), "{offered:?}");
        }
        assert_eq!(agreed(&server, "other.test", &[], &usual).unwrap(), None);
        challenges.clear();
        assert!(!is_proof(&authority("chat.test")));
    }
}
