//! Work for one key runs one at a time; different keys do not hold each other up.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::sync::lock;

/// The tasks that run and wait, by key. An unused key takes no memory.
#[derive(Debug)]
pub(crate) struct Turns<K> {
    taken: Mutex<BTreeMap<K, Arc<AsyncMutex<()>>>>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self { taken: Mutex::default() }
    }
}

/// The right to work for a key; dropping it lets the next one.
#[derive(Debug)]
pub(crate) struct Turn<K: Ord> {
    turns: Arc<Turns<K>>,
    key: K,
    held: Option<OwnedMutexGuard<()>>,
}

impl<K: Ord + Clone> Turns<K> {
    /// Waits for the key's turn, in order of arrival.
    pub(crate) async fn take(self: &Arc<Self>, key: &K) -> Turn<K> {
        // Made before waiting, so that a caller that is dropped while it waits leaves nothing behind.
        let mut turn = Turn { turns: self.clone(), key: key.clone(), held: None };
        let entry = lock(&self.taken).entry(key.clone()).or_default().clone();
        turn.held = Some(entry.lock_owned().await);
        turn
    }
}

impl<K: Ord> Turn<K> {
    /// Whose turn it is.
    pub(crate) fn key(&self) -> &K {
        &self.key
    }
}

impl<K: Ord> Drop for Turn<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.turns.taken);
        self.held = None;
        if taken.get(&self.key).is_some_and(|entry| Arc::strong_count(entry) == 1) {
            taken.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn one_at_a_time_for_each_key_and_nothing_stays_behind() {
        let turns = Arc::new(Turns::default());
        let first = turns.take(&1).now_or_never().expect("free");
        let other = turns.take(&2).now_or_never().expect("another key");
        let mut waiting = Box::pin(turns.take(&1));
        assert!((&mut waiting).now_or_never().is_none());
        let mut gone = Box::pin(turns.take(&1));
        assert!((&mut gone).now_or_never().is_none());
        drop(first);
        let next = waiting.now_or_never().expect("its turn");
        drop(gone);
        drop((next, other));
        assert!(lock(&turns.taken).is_empty());
    }
}
