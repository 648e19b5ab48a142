//! What an authority gave is kept and used; without it there is no certificate. How one is obtained
//! is tested with a real authority, at the server's edge.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, SystemTime},
};

use caffis_certs::{CertError, Certificates, Source, acme::Settings};
use rcgen::{CertificateParams, KeyPair};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder that belongs to the directory of [`settings`].
const FOLDER: &str = "ca.test-directory";

fn settings(folder: &Path) -> Settings {
    Settings {
        folder: folder.to_owned(),
        domains: vec!["Chat.test".to_owned()],
        contact: None,
        directory: "https://ca.test/directory".to_owned(),
        root: None,
    }
}

fn open(folder: &Path, now: SystemTime) -> Certificates {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Certificates::open(Source::Acme(settings(folder)), now).unwrap()
}

/// Keeps a certificate of 90 days, as the authority would have given it at `begin`.
fn keep(folder: &Path, name: &str, begin: SystemTime) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = begin.into();
    params.not_after = (begin + 90 * DAY).into();
    let pem = params.self_signed(&key).unwrap().pem() + &key.serialize_pem();
    fs::create_dir_all(folder.join(FOLDER)).unwrap();
    fs::write(folder.join(FOLDER).join("certificate.pem"), pem).unwrap();
}

#[test]
fn at_first_there_is_no_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = open(folder.path(), SystemTime::now());
    assert_eq!(certificates.status(), None);
    assert_eq!(certificates.next_renewal(), None);
    assert!(!certificates.check(SystemTime::now()).unwrap());
    let alpn = |config: &rustls::ServerConfig| config.alpn_protocols.clone();
    assert_eq!(alpn(&certificates.tcp().borrow()), [&b"h2"[..], b"http/1.1", b"acme-tls/1"]);
    assert_eq!(alpn(&certificates.udp().borrow()), [&b"h3"[..], b"caffis/1"]);
    let mode = fs::metadata(folder.path().join(FOLDER)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_kept_certificate_serves_until_a_third_of_its_life_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let begin = SystemTime::now();
    keep(folder.path(), "chat.test", begin);
    let certificates = open(folder.path(), begin + 70 * DAY);
    let status = certificates.status().unwrap();
    assert!(!status.development);
    let renewal = certificates.next_renewal().unwrap();
    assert!(renewal > begin + 59 * DAY && renewal < begin + 61 * DAY, "{status:?}");
}

#[test]
fn a_kept_certificate_that_is_not_valid_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    keep(folder.path(), "chat.test", now - 91 * DAY);
    assert_eq!(open(folder.path(), now).status(), None, "it has expired");
    keep(folder.path(), "other.test", now);
    assert_eq!(open(folder.path(), now).status(), None, "it is for another name");
    fs::write(folder.path().join(FOLDER).join("certificate.pem"), "rubbish").unwrap();
    assert_eq!(open(folder.path(), now).status(), None);
}

#[test]
fn roots_that_cannot_be_used_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    let with_root = Settings { root: Some(root.clone()), ..settings(folder.path()) };
    let open = || Certificates::open(Source::Acme(with_root.clone()), SystemTime::now());
    assert!(matches!(open(), Err(CertError::Unreadable { path, .. }) if path == root));
    fs::write(&root, "rubbish").unwrap();
    assert!(matches!(open(), Err(CertError::NoCertificate { path }) if path == root));
}
