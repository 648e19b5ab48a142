//! The folder that keeps the account and the certificate of one authority.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use instant_acme::AccountCredentials;

use crate::{CertError, Identity, identity, private_file};

/// The account's key and address at the authority.
const ACCOUNT: &str = "account.json";

/// Chain and key, in PEM form.
const CERTIFICATE: &str = "certificate.pem";

/// The longest name of an authority's folder.
const MAX_NAME: usize = 100;

#[derive(Debug)]
pub(super) struct Cache(PathBuf);

impl Cache {
    /// Creates the folder of an authority. Each has its own, so that none uses the other's certificate.
    pub(super) fn open(folder: &Path, directory: &str) -> Result<Self, CertError> {
        let folder = folder.join(name(directory));
        private_file::make_folder(&folder)?;
        Ok(Self(folder))
    }

    /// Where the certificate is kept.
    pub(super) fn certificate_path(&self) -> PathBuf {
        self.0.join(CERTIFICATE)
    }

    /// The certificate, if there is one that is valid for these names now.
    pub(super) fn certificate(&self, domains: &[String], now: SystemTime) -> Option<Identity> {
        let path = self.certificate_path();
        match Identity::load(&path, &path, domains, now) {
            Ok(identity) => Some(identity),
            Err(CertError::Unreadable { source, .. }) if is_missing(&source) => None,
            Err(error) => {
                tracing::warn!(%error, "the cached certificate cannot be used: the authority is asked for a new one");
                None
            }
        }
    }

    /// Keeps a certificate.
    pub(super) fn keep_certificate(&self, pem: &str) -> Result<(), CertError> {
        private_file::write(&self.certificate_path(), pem.as_bytes())
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> Option<AccountCredentials> {
        let path = self.0.join(ACCOUNT);
        let bytes = match identity::read(&path) {
            Ok(bytes) => bytes,
            Err(CertError::Unreadable { source, .. }) if is_missing(&source) => return None,
            Err(error) => {
                tracing::warn!(%error, "the ACME account cannot be read: a new one is made");
                return None;
            }
        };
        let account = serde_json::from_slice(&bytes);
        account
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), %error, "this is no ACME account: a new one is made");
            })
            .ok()
    }

    /// Keeps the account.
    pub(super) fn keep_account(&self, account: &AccountCredentials) -> Result<(), CertError> {
        let path = self.0.join(ACCOUNT);
        let json = serde_json::to_vec(account)
            .map_err(|error| CertError::unreadable(&path)(io::Error::other(error)))?;
        private_file::write(&path, &json)
    }

    /// Forgets an account that the authority does not know.
    pub(super) fn forget_account(&self) {
        // A failure shows when the next account is written.
        let _ = fs::remove_file(self.0.join(ACCOUNT));
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The address of a directory as the name of a folder.
fn name(directory: &str) -> String {
    let address = directory.split_once("://").map_or(directory, |(_, address)| address);
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = address.chars().take(MAX_NAME).map(plain).collect();
    // Neither hidden nor a way out of the folder.
    name.trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_a_folder_of_its_own() {
        assert_eq!(
            name(super::super::authority::LETS_ENCRYPT),
            "acme-v02.api.letsencrypt.org-directory"
        );
        assert_eq!(name("https://localhost:14000/dir"), "localhost-14000-dir");
        assert_eq!(name("https://../../etc"), "-..-etc");
    }
}
