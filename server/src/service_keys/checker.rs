//! Whether a key that came with a request is good.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use caffis_core::{
    Inquirer,
    model::caller::Rights,
    ports::{
        clock::SharedClock,
        stamps::Stamps,
        store::{Batch, SharedStore, StoreError},
    },
    tables::{self, KeyUseRow, ServiceKeyRow},
};
use caffis_schema::{Error, ErrorCode, Timestamp, UserId};
use tokio::time::Instant;

use super::secret::{digest_of, name_in, same};

/// How long a key is used as it was read: a key that is revoked or rotated by another node is known here
/// after this time.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// How often the last use of a key is written at most.
const USE_NOTED: Duration = Duration::from_secs(60);

/// Keys in memory: more than there can be.
const CACHED: usize = 1_024;

/// A key as it was read last.
struct Cached {
    row: ServiceKeyRow,
    read: Instant,
    /// When its use was written last.
    noted: Option<Instant>,
}

/// The keys of services.
pub struct ServiceKeys {
    store: SharedStore,
    stamps: Arc<Stamps>,
    clock: SharedClock,
    cached: Mutex<BTreeMap<Arc<str>, Cached>>,
}

impl ServiceKeys {
    /// The keys in this store.
    #[must_use]
    pub fn new(store: SharedStore, stamps: Arc<Stamps>, clock: SharedClock) -> Self {
        Self { store, stamps, clock, cached: Mutex::default() }
    }

    /// The service that a key speaks for, and its rights.
    ///
    /// # Errors
    /// The key is not good, or the store cannot be asked.
    pub async fn check(&self, text: &str) -> Result<Inquirer, Error> {
        let name = name_in(text).ok_or_else(unknown)?;
        let row = self.find(name).await?.ok_or_else(unknown)?;
        let now = self.clock.now();
        if !fits(&row, text, now) {
            return Err(unknown());
        }
        if row.revoked.is_some() {
            return Err(Error::refused(ErrorCode::TokenRevoked, "This key was revoked."));
        }
        if row.expires.is_some_and(|expires| expires <= now) {
            return Err(Error::refused(ErrorCode::TokenExpired, "This key has expired."));
        }
        let mut rights = Rights::default();
        for right in row.rights.split(' ') {
            rights.grant(right);
        }
        let user = UserId::new(&format!("service:{name}")).map_err(|_| unknown())?;
        self.note_use(&row.name, now);
        Ok(Inquirer { user, service: Some(rights) })
    }

    /// Reads a key again before its next use: it was changed on this node.
    pub fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    async fn find(&self, name: &str) -> Result<Option<ServiceKeyRow>, StoreError> {
        if let Some(cached) = self.lock().get(name)
            && cached.read.elapsed() < READ_AGAIN
        {
            return Ok(Some(cached.row.clone()));
        }
        let read = Instant::now();
        let key = ServiceKeyRow::key(&ServiceKeyRow::LIST, &name.into());
        let found = tables::get::<ServiceKeyRow>(&*self.store, key).await?;
        let mut cached = self.lock();
        match &found {
            Some(row) if cached.len() < CACHED || cached.contains_key(name) => {
                let noted = cached.get(name).and_then(|cached| cached.noted);
                cached.insert(row.name.clone(), Cached { row: row.clone(), read, noted });
            }
            _ => drop(cached.remove(name)),
        }
        Ok(found)
    }

    /// Writes when a key was used, beside the request and not each time.
    fn note_use(&self, name: &Arc<str>, now: Timestamp) {
        {
            let mut cached = self.lock();
            let Some(cached) = cached.get_mut(name) else { return };
            if cached.noted.is_some_and(|noted| noted.elapsed() < USE_NOTED) {
                return;
            }
            cached.noted = Some(Instant::now());
        }
        let Ok(stamp) = self.stamps.next() else { return };
        let (store, name) = (self.store.clone(), name.clone());
        tokio::spawn(async move {
            let mut batch = Batch::partition(stamp);
            batch.put(&KeyUseRow { list: ServiceKeyRow::LIST, name: name.clone(), used: now });
            if let Err(error) = store.write(batch).await {
                tracing::debug!(%error, key.name = %name, "the use of a key could not be noted");
            }
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Cached>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a key has this secret now.
fn fits(row: &ServiceKeyRow, text: &str, now: Timestamp) -> bool {
    let digest = digest_of(text);
    let in_grace = row.former_until.is_some_and(|until| now < until);
    let former = row.former.as_ref().is_some_and(|former| same(&digest, former));
    same(&digest, &row.secret) | (former & in_grace)
}

fn unknown() -> Error {
    Error::refused(ErrorCode::TokenInvalid, "There is no such key, or not any more.")
}
