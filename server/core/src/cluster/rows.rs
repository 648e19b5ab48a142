//! Conditional writes and serial reads of the cluster's rows, within a time limit and with outcomes that
//! the rules can rely on.

use std::time::Duration;

use tokio::time::timeout;

use crate::{
    ports::store::{SharedStore, StoreError},
    tables::{self, LeaseRow, Record, ShardRow, Swapped},
};

/// What became of a conditional write.
#[derive(Debug)]
pub(super) enum Outcome<R> {
    /// It is known to have taken effect.
    Done,
    /// It has not and never will. This is the row as it is, if there is one.
    Found(Option<R>),
    /// Nothing was written, and nothing will be.
    Failed(StoreError),
    /// It may have taken effect, may still, or never will.
    Unknown(StoreError),
}

/// A row that is only ever written conditionally.
pub(super) trait Conditional: Record + PartialEq + Clone + Send + Sync {
    /// This row with values that no row has ever had.
    fn never(&self) -> Self;
}

/// Beats begin at 1.
impl Conditional for LeaseRow {
    fn never(&self) -> Self {
        Self { beat: 0, ..self.clone() }
    }
}

/// Epochs begin at 1.
impl Conditional for ShardRow {
    fn never(&self) -> Self {
        Self { epoch: 0, ..self.clone() }
    }
}

/// The cluster's rows in the store.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) store: SharedStore,
    /// How long one call may take.
    pub(super) within: Duration,
}

impl Rows {
    /// Limits the time of a read, or of a write of a hint.
    pub(super) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let late = || Err(StoreError::Unavailable("no answer in time".to_owned()));
        timeout(self.within, call).await.unwrap_or_else(|_| late())
    }

    /// Replaces a row if it is still `before`; without `before`, writes the row if there is none.
    pub(super) async fn write<R: Conditional>(&self, before: Option<&R>, after: &R) -> Outcome<R> {
        let answer = timeout(self.within, async {
            match before {
                Some(before) => tables::compare_and_set(&*self.store, before, after).await,
                None => match tables::insert_if_absent(&*self.store, after).await? {
                    None => Ok(Swapped::Done),
                    found => Ok(Swapped::Found(found)),
                },
            }
        });
        match answer.await {
            Ok(Ok(Swapped::Done)) => Outcome::Done,
            // A driver that sent the write twice reports the second one. The row names its writer and
            // its attempt, so it is the first one that took effect.
            Ok(Ok(Swapped::Found(Some(found)))) if found == *after => Outcome::Done,
            Ok(Ok(Swapped::Found(found))) => Outcome::Found(found),
            Ok(Err(error @ StoreError::Unknown(_))) => Outcome::Unknown(error),
            // The row cannot be read, so whether it is ours is unknown.
            Ok(Err(error @ StoreError::Corrupt { .. })) => Outcome::Unknown(error),
            Ok(Err(error)) => Outcome::Failed(error),
            Err(_) => Outcome::Unknown(StoreError::Unknown("no answer in time".to_owned())),
        }
    }

    /// Reads a row serially: it shows every conditional write that has taken effect, and none that has
    /// not. The port has no such read, so this is a conditional write that expects values no row has.
    pub(super) async fn read<R: Conditional>(&self, like: &R) -> Result<Option<R>, StoreError> {
        let never = like.never();
        let read = tables::compare_and_set(&*self.store, &never, &never);
        match self.bounded(read).await? {
            Swapped::Found(found) => Ok(found),
            Swapped::Done => Err(StoreError::Corrupt {
                table: R::TABLE.name,
                reason: "it holds a row that was never written".to_owned(),
            }),
        }
    }
}
