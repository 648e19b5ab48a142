//! What can be wrong with a certificate, in sentences that say what to do.

use std::{io, path::PathBuf};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    /// A file or folder cannot be read or written.
    #[error("{path}: {source}")]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not PEM, or holds no certificate.
    #[error("{path} holds no certificate in PEM form")]
    NoCertificate {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not PEM, or holds no private key.
    #[error("{path} holds no private key in PEM form")]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// A certificate of the chain does not parse.
    #[error("certificate {number} in {path} is malformed: {reason}")]
    BadCertificate {
        /// Which file.
        path: PathBuf,
        /// Which of its certificates, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// The key does not parse, or is of a kind that is not supported.
    #[error("the private key in {path} cannot be used: {reason}")]
    BadKey {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key belongs to another certificate.
    #[error("the private key in {key} does not belong to the first certificate in {certificate}")]
    WrongKey {
        /// The file of the chain.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// A certificate of the chain has expired.
    #[error("certificate {number} in {path} ({subject}) expired on {not_after}")]
    Expired {
        /// Which file.
        path: PathBuf,
        /// Which of its certificates, from 1.
        number: usize,
        /// Whose certificate it is.
        subject: String,
        /// When it expired.
        not_after: String,
    },
    /// A certificate of the chain is not valid yet.
    #[error("certificate {number} in {path} ({subject}) is not valid before {not_before}")]
    NotYetValid {
        /// Which file.
        path: PathBuf,
        /// Which of its certificates, from 1.
        number: usize,
        /// Whose certificate it is.
        subject: String,
        /// When it becomes valid.
        not_before: String,
    },
    /// The certificate is for other names.
    #[error("the certificate in {path} is not valid for {name:?}; it names {}", found.join(", "))]
    WrongName {
        /// Which file.
        path: PathBuf,
        /// The name that is missing.
        name: String,
        /// The names that it has.
        found: Vec<String>,
    },
    /// A self-signed certificate could not be made.
    #[error("a certificate could not be made: {0}")]
    Create(#[from] rcgen::Error),
    /// The HTTP client for certificate authorities could not be made.
    #[error("the HTTP client for certificate authorities could not be made: {0}")]
    Client(String),
    /// TLS refused the certificate.
    #[error("TLS refused the certificate: {0}")]
    Tls(#[from] rustls::Error),
}

impl CertError {
    pub(crate) fn unreadable(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Unreadable { path, source }
    }
}
