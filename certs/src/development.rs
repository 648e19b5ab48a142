//! The development certificate: self-signed, trusted by its hash.
//!
//! Browsers accept a certificate by its hash (`serverCertificateHashes`) only if its key is on P-256
//! and it is valid for at most 14 days in all. It is kept in a folder, so that a restart does not
//! change the hash for open pages.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::{CertError, Identity, private_file};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long the certificate is valid in all: browsers allow 14 days.
pub const VALIDITY: Duration = Duration::from_secs(13 * 24 * 60 * 60);

/// It is valid from this long before it was made, for clients whose clock is behind.
const BEGINS_BEFORE: Duration = HOUR;

/// It is renewed this long before it expires.
pub const RENEWED_BEFORE: Duration = Duration::from_secs(4 * 24 * 60 * 60);

/// Names that it always has.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The file in the folder: certificate and key, in PEM form, readable by its owner only.
const FILE: &str = "development.pem";

/// The certificate in this folder, or a new one if there is none, it is due, or `names` changed.
///
/// # Errors
/// [`CertError::Unreadable`] when the folder cannot be written, and [`CertError::Create`].
pub fn load_or_create(
    folder: &Path,
    names: &[String],
    now: SystemTime,
) -> Result<Identity, CertError> {
    let path = folder.join(FILE);
    let names = all_names(names);
    if let Ok(identity) = Identity::load(&path, &path, &names, now)
        && now < renewal(&identity)
        && identity.not_after < now + VALIDITY
    {
        return Ok(identity);
    }
    create(folder, &path, &names, now)?;
    Identity::load(&path, &path, &names, now)
}

/// When a development certificate is due.
#[must_use]
pub fn renewal(identity: &Identity) -> SystemTime {
    identity.not_after - RENEWED_BEFORE
}

fn all_names(names: &[String]) -> Vec<String> {
    let mut all: Vec<String> = LOCAL_NAMES.map(str::to_owned).to_vec();
    for name in names {
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    all
}

fn create(folder: &Path, path: &Path, names: &[String], now: SystemTime) -> Result<(), CertError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    let begin = now - BEGINS_BEFORE;
    params.not_before = begin.into();
    params.not_after = (begin + VALIDITY).into();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Caffis Chat development");
    let certificate = params.self_signed(&key)?;
    let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
    fs::create_dir_all(folder).map_err(CertError::unreadable(folder))?;
    private_file::write(path, pem.as_bytes())
}
