//! How many connections there are, and which is dropped when there are too many.
//!
//! A connection is in the lobby from the moment it is accepted until its hello is answered. A connection
//! without a hello is cheap to replace, so a full lobby does not refuse a new one: it drops the connection
//! that has waited longest. Connections past hello are never dropped. The listeners of all transports
//! share one lobby.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use caffis_link::Link;
use tokio::{
    sync::SetOnce,
    time::{Duration, Instant},
};

/// The least time between two warnings that the lobby is full.
const WARNINGS: Duration = Duration::from_secs(10);

/// The places of all connections. Clones share them.
#[derive(Clone)]
pub struct Lobby(Arc<Inner>);

struct Inner {
    most: usize,
    most_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Connections that have a place, waiting or not.
    taken: usize,
    /// Those that wait, by arrival.
    waiting: BTreeMap<u64, Arc<SetOnce<()>>>,
    next: u64,
    warned: Option<Instant>,
    evicted: u64,
    refused: u64,
}

impl Lobby {
    /// A lobby for `most` connections at once, of which `most_waiting` may be waiting for hello.
    #[must_use]
    pub fn new(most: usize, most_waiting: usize) -> Self {
        Self(Arc::new(Inner { most, most_waiting, state: Mutex::default() }))
    }

    /// A place for a new connection. If none is free, the connection that has waited longest loses
    /// its place. Returns none if every place belongs to a connection past hello.
    #[must_use]
    pub fn enter(&self) -> Option<Place> {
        let mut state = self.state();
        if state.taken >= self.0.most || state.waiting.len() >= self.0.most_waiting {
            let Some((_, oldest)) = state.waiting.pop_first() else {
                state.refused += 1;
                return None;
            };
            // It is set once, here: whoever lost a place does not wait any more.
            let _ = oldest.set(());
            state.evicted += 1;
            state.taken -= 1;
            state.warn();
        }
        let number = state.next;
        let evicted = Arc::new(SetOnce::new());
        state.next += 1;
        state.taken += 1;
        state.waiting.insert(number, evicted.clone());
        let past_hello = AtomicBool::new(false);
        Some(Place(Arc::new(Seat { lobby: self.clone(), number, evicted, past_hello })))
    }

    /// Connections that have a place.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.state().taken
    }

    /// Connections that are not yet past hello.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state().waiting.len()
    }

    /// Connections that have lost their place to a newer one so far.
    #[must_use]
    pub fn evicted(&self) -> u64 {
        self.state().evicted
    }

    /// Connections that found no place so far.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.state().refused
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Lobby {
    /// 16,000 connections, of which 10,000 may be waiting.
    fn default() -> Self {
        Self::new(16_000, 10_000)
    }
}

impl State {
    fn warn(&mut self) {
        let now = Instant::now();
        if self.warned.is_none_or(|last| now - last >= WARNINGS) {
            self.warned = Some(now);
            let waiting = self.waiting.len();
            tracing::warn!(
                waiting,
                "too many connections have not said hello: the oldest make way"
            );
        }
    }
}

impl fmt::Debug for Lobby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lobby")
    }
}

/// A new link, which has not said hello yet.
pub struct Arrival {
    /// The link, which holds its place until it is dropped.
    pub link: Box<dyn Link>,
    /// Its place. The code that serves the link watches [`Place::evicted`] until it calls
    /// [`Place::keep`].
    pub place: Place,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").field("link", self.link.info()).finish_non_exhaustive()
    }
}

/// The place of one connection. Clones are the same place, which is free again when the last of them
/// is dropped.
#[derive(Clone)]
pub struct Place(Arc<Seat>);

struct Seat {
    lobby: Lobby,
    number: u64,
    evicted: Arc<SetOnce<()>>,
    past_hello: AtomicBool,
}

impl Place {
    /// Resolves when this connection is to be dropped.
    pub async fn evicted(&self) {
        self.0.evicted.wait().await;
    }

    /// The connection is past hello and keeps its place from now on. False if it just lost it.
    #[must_use]
    pub fn keep(&self) -> bool {
        let mut state = self.0.lobby.state();
        if state.waiting.remove(&self.0.number).is_some() {
            self.0.past_hello.store(true, Ordering::Relaxed);
        }
        self.0.past_hello.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let past_hello = *self.past_hello.get_mut();
        let mut state = self.lobby.state();
        // One that was evicted has nothing to give back.
        if state.waiting.remove(&self.number).is_some() || past_hello {
            state.taken -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_evicted(place: &Place) -> bool {
        futures_util::FutureExt::now_or_never(place.evicted()).is_some()
    }

    #[test]
    fn the_oldest_that_has_not_said_hello_makes_way() {
        let lobby = Lobby::new(10, 2);
        let [first, second] = [lobby.enter().unwrap(), lobby.enter().unwrap()];
        assert!(first.keep());
        let third = lobby.enter().unwrap();
        let fourth = lobby.enter().unwrap();
        assert!(is_evicted(&second) && !second.keep());
        assert!(!is_evicted(&first) && !is_evicted(&third) && !is_evicted(&fourth));
        assert_eq!((lobby.taken(), lobby.waiting()), (3, 2));
        drop(second);
        assert_eq!((lobby.taken(), lobby.waiting()), (3, 2));
        drop((first.clone(), third));
        assert_eq!((lobby.taken(), lobby.waiting()), (2, 1));
        drop((first, fourth));
        assert_eq!((lobby.taken(), lobby.waiting()), (0, 0));
        assert_eq!((lobby.evicted(), lobby.refused()), (1, 0));
    }

    #[test]
    fn nobody_who_is_past_hello_makes_way() {
        let lobby = Lobby::new(2, 2);
        let [first, second] = [lobby.enter().unwrap(), lobby.enter().unwrap()];
        assert!(first.keep() && first.keep());
        let third = lobby.enter().unwrap();
        assert!(is_evicted(&second));
        assert!(third.keep());
        assert!(lobby.enter().is_none());
        assert_eq!((lobby.evicted(), lobby.refused()), (1, 1));
        drop(first);
        assert!(lobby.enter().is_some());
    }
}
