//! Turns at a row: conditional writes of this process to one row come one after the other.
//!
//! Rounds of the servers that compete for a row undo each other, and each waits before it tries again: sixteen
//! at once on a busy ring were not done after five seconds. One after the other, each takes one round.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use caffis_core::ports::store::{Key, Table};
use tokio::sync::{Mutex as Lock, OwnedMutexGuard};

type Rows = BTreeMap<(&'static str, Key), Arc<Lock<()>>>;

/// The rows at which somebody is or waits.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    rows: Mutex<Rows>,
}

/// A turn; it ends when it is dropped.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    place: (&'static str, Key),
    row: Arc<Lock<()>>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the turn at a row.
    pub(crate) async fn take(&self, table: &'static Table, key: &Key) -> Turn<'_> {
        let place = (table.name, key.clone());
        let row = Arc::clone(self.rows().entry(place.clone()).or_default());
        // Made before the wait: one that is given up leaves as well.
        let mut turn = Turn { turns: self, place, row, guard: None };
        turn.guard = Some(Arc::clone(&turn.row).lock_owned().await);
        turn
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut rows = self.turns.rows();
        // The map's and this one; new ones are made under the lock.
        if Arc::strong_count(&self.row) <= 2 {
            rows.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use caffis_conformance::store::tables::CLAIMS;
    use caffis_core::ports::store::Value;

    use super::*;

    fn key(name: &str) -> Key {
        Key { partition: vec![Value::Text(name.into())], clustering: Vec::new() }
    }

    #[tokio::test]
    async fn one_after_the_other_at_one_row_only() {
        let turns = Turns::default();
        let mut context = Context::from_waker(std::task::Waker::noop());
        let first = turns.take(&CLAIMS, &key("a")).await;
        let other = turns.take(&CLAIMS, &key("b")).await;
        let key = key("a");
        {
            let mut given_up = pin!(turns.take(&CLAIMS, &key));
            assert!(given_up.as_mut().poll(&mut context).is_pending());
        }
        let mut second = pin!(turns.take(&CLAIMS, &key));
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop((first, other));
        let second = second.await;
        assert_eq!(turns.rows().len(), 1);
        drop(second);
        assert!(turns.rows().is_empty(), "nothing is kept");
    }
}
