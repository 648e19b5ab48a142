//! The key set in use: cached, and fetched again when it is old, when a token names a key that it
//! lacks, when its file changes, and on SIGHUP.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use caffis_core::ports::authenticator::TokenError;
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::{sync::Mutex, time::Instant};

use super::{
    claims::invalid,
    keys::{KeySet, KeySetError},
    source::{Source, Stamp},
};
use crate::config::TokenSettings;

/// How often a file is looked at for a change, at most.
const FILE_INTERVAL: Duration = Duration::from_secs(1);

/// The least time between two fetches while there are no keys, when nobody can sign in.
const FIRST_INTERVAL: Duration = Duration::from_secs(1);

/// A cached key set and where it comes from.
pub struct Jwks {
    source: Source,
    keys: ArcSwap<KeySet>,
    /// Held while it is being fetched, so that many tokens ask once.
    attempt: Mutex<Attempt>,
    interval: Duration,
    age: Duration,
}

struct Attempt {
    at: Instant,
    loaded_at: Option<Instant>,
    stamp: Option<Stamp>,
}

impl Jwks {
    /// Opens a key set. A file must be readable now; an address is asked again later.
    ///
    /// # Errors
    /// A location that is none, a file that cannot be read.
    pub async fn open(location: &str, settings: &TokenSettings) -> Result<Self, KeySetError> {
        let source = Source::new(location)
            .map_err(|reason| KeySetError::Malformed { location: location.to_owned(), reason })?;
        let is_file = source.is_file();
        let jwks = Self {
            source,
            keys: ArcSwap::default(),
            attempt: Mutex::new(Attempt { at: Instant::now(), loaded_at: None, stamp: None }),
            interval: if is_file { FILE_INTERVAL } else { settings.jwks_interval },
            age: if is_file { FILE_INTERVAL } else { settings.jwks_age },
        };
        match jwks.load(&mut *jwks.attempt.lock().await).await {
            Err(error) if is_file => return Err(error),
            Err(error) => tracing::warn!(%error, "no key set yet; it is asked for again"),
            Ok(()) => {}
        }
        Ok(jwks)
    }

    /// Reads it again now; on failure the old keys stay.
    pub async fn reload(&self) {
        let mut attempt = self.attempt.lock().await;
        attempt.stamp = None;
        if let Err(error) = self.load(&mut attempt).await {
            tracing::warn!(%error, "the old key set stays");
        }
    }

    /// The key for a token's header.
    pub(super) async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, TokenError> {
        self.refresh_old().await;
        if let Some(key) = self.keys.load().find(id, algorithm) {
            return Ok(key.clone());
        }
        self.refresh_for_unknown().await;
        let keys = self.keys.load();
        match keys.find(id, algorithm) {
            Some(key) => Ok(key.clone()),
            None if keys.is_empty() => {
                Err(TokenError::Unavailable("there is no key set yet".to_owned()))
            }
            None => Err(invalid("its key is not in the key set")),
        }
    }

    /// Fetches the set again when it is old; requests in the meantime use the old one.
    async fn refresh_old(&self) {
        let Ok(mut attempt) = self.attempt.try_lock() else { return };
        let is_old = attempt.loaded_at.is_none_or(|loaded| loaded.elapsed() >= self.age);
        if is_old && self.may_ask(&attempt) {
            self.load_or_warn(&mut attempt).await;
        }
    }

    /// Fetches the set again for a key that it lacks, but not too often.
    async fn refresh_for_unknown(&self) {
        let mut attempt = self.attempt.lock().await;
        if self.may_ask(&attempt) {
            self.load_or_warn(&mut attempt).await;
        }
    }

    fn may_ask(&self, attempt: &Attempt) -> bool {
        let first = attempt.loaded_at.is_none();
        let interval = if first { self.interval.min(FIRST_INTERVAL) } else { self.interval };
        attempt.at.elapsed() >= interval
    }

    async fn load_or_warn(&self, attempt: &mut Attempt) {
        if let Err(error) = self.load(attempt).await {
            tracing::warn!(%error, "the old key set stays");
        }
    }

    async fn load(&self, attempt: &mut Attempt) -> Result<(), KeySetError> {
        attempt.at = Instant::now();
        let stamp = self.source.stamp();
        if stamp.is_some() && stamp == attempt.stamp {
            return Ok(());
        }
        let bytes = self.source.read().await.map_err(|reason| KeySetError::Unreadable {
            location: self.source.to_string(),
            reason,
        })?;
        let keys = KeySet::parse(&bytes).map_err(|reason| KeySetError::Malformed {
            location: self.source.to_string(),
            reason,
        })?;
        tracing::info!(keys = keys.len(), source = %self.source, "key set read");
        self.keys.store(Arc::new(keys));
        attempt.loaded_at = Some(attempt.at);
        attempt.stamp = stamp;
        Ok(())
    }
}
