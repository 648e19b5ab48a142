//! Where a key set comes from: a file or an address.

use std::{fmt, fs, path::PathBuf, time::Duration};

use reqwest::{Client, Url, redirect};

use super::keys::MAX_BYTES;
use crate::config::may_be_asked_for_keys;

/// How long a fetch may take as a whole.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 3;

/// A file or an address.
pub(super) enum Source {
    File(PathBuf),
    Address(Url),
}

/// What changes when a file does.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp(std::time::SystemTime, u64);

impl Source {
    /// The source that a text names, or why it names none.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if !text.contains("://") {
            return if text.is_empty() {
                Err("it is empty".to_owned())
            } else {
                Ok(Self::File(text.into()))
            };
        }
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if may_be_asked_for_keys(&url) {
            Ok(Self::Address(url))
        } else {
            Err("only https addresses and http ones of this machine are asked".to_owned())
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// The file's stamp, or none for an address.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let Self::File(path) = self else { return None };
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp(metadata.modified().ok()?, metadata.len()))
    }

    /// The bytes of the set, at most [`MAX_BYTES`].
    pub(super) async fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
                if size > MAX_BYTES as u64 {
                    return Err(format!("it has {size} bytes, more than {MAX_BYTES}"));
                }
                fs::read(path).map_err(|error| error.to_string())
            }
            Self::Address(url) => fetch(url).await.map_err(|error| match error {
                FetchError::Http(error) => error.without_url().to_string(),
                FetchError::TooLarge => format!("it has more than {MAX_BYTES} bytes"),
            }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            // Without user, password and query, which may be secrets.
            Self::Address(url) => {
                write!(f, "{}://{}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
            }
        }
    }
}

enum FetchError {
    Http(reqwest::Error),
    TooLarge,
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

async fn fetch(url: &Url) -> Result<Vec<u8>, FetchError> {
    let redirects = redirect::Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS || !may_be_asked_for_keys(attempt.url()) {
            attempt.stop()
        } else {
            attempt.follow()
        }
    });
    // A client for each fetch: fetches are rare, and none keeps connections open.
    let client = Client::builder().timeout(FETCH_TIMEOUT).redirect(redirects).no_proxy().build()?;
    let mut response = client.get(url.clone()).send().await?.error_for_status()?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
