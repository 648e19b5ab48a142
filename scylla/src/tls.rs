//! Encrypted connections to the servers.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, UnixTime,
    pem::{self, PemObject as _},
};

/// How connections are encrypted. The servers' certificates are always checked.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Whom to trust, as PEM; none: the roots of the machine.
    pub authority: Option<Vec<u8>>,
    /// The name that every server's certificate holds; none: each holds the address of its server.
    pub name: Option<String>,
    /// What this process shows of itself, where the servers ask.
    pub identity: Option<Identity>,
}

/// A certificate with its key, both as PEM. Its debug output leaves the key out.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, followed by those that signed it.
    pub certificates: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Tls {
    /// The configuration for the driver.
    pub(crate) fn client_config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let roots = Arc::new(self.roots()?);
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(refused)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build();
        let verifier = verifier.map_err(refused)?;
        let verifier: Arc<dyn ServerCertVerifier> = match &self.name {
            None => verifier,
            Some(name) => {
                let name = ServerName::try_from(name.clone()).map_err(refused)?;
                Arc::new(OneName { verifier, name })
            }
        };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { certificates, key }) => {
                let certificates = read_certificates(certificates)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(refused)?;
                builder.with_client_auth_cert(certificates, key).map_err(refused)?
            }
        };
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let certificates = match &self.authority {
            Some(pem) => read_certificates(pem)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        match roots.add_parsable_certificates(certificates) {
            (0, _) => Err(refused("there is no certificate to trust")),
            _ => Ok(roots),
        }
    }
}

fn read_certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => Err(refused("there is no certificate")),
        read => read.map_err(refused),
    }
}

/// Why what TLS needs cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

fn refused(reason: impl fmt::Display) -> TlsError {
    TlsError(reason.to_string())
}

/// Expects one name of all servers, whatever their addresses are.
#[derive(Debug)]
struct OneName {
    verifier: Arc<WebPkiServerVerifier>,
    name: ServerName<'static>,
}

impl ServerCertVerifier for OneName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let name = &self.name;
        self.verifier.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_named() {
        let error = |tls: Tls| tls.client_config().unwrap_err().to_string();
        let nobody = Tls { authority: Some(b"no certificate".to_vec()), ..Tls::default() };
        assert!(error(nobody).contains("there is no certificate"));
        let key = rcgen::generate_simple_self_signed(["db".to_owned()]).unwrap();
        let pem = key.cert.pem().into_bytes();
        let trusted = Tls { authority: Some(pem.clone()), ..Tls::default() };
        assert!(trusted.client_config().is_ok());
        let named = Tls { name: Some("not a name".to_owned()), ..trusted.clone() };
        assert!(error(named).contains("invalid dns name"));
        let identity = Identity { certificates: pem.clone(), key: pem };
        assert!(!error(Tls { identity: Some(identity), ..trusted }).is_empty());
    }
}
