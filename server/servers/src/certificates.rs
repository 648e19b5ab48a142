//! Certificates of servers that encrypt, and of those who connect to them.

use std::{fs, net::Ipv4Addr, path::Path};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

/// The name that all servers' certificates hold beside their address.
pub const SERVER_NAME: &str = "servers.test";

/// Signs certificates, for one test.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
pub struct Certified {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// One that nobody trusts yet.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        Self { issuer }
    }

    /// Its own certificate, as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a client.
    ///
    /// # Panics
    /// If there is no randomness.
    #[must_use]
    pub fn client(&self) -> Certified {
        self.sign(CertificateParams::default())
    }

    /// Writes what the server at an address needs, as PEM: `server.pem` and `authority.pem`.
    pub(crate) fn write_server(&self, address: Ipv4Addr, folder: &Path) {
        let names = vec![SERVER_NAME.to_owned()];
        let mut params = CertificateParams::new(names).expect("a name");
        params.subject_alt_names.push(SanType::IpAddress(address.into()));
        let Certified { certificate, key } = self.sign(params);
        fs::write(folder.join("server.pem"), key + &certificate).expect("a file");
        fs::write(folder.join("authority.pem"), self.pem()).expect("a file");
    }

    fn sign(&self, params: CertificateParams) -> Certified {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Certified { certificate, key: key.serialize_pem() }
    }
}
