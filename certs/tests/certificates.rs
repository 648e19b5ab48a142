//! Certificates are made, checked, aged and replaced.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use ::ring::digest::{SHA256, digest};
use caffis_certs::{CertError, Certificates, Identity, Source};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn source(folder: &Path) -> Source {
    Source::Development { folder: folder.to_owned(), names: vec!["chat.test".to_owned()] }
}

struct Files {
    folder: TempDir,
    key: KeyPair,
}

impl Files {
    fn new() -> Self {
        let files =
            Self { folder: folder(), key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap() };
        fs::write(files.path("key.pem"), files.key.serialize_pem()).unwrap();
        files.write(&["chat.test", "*.wild.test"], SystemTime::now());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate valid from a day before `middle` to a day after.
    fn write(&self, names: &[&str], middle: SystemTime) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = (middle - DAY).into();
        params.not_after = (middle + DAY).into();
        let certificate = params.self_signed(&self.key).unwrap();
        fs::write(self.path("chain.pem"), certificate.pem()).unwrap();
    }

    fn source(&self, name: &str) -> Source {
        let (chain, key) = (self.path("chain.pem"), self.path("key.pem"));
        Source::Files { chain, key, names: vec![name.to_owned()] }
    }

    fn load(&self, name: &str, now: SystemTime) -> Result<Identity, CertError> {
        Identity::load(&self.path("chain.pem"), &self.path("key.pem"), &[name.to_owned()], now)
    }
}

#[test]
fn the_development_certificate_is_what_browsers_take() {
    let folder = folder();
    let now = SystemTime::now();
    let certificates = Certificates::open(source(folder.path()), now).unwrap();
    let status = certificates.status().unwrap();
    assert_eq!(status.names, ["localhost", "127.0.0.1", "::1", "chat.test"]);
    let path = folder.path().join("development.pem");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let pem = fs::read(&path).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let hash = digest(&SHA256, &pem.contents);
    assert_eq!(status.hash, hash.as_ref());
    let certificate = pem.parse_x509().unwrap();
    let validity = certificate.validity();
    let valid = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert!(valid <= 14 * 86_400, "browsers allow 14 days, not {valid} s");
    let curve = certificate.public_key().algorithm.parameters.as_ref().unwrap();
    assert_eq!(curve.as_oid().unwrap().to_id_string(), "1.2.840.10045.3.1.7", "P-256");
    assert_eq!(certificates.udp().borrow().alpn_protocols, [&b"h3"[..], b"caffis/1"]);
    assert_eq!(certificates.tcp().borrow().alpn_protocols, [&b"h2"[..], b"http/1.1"]);
}

#[test]
fn the_development_certificate_outlives_a_restart_until_it_is_due() {
    let folder = folder();
    let now = SystemTime::now();
    let open = |now| Certificates::open(source(folder.path()), now).unwrap();
    let first = open(now);
    assert_eq!(open(now + DAY).status().unwrap(), first.status().unwrap());
    let due = first.next_renewal().unwrap();
    assert!(due > now + 8 * DAY && due < first.status().unwrap().not_after - 3 * DAY);
    assert_ne!(open(due).status().unwrap().hash, first.status().unwrap().hash);
    // One whose names do not fit is replaced, and so is one that does not parse.
    let before = open(due).status().unwrap().hash;
    let other =
        Source::Development { folder: folder.path().to_owned(), names: vec!["x.test".into()] };
    assert_ne!(Certificates::open(other, due).unwrap().status().unwrap().hash, before);
    fs::write(folder.path().join("development.pem"), "rubbish").unwrap();
    assert!(open(due).status().unwrap().names.contains(&"chat.test".to_owned()));
}

#[test]
fn a_due_development_certificate_is_renewed_in_place() {
    let folder = folder();
    let now = SystemTime::now();
    let certificates = Certificates::open(source(folder.path()), now).unwrap();
    let (mut tcp, mut udp) = (certificates.tcp(), certificates.udp());
    let before = certificates.status().unwrap();
    assert!(!certificates.check(now + DAY).unwrap());
    assert!(!udp.has_changed().unwrap());
    let due = certificates.next_renewal().unwrap();
    assert!(certificates.check(due).unwrap());
    assert!(tcp.has_changed().unwrap() && udp.has_changed().unwrap());
    tcp.mark_unchanged();
    udp.mark_unchanged();
    let after = certificates.status().unwrap();
    assert_ne!(after.hash, before.hash);
    assert!(after.not_after > before.not_after);
    assert!(certificates.next_renewal().unwrap() > due);
}

#[test]
fn files_that_fit_are_loaded() {
    let files = Files::new();
    let now = SystemTime::now();
    for name in ["chat.test", "CHAT.test", "a.wild.test"] {
        files.load(name, now).unwrap();
    }
    let certificates = Certificates::open(files.source("chat.test"), now).unwrap();
    assert_eq!(certificates.next_renewal(), None);
    assert!(!certificates.status().unwrap().development);
}

