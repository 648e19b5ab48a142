//! Everybody comes at once: after a restart, or when a network is back.
//!
//! Answering a hello reads the store several times. If thousands were answered at the same time, all would
//! be late, and many too late. So [`Settings::hellos_at_once`] are answered at the same time and the others
//! take turns: by addresses, so that one with a thousand clients does not keep out another with one. Whoever
//! would wait longer than [`PATIENCE`] is told at once when to come back: each at another time, as fast as
//! hellos are answered now.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    ops::Bound,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use caffis_schema::{Error, ErrorCode};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    admission::group,
    ports::entropy::{self, SharedEntropy},
    settings::Settings,
    statistics::Admitted,
    sync::lock,
};

/// The longest that a hello should wait for its turn. Clients give up after 10 s.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most hellos that wait; each has a connection, of which there are no more by default.
pub(crate) const MOST_WAITING: usize = 10_000;

/// The longest time after which a client is told to come back.
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// The times at which clients come back are spread by up to this much, so that those who were told at once
/// do not come at once.
const SPREAD: Duration = Duration::from_millis(500);

/// Of the average time of a hello, the part that a new one has.
const WEIGHT: u32 = 8;

/// Who is answered, and who waits.
pub(crate) struct Herd {
    at_once: u32,
    entropy: SharedEntropy,
    state: Mutex<State>,
    counters: [AtomicU64; Admitted::ALL.len()],
}

#[derive(Default)]
struct State {
    answering: u32,
    waiting: BTreeMap<Option<IpAddr>, VecDeque<oneshot::Sender<Turn>>>,
    count: usize,
    /// The address that had its turn last.
    last: Option<Option<IpAddr>>,
    /// How long answering a hello takes, on average.
    each: Duration,
    /// Until when those come back who were told to.
    booked: Option<Instant>,
}

/// The right to be answered. Dropping it gives the turn to the next.
pub(crate) struct Turn {
    herd: Arc<Herd>,
    since: Instant,
}

impl Herd {
    pub(crate) fn new(settings: &Settings, entropy: SharedEntropy) -> Arc<Self> {
        let (state, counters) = Default::default();
        Arc::new(Self { at_once: settings.hellos_at_once, entropy, state, counters })
    }

