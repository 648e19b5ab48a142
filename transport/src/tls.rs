//! Which server certificates a client trusts.

use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring as provider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::error::ConnectError;

/// Which server certificates a client accepts.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the machine's certificate authorities signed.
    Native,
    /// Those that these authorities signed.
    Roots(Arc<RootCertStore>),
    /// Exactly those whose DER form has one of these SHA-256 hashes. The name and the dates are not
    /// checked: the publisher of the hash vouches for them.
    Hashes(Vec<[u8; 32]>),
}

impl Trust {
    /// A TLS client configuration with this trust, for the given protocols.
    ///
    /// # Errors
    /// [`ConnectError::NativeRoots`] and [`ConnectError::Tls`].
    pub fn client_config(&self, alpn: &[&[u8]]) -> Result<ClientConfig, ConnectError> {
        let provider = Arc::new(provider::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?;
        let mut config = match self {
            Self::Native => builder.with_root_certificates(native_roots()?).with_no_client_auth(),
            Self::Roots(roots) => {
                builder.with_root_certificates(roots.clone()).with_no_client_auth()
            }
            Self::Hashes(hashes) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(ByHash {
                    hashes: hashes.clone(),
                    provider,
                }))
                .with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }
}

fn native_roots() -> Result<RootCertStore, ConnectError> {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(loaded.certs);
    if added == 0 {
        let reason = loaded.errors.first().map_or("there are none".into(), ToString::to_string);
        return Err(ConnectError::NativeRoots(reason));
    }
    Ok(roots)
}

/// Accepts a certificate by the hash of its DER form.
#[derive(Debug)]
struct ByHash {
    hashes: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByHash {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = digest(&SHA256, end_entity);
        if self.hashes.iter().any(|hash| hash == found.as_ref()) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