#[test]
fn each_fault_has_its_own_error() {
    let files = Files::new();
    let now = SystemTime::now();
    let expired = files.load("chat.test", now + 2 * DAY).unwrap_err();
    assert!(matches!(expired, CertError::Expired { number: 1, .. }), "{expired}");
    let early = files.load("chat.test", now - 2 * DAY).unwrap_err();
    assert!(matches!(early, CertError::NotYetValid { number: 1, .. }), "{early}");
    for name in ["other.test", "a.b.wild.test", "wild.test", "127.0.0.1"] {
        let wrong = files.load(name, now).unwrap_err();
        assert!(matches!(wrong, CertError::WrongName { .. }), "{wrong}");
        assert!(wrong.to_string().contains("chat.test, *.wild.test"), "{wrong}");
    }

    let other = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    fs::write(files.path("key.pem"), other.serialize_pem()).unwrap();
    let wrong = files.load("chat.test", now).unwrap_err();
    assert!(matches!(wrong, CertError::WrongKey { .. }), "{wrong}");
    fs::write(files.path("key.pem"), "rubbish").unwrap();
    assert!(matches!(files.load("chat.test", now), Err(CertError::NoKey { .. })));
    fs::remove_file(files.path("key.pem")).unwrap();
    let gone = files.load("chat.test", now).unwrap_err();
    assert!(matches!(&gone, CertError::Unreadable { path, .. } if path.ends_with("key.pem")));
    fs::write(files.path("chain.pem"), "").unwrap();
    fs::write(files.path("key.pem"), files.key.serialize_pem()).unwrap();
    assert!(matches!(files.load("chat.test", now), Err(CertError::NoCertificate { .. })));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(files.path("chain.pem"), broken).unwrap();
    assert!(matches!(files.load("chat.test", now), Err(CertError::BadCertificate { .. })));
}

#[test]
fn an_expired_intermediate_is_an_expired_chain() {
    let files = Files::new();
    let now = SystemTime::now();
    let leaf = fs::read_to_string(files.path("chain.pem")).unwrap();
    files.write(&["authority.test"], now - 10 * DAY);
    let old = fs::read_to_string(files.path("chain.pem")).unwrap();
    fs::write(files.path("chain.pem"), leaf + &old).unwrap();
    let expired = files.load("chat.test", now).unwrap_err();
    assert!(matches!(expired, CertError::Expired { number: 2, .. }), "{expired}");
}

#[test]
fn changed_files_are_reread_and_bad_ones_are_not_used() {
    let files = Files::new();
    let now = SystemTime::now();
    let certificates = Certificates::open(files.source("chat.test"), now).unwrap();
    let before = certificates.status().unwrap();
    assert!(!certificates.check(now).unwrap());
    files.write(&["chat.test", "second.test"], now);
    assert!(certificates.check(now).unwrap());
    let second = certificates.status().unwrap();
    assert_ne!(second.hash, before.hash);

    files.write(&["somewhere-else-entirely.test"], now);
    assert!(matches!(certificates.check(now), Err(CertError::WrongName { .. })));
    assert_eq!(certificates.status().unwrap(), second, "the good one stays in use");
    assert!(!certificates.check(now).unwrap(), "an unchanged bad file is not read again");
    assert!(certificates.reload(now).is_err(), "unless one asks for it");
}

#[tokio::test]
async fn the_keeper_follows_the_files_by_itself() {
    let files = Files::new();
    let now = SystemTime::now();
    let certificates = Certificates::open(files.source("chat.test"), now).unwrap();
    let mut udp = certificates.udp();
    let keeper = certificates.keep(Duration::from_millis(5), move || now);
    files.write(&["chat.test", "another.test"], now);
    tokio::time::timeout(Duration::from_secs(5), udp.changed()).await.unwrap().unwrap();
    keeper.abort();
}

/// A handshake with the server's configuration, and a byte, after which the client has its ticket.
fn handshake(server: &Arc<ServerConfig>, client: &Arc<ClientConfig>) -> HandshakeKind {
    let name = ServerName::try_from("chat.test").unwrap();
    let mut client = ClientConnection::new(client.clone(), name).unwrap();
    let mut server = ServerConnection::new(server.clone()).unwrap();
    server.writer().write_all(b"x").unwrap();
    while client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut &bytes[..]).unwrap();
        server.process_new_packets().unwrap();
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut &bytes[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    client.handshake_kind().expect("it is over")
}

#[test]
fn clients_that_come_back_resume_however_many_came_between() {
    let files = Files::new();
    let identity = files.load("chat.test", SystemTime::now()).unwrap();
    let server = Arc::new(identity.tcp_config().unwrap());
    let chain = CertificateDer::from_pem_file(files.path("chain.pem")).unwrap();
    let client = || {
        let mut roots = RootCertStore::empty();
        roots.add(chain.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap();
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    };
    let first = client();
    assert_eq!(handshake(&server, &first), HandshakeKind::Full);
    for _ in 0..600 {
        assert_eq!(handshake(&server, &client()), HandshakeKind::Full);
    }
    assert_eq!(handshake(&server, &first), HandshakeKind::Resumed);
    let renewed = Arc::new(identity.tcp_config().unwrap());
    assert_eq!(handshake(&renewed, &first), HandshakeKind::Full, "with another configuration");
}
