//! Attempts, many at once. Each sender takes the next user that is ready as soon as it is free, so none waits for
//! PostgreSQL as long as there are any.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinSet,
};

use crate::{
    pace::{Gate, backoff},
    queue::{Claimed, Record},
    send::{Endpoint, Outcome, Scope},
    settings::Limits,
};

/// The most users that a relay holds: those on their way, and those that are ready.
const MAX_HELD: usize = 4_096;
/// What is left of a lease when an attempt has to end, so that it never overlaps with that of another relay.
const MARGIN: Duration = Duration::from_millis(500);
/// Over how long it is counted how many attempts end.
const WINDOW: Duration = Duration::from_millis(250);

/// The senders of a relay, and what it holds.
pub(crate) struct Senders {
    ready: mpsc::Sender<Claimed>,
    ended: mpsc::Receiver<Record>,
    gate: Arc<Mutex<Gate>>,
    in_flight: usize,
    held: usize,
    window: Instant,
    ended_in_window: usize,
    /// Users that end in a window: as many are kept ready.
    pace: usize,
    _senders: JoinSet<()>,
}

/// What each sender has.
struct Sender {
    ready: Arc<AsyncMutex<mpsc::Receiver<Claimed>>>,
    ended: mpsc::Sender<Record>,
    endpoint: Endpoint,
    gate: Arc<Mutex<Gate>>,
    limits: Limits,
}

impl Senders {
    /// Starts them.
    pub(crate) fn start(endpoint: &Endpoint, limits: &Limits) -> Self {
        let (ready, receiver) = mpsc::channel(MAX_HELD);
        let (results, ended) = mpsc::channel(MAX_HELD);
        let receiver = Arc::new(AsyncMutex::new(receiver));
        let gate = Arc::<Mutex<Gate>>::default();
        let mut senders = JoinSet::new();
        for _ in 0..limits.in_flight {
            let sender = Sender {
                ready: Arc::clone(&receiver),
                ended: results.clone(),
                endpoint: endpoint.clone(),
                gate: Arc::clone(&gate),
                limits: limits.clone(),
            };
            senders.spawn(sender.run());
        }
        Self {
            ready,
            ended,
            gate,
            in_flight: limits.in_flight,
            held: 0,
            window: Instant::now(),
            ended_in_window: 0,
            pace: 0,
            _senders: senders,
        }
    }

    /// How many more users it should hold: those that are on their way at once, and as many as end soon.
    pub(crate) fn room(&self) -> usize {
        match lock(&self.gate).width(self.in_flight, Instant::now()) {
            0 => 0,
            1 => 1usize.saturating_sub(self.held),
            width => (width + self.pace.max(width / 2)).min(MAX_HELD).saturating_sub(self.held),
        }
    }

    /// Whether it holds nothing.
    pub(crate) fn is_idle(&self) -> bool {
        self.held == 0
    }

    /// How long nothing is sent, if anything is wrong.
    pub(crate) fn pause(&self) -> Option<Duration> {
        lock(&self.gate).wait(Instant::now())
    }

    /// Hands users over: no more than there was [`Self::room`] for.
    pub(crate) fn hand(&mut self, claimed: Vec<Claimed>) {
        for one in claimed {
            // One that does not fit comes back when its lease is over.
            if self.ready.try_send(one).is_ok() {
                self.held += 1;
            }
        }
    }

    /// How the next attempt ended; pending while none has.
    pub(crate) async fn next(&mut self) -> Option<Record> {
        let record = self.ended.recv().await;
        self.count(usize::from(record.is_some()));
        record
    }

    /// How all attempts ended that have.
    pub(crate) fn take(&mut self, records: &mut Vec<Record>) {
        let before = records.len();
        while let Ok(record) = self.ended.try_recv() {
            records.push(record);
        }
        self.count(records.len() - before);
    }

    /// From now on users are handed back unsent.
    pub(crate) fn stop(&self) {
        lock(&self.gate).stop();
    }

    fn count(&mut self, ended: usize) {
        self.held = self.held.saturating_sub(ended);
        self.ended_in_window += ended;
        if self.window.elapsed() >= WINDOW {
            self.pace = self.ended_in_window;
            self.ended_in_window = 0;
            self.window = Instant::now();
        }
    }
}

impl Sender {
    async fn run(self) {
        loop {
            let next = self.ready.lock().await.recv().await;
            let Some(claimed) = next else { return };
            let record = self.attempt(claimed).await;
            if self.ended.send(record).await.is_err() {
                return;
            }
        }
    }

    async fn attempt(&self, claimed: Claimed) -> Record {
        let now = Instant::now();
        let left = claimed.until.saturating_duration_since(now).saturating_sub(MARGIN);
        if left.is_zero() || !lock(&self.gate).admit(now) {
            return Record { claimed, outcome: Outcome::Unsent, wait: Duration::ZERO };
        }
        let limit = self.limits.request_timeout.min(left);
        let outcome = self.endpoint.send(&claimed.change, limit).await;
        let attempts = u32::try_from(claimed.attempts).unwrap_or(1);
        let mut wait = backoff(&self.limits, attempts);
        let (user, version) = (claimed.change.key.as_str(), claimed.change.version);
        match &outcome {
            Outcome::Delivered => self.opened(),
            Outcome::Unsent => {}
            Outcome::Dead(reason) => {
                self.opened();
                tracing::warn!(
                    user,
                    version,
                    reason,
                    "the receiver refuses a user; it is not sent again unless it changes"
                );
            }
            Outcome::Later { reason, after, scope } => {
                wait = wait.max(after.unwrap_or_default());
                tracing::debug!(user, version, attempts, reason, "an attempt failed");
                self.failed(reason, *scope, *after);
            }
        }
        Record { claimed, outcome, wait }
    }

    fn opened(&self) {
        if lock(&self.gate).open() {
            tracing::info!("the receiver answers again");
        }
    }

    fn failed(&self, reason: &str, scope: Scope, after: Option<Duration>) {
        let closed = lock(&self.gate).failed(&self.limits, scope, after, Instant::now());
        let Some(wait) = closed else { return };
        let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        match scope {
            Scope::Settings => tracing::error!(reason, milliseconds, "sending pauses"),
            _ => tracing::warn!(reason, milliseconds, "sending pauses"),
        }
    }
}

/// The gate, which no holder leaves half changed.
fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}
