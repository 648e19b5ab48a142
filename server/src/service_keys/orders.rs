//! Making, listing, rotating and revoking keys: what the command line orders, carried out in the store.

use caffis_core::{
    model::caller::Rights,
    ports::store::{Store, StoreError},
    tables::{self, KeyUseRow, ServiceKeyRow, Swapped},
};
use caffis_schema::Timestamp;
use serde::{Deserialize, Serialize};

use super::secret::is_name;

/// The most keys, with those that were revoked.
const MAX_KEYS: usize = 1_000;

/// The bytes of a digest.
const DIGEST_BYTES: usize = 32;

/// What the command line orders. The secret itself never leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOrder {
    /// A new key.
    Create {
        /// What it is called.
        name: String,
        /// The names of its rights.
        rights: Vec<String>,
        /// The digest of its secret.
        digest: Vec<u8>,
        /// Until when it is good.
        expires: Option<Timestamp>,
    },
    /// Another secret for a key.
    Rotate {
        /// What it is called.
        name: String,
        /// The digest of the new secret.
        digest: Vec<u8>,
        /// How long the secret before is still good, in milliseconds.
        grace_ms: u64,
    },
    /// The end of a key.
    Revoke {
        /// What it is called.
        name: String,
    },
    /// Nothing but a list.
    List,
}

impl KeyOrder {
    /// The key that it changes.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Create { name, .. } | Self::Rotate { name, .. } | Self::Revoke { name } => {
                Some(name)
            }
            Self::List => None,
        }
    }
}

/// A key as the command line shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// What it is called.
    pub name: String,
    /// The names of its rights, with spaces between them.
    pub rights: String,
    /// When its secret was made.
    pub created: Timestamp,
    /// Until when the secret before it is good.
    pub former_until: Option<Timestamp>,
    /// Until when the key is good.
    pub expires: Option<Timestamp>,
    /// Since when it is not good any more.
    pub revoked: Option<Timestamp>,
    /// When it was used last, about.
    pub used: Option<Timestamp>,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The name is none.
    #[error("a key's name is 1 to 32 of a-z, 0-9 and -")]
    Name,
    /// A right that does not exist, or none at all.
    #[error("a key has one or more of these scopes: {}", Rights::NAMES.join(", "))]
    Rights,
    /// The digest is none.
    #[error("the digest of a secret has {DIGEST_BYTES} bytes")]
    Digest,
    /// There are too many keys.
    #[error("there are {MAX_KEYS} keys already")]
    TooMany,
    /// The name is taken, for ever.
    #[error("there is a key {0} already, or was: choose another name")]
    Taken(String),
    /// No such key.
    #[error("there is no key {0}")]
    Missing(String),
    /// The key has ended.
    #[error("the key {0} was revoked: make another one")]
    Revoked(String),
    /// Somebody else changed the key at the same time.
    #[error("the key {0} was changed by somebody else just now: look at it and try again")]
    Raced(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries an order out; gives the keys that it is about: for a list all of them.
///
/// # Errors
/// Why it was not, or nobody knows whether it was.
pub async fn carry_out(
    store: &dyn Store,
    now: Timestamp,
    order: &KeyOrder,
) -> Result<Vec<KeyInfo>, OrderError> {
    let row = match order {
        KeyOrder::List => return list(store).await,
        KeyOrder::Create { name, rights, digest, expires } => {
            let row = new_row(name, rights, digest, *expires, now)?;
            if list(store).await?.len() >= MAX_KEYS {
                return Err(OrderError::TooMany);
            }
            if tables::insert_if_absent(store, &row).await?.is_some() {
                return Err(OrderError::Taken(name.clone()));
            }
            row
        }
        KeyOrder::Rotate { name, digest, grace_ms } => {
            check_digest(digest)?;
            change(store, name, |row| ServiceKeyRow {
                former: Some(row.secret.clone()),
                former_until: Some(now + *grace_ms),
                secret: digest.clone().into(),
                created: now,
                ..row.clone()
            })
            .await?
        }
        KeyOrder::Revoke { name } => {
            change(store, name, |row| ServiceKeyRow { revoked: Some(now), ..row.clone() }).await?
        }
    };
    Ok(vec![info(row, None)])
}

fn new_row(
    name: &str,
    rights: &[String],
    digest: &[u8],
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Result<ServiceKeyRow, OrderError> {
    if !is_name(name) {
        return Err(OrderError::Name);
    }
    check_digest(digest)?;
    let mut granted = Rights::default();
    if rights.is_empty() || !rights.iter().all(|right| granted.grant(right)) {
        return Err(OrderError::Rights);
    }
    Ok(ServiceKeyRow {
        list: ServiceKeyRow::LIST,
        name: name.into(),
        rights: granted.granted().collect::<Vec<_>>().join(" ").into(),
        secret: digest.to_vec().into(),
        created: now,
        former: None,
        former_until: None,
        expires,
        revoked: None,
    })
}

fn check_digest(digest: &[u8]) -> Result<(), OrderError> {
    if digest.len() == DIGEST_BYTES { Ok(()) } else { Err(OrderError::Digest) }
}

async fn change(
    store: &dyn Store,
    name: &str,
    changed: impl FnOnce(&ServiceKeyRow) -> ServiceKeyRow,
) -> Result<ServiceKeyRow, OrderError> {
    let key = ServiceKeyRow::key(&ServiceKeyRow::LIST, &name.into());
    let row = tables::get::<ServiceKeyRow>(store, key).await?;
    let row = row.ok_or_else(|| OrderError::Missing(name.to_owned()))?;
    if row.revoked.is_some() {
        return Err(OrderError::Revoked(name.to_owned()));
    }
    let new = changed(&row);
    match tables::compare_and_set(store, &row, &new).await? {
        Swapped::Done => Ok(new),
        Swapped::Found(_) => Err(OrderError::Raced(name.to_owned())),
    }
}

async fn list(store: &dyn Store) -> Result<Vec<KeyInfo>, OrderError> {
    let partition = ServiceKeyRow::partition(&ServiceKeyRow::LIST);
    let rows = tables::partition::<ServiceKeyRow>(store, partition, MAX_KEYS).await?;
    let partition = KeyUseRow::partition(&ServiceKeyRow::LIST);
    let uses = tables::partition::<KeyUseRow>(store, partition, MAX_KEYS).await?;
    let used = |name: &str| uses.iter().find(|row| *row.name == *name).map(|row| row.used);
    Ok(rows
        .into_iter()
        .map(|row| {
            let used = used(&row.name);
            info(row, used)
        })
        .collect())
}

fn info(row: ServiceKeyRow, used: Option<Timestamp>) -> KeyInfo {
    KeyInfo {
        name: row.name.to_string(),
        rights: row.rights.to_string(),
        created: row.created,
        former_until: row.former_until,
        expires: row.expires,
        revoked: row.revoked,
        used,
    }
}