    /// Waits for the turn of a hello from an address.
    ///
    /// # Errors
    /// `unavailable`, with the time after which to come back.
    pub(crate) async fn turn(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Turn, Error> {
        let address = address.map(group);
        let now = Instant::now();
        let turn = {
            let mut state = lock(&self.state);
            if state.answering < self.at_once {
                state.answering += 1;
                state.last = Some(address);
                self.count(Admitted::AtOnce);
                return Ok(Turn { herd: self.clone(), since: now });
            }
            let wait = state.wait(address, self.at_once);
            if wait > PATIENCE || state.count >= MOST_WAITING {
                let retry = state.book(now + wait, now, self.at_once);
                drop(state);
                self.count(Admitted::PutOff);
                return Err(self.put_off(retry));
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.entry(address).or_default().push_back(sender);
            state.count += 1;
            turn
        };
        self.count(Admitted::Waited);
        // Whoever holds turns passes them on.
        turn.await.map_err(|_| self.put_off(PATIENCE))
    }

    /// How many hellos had which outcome.
    pub(crate) fn admissions(&self) -> [u64; Admitted::ALL.len()] {
        [0, 1, 2].map(|place| self.counters[place].load(Ordering::Relaxed))
    }

    /// How many hellos wait now.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.state).count
    }

    fn count(&self, admitted: Admitted) {
        self.counters[admitted as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn put_off(&self, retry: Duration) -> Error {
        let random = u64::from(u32::from_le_bytes(entropy::bytes(&*self.entropy)));
        let spread = random % (milliseconds(SPREAD) + 1);
        let retry = u32::try_from(milliseconds(retry) + spread).unwrap_or(u32::MAX);
        let sentence = "Too many people come at once: come back a little later.";
        Error::later(ErrorCode::Unavailable, sentence, retry)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl State {
    /// About how long one more of an address would wait: until all before it in its own queue had their
    /// turn, and as many of each other address as far as they are there.
    fn wait(&self, address: Option<IpAddr>, at_once: u32) -> Duration {
        let own = self.waiting.get(&address).map_or(0, VecDeque::len);
        let others = self.waiting.len() - usize::from(own > 0);
        let ahead = own.saturating_add((own + 1).saturating_mul(others)).min(self.count) + 1;
        self.each.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX)) / at_once
    }

    /// When somebody may come back, who could be answered at a time: after those who were told before.
    fn book(&mut self, earliest: Instant, now: Instant, at_once: u32) -> Duration {
        let next = self.booked.map_or(earliest, |booked| booked + self.each / at_once);
        let at = next.max(earliest).min(now + LONGEST_RETRY);
        self.booked = Some(at);
        at - now
    }

    /// Whoever is next: of the addresses in turn, of each the one that came first.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while self.count > 0 {
            let from = self.last.map_or(Bound::Unbounded, Bound::Excluded);
            let after = self.waiting.range((from, Bound::Unbounded)).next();
            let address = *after.or_else(|| self.waiting.first_key_value())?.0;
            let queue = self.waiting.get_mut(&address)?;
            let waiting = queue.pop_front();
            if queue.is_empty() {
                self.waiting.remove(&address);
            }
            self.last = Some(address);
            self.count -= 1;
            // The others are gone.
            if let Some(waiting) = waiting.filter(|waiting| !waiting.is_closed()) {
                return Some(waiting);
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = lock(&self.herd.state);
        state.each = (state.each * (WEIGHT - 1) + self.since.elapsed()) / WEIGHT;
        match state.next() {
            Some(next) => {
                drop(state);
                // Whoever is gone by now drops it, which passes it on.
                let _ = next.send(Self { herd: self.herd.clone(), since: Instant::now() });
            }
            None => state.answering -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::task::JoinHandle;

    use super::*;

    struct Zeros;

    impl entropy::Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn herd(hellos_at_once: u32) -> Arc<Herd> {
        let settings = Settings { hellos_at_once, ..Settings::default() };
        Herd::new(&settings, Arc::new(Zeros))
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(192, 0, 2, last).into())
    }

    /// A hello that takes this long once it has its turn; notes its name then.
    #[allow(clippy::disallowed_methods, reason = "each client has a task of its own")]
    async fn hello(
        herd: &Arc<Herd>,
        last: u8,
        takes: Duration,
        order: &Arc<Mutex<Vec<u8>>>,
    ) -> JoinHandle<Result<(), Error>> {
        let (herd, order) = (herd.clone(), order.clone());
        let task = tokio::spawn(async move {
            let _turn = herd.turn(address(last)).await?;
            lock(&order).push(last);
            tokio::time::sleep(takes).await;
            Ok(())
        });
        tokio::task::yield_now().await;
        task
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_take_turns_however_many_wait_of_one() {
        let (herd, order, takes) = (herd(1), Arc::default(), Duration::from_millis(10));
        let mut tasks = Vec::new();
        for last in [1, 1, 1, 1, 2, 3, 3] {
            tasks.push(hello(&herd, last, takes, &order).await);
        }
        assert_eq!(herd.waiting(), 6);
        for task in tasks {
            task.await.expect("no panic").expect("it has its turn");
        }
        assert_eq!(*lock(&order), [1, 2, 3, 1, 3, 1, 1]);
        assert_eq!((herd.waiting(), lock(&herd.state).answering), (0, 0));
        assert_eq!(herd.admissions(), [1, 6, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_would_wait_too_long_is_told_when_to_come_back_each_at_another_time() {
        let (herd, order, takes) = (herd(10), Arc::default(), Duration::from_secs(1));
        // What a hello takes is known once some were answered.
        for _ in 0..100 {
            hello(&herd, 9, takes, &order).await.await.expect("no panic").expect("at once");
        }
        let mut tasks = Vec::new();
        for _ in 0..45 {
            tasks.push(hello(&herd, 1, takes, &order).await);
        }
        let mut retries = Vec::new();
        let mut let_in = 0;
        let start = Instant::now();
        for task in tasks {
            match task.await.expect("no panic") {
                Ok(()) => let_in += 1,
                Err(error) => {
                    assert_eq!(error.code, ErrorCode::Unavailable);
                    retries.push(error.retry_after_ms.expect("a time"));
                }
            }
        }
        assert!((39..=41).contains(&let_in), "{let_in}");
        assert!(start.elapsed() <= PATIENCE + takes + Duration::from_millis(10));
        assert!(retries[0] >= 3_000 && retries.is_sorted(), "{retries:?}");
        let steps = retries.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.clone().all(|step| (50..=100).contains(&step)), "{retries:?}");
        assert_eq!(herd.admissions()[2] as usize, retries.len());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_with_one_client_is_let_in_while_another_has_too_many() {
        let (herd, order, takes) = (herd(2), Arc::default(), Duration::from_secs(1));
        for _ in 0..50 {
            hello(&herd, 9, takes, &order).await.await.expect("no panic").expect("at once");
        }
        let mut tasks = Vec::new();
        for _ in 0..20 {
            tasks.push(hello(&herd, 1, takes, &order).await);
        }
        let start = Instant::now();
        let other = hello(&herd, 2, takes, &order).await;
        other.await.expect("no panic").expect("let in");
        assert!(start.elapsed() <= Duration::from_secs(3), "{:?}", start.elapsed());
        let mut put_off = 0;
        for task in tasks {
            put_off += usize::from(task.await.expect("no panic").is_err());
        }
        assert!(put_off > 10, "{put_off}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_while_waiting_takes_no_turn() {
        let (herd, order, takes) = (herd(1), Arc::default(), Duration::from_millis(10));
        let first = hello(&herd, 1, takes, &order).await;
        let mut gone = Vec::new();
        for _ in 0..1_000 {
            gone.push(hello(&herd, 2, takes, &order).await);
        }
        let last = hello(&herd, 3, takes, &order).await;
        gone.iter().for_each(JoinHandle::abort);
        for task in gone {
            assert!(task.await.is_err());
        }
        first.await.expect("no panic").expect("at once");
        last.await.expect("no panic").expect("it has its turn");
        assert_eq!(*lock(&order), [1, 3]);
    }
}
