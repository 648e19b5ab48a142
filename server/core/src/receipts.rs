//! Webhooks under way, and the answers to those that are done, kept for when one comes again.

use std::sync::Arc;

use caffis_schema::{Codec, Error, ErrorCode, codec, hooks::HookAnswer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    ports::{
        stamps::Stamps,
        store::{Batch, Store, StoreError},
    },
    tables::{self, RECEIPT_KEPT, ReceiptRow},
    turns::{Turn, Turns},
};

/// Webhooks that are worked on at the same time on one node.
const HOOKS_AT_ONCE: usize = 256;

/// The webhooks under way.
pub(crate) struct Hooks {
    turns: Arc<Turns<String>>,
    permits: Arc<Semaphore>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self { turns: Arc::default(), permits: Arc::new(Semaphore::new(HOOKS_AT_ONCE)) }
    }
}

impl Hooks {
    /// The permission to work on one more; none while there are too many.
    pub(crate) fn permit(&self) -> Option<OwnedSemaphorePermit> {
        self.permits.clone().try_acquire_owned().ok()
    }

    /// Waits for the turn of what an event is about.
    pub(crate) async fn turn(&self, about: &String) -> Turn<String> {
        self.turns.take(about).await
    }
}

/// What a webhook's answer is kept under.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    source: Arc<str>,
    id: Arc<str>,
    digest: u64,
}

impl Receipt {
    pub(crate) fn new(source: &str, id: &str, digest: u64) -> Self {
        Self { source: source.into(), id: id.into(), digest }
    }

    /// The answer that was given before, if there was one.
    ///
    /// # Errors
    /// `client_id_reused` when the id came with another event, and what the store says.
    pub(crate) async fn find(&self, store: &dyn Store) -> Result<Option<HookAnswer>, Error> {
        let row = tables::get::<ReceiptRow>(store, ReceiptRow::key(&self.source, &self.id)).await?;
        let Some(row) = row else { return Ok(None) };
        if row.digest != self.digest {
            let sentence = "This webhook-id came before with another event.";
            return Err(Error::refused(ErrorCode::ClientIdReused, sentence));
        }
        match codec::decode(row.answer.as_bytes(), Codec::Json) {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                let reason = error.to_string();
                Err(StoreError::Corrupt { table: ReceiptRow::TABLE.name, reason }.into())
            }
        }
    }

    /// Adds the answer to a batch.
    pub(crate) fn put(&self, batch: &mut Batch, answer: &HookAnswer) {
        let answer = codec::encode(answer, Codec::Json).unwrap_or_default();
        let answer = String::from_utf8_lossy(&answer);
        let (source, id, digest) = (self.source.clone(), self.id.clone(), self.digest);
        batch.put_for(&ReceiptRow { source, id, digest, answer: answer.into() }, RECEIPT_KEPT);
    }

    /// Keeps the answer.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn keep(
        &self,
        store: &dyn Store,
        stamps: &Stamps,
        answer: &HookAnswer,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::partition(stamps.next()?);
        self.put(&mut batch, answer);
        store.write(batch).await
    }
}
