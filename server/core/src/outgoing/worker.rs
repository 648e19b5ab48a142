//! The worker of one endpoint: its tasks, and what they share.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use caffis_schema::{Error, ErrorCode, RoomId, Text, Timestamp, endpoints::EndpointState};
use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    Endpoint,
    breaker::CircuitBreaker,
    counters::{Counters, EndpointStatistics},
    dead_letters::DeadLetters,
    policy::is_over,
    progress::{Known, Progress, Retry},
    queue::Queue,
    retries::RetryQueue,
};
use crate::{
    activity::Activity,
    cluster::{Owner, Shard},
    errors::{no_owner, not_now},
    ports::{entropy, store::StoreError, webhooks::SharedSender},
    room::RoomCell,
    services::Services,
    sync::{every, lock},
    tables::{self, EndpointRow},
};

/// How often positions are written.
const PERIOD: Duration = Duration::from_millis(250);

/// How often what is due is looked for: in every so many periods.
const LOOK: u32 = 4;

/// Shards that are looked at at the same time when they are new here.
const SHARDS_AT_ONCE: usize = 8;

/// Rooms that could not be read or written, and are tried again at the next look.
const TROUBLED: usize = 1_000;

/// How long a room waits that cannot be read for a reason that does not go away by itself.
const UNREADABLE: Duration = Duration::from_secs(60);

/// How often an endpoint whose breaker is open has those of its rooms looked for that have waited for too long.
const EXPIRE: Duration = Duration::from_secs(60);

/// The worker of one endpoint.
pub(super) struct Worker {
    pub(super) services: Services,
    pub(super) activity: Arc<Activity>,
    pub(super) name: Arc<str>,
    /// What it is told now.
    endpoint: ArcSwap<Endpoint>,
    sender: Mutex<SharedSender>,
    pub(super) preview_bytes: usize,
    in_flight: usize,
    /// Since when it is told anything.
    since: OnceLock<Timestamp>,
    pub(super) queue: Queue,
    pub(super) breaker: CircuitBreaker,
    /// Why the last attempt failed.
    pub(super) last_reason: Mutex<String>,
    pub(super) progress: Progress,
    pub(super) dead_letters: DeadLetters,
    pub(super) retries: RetryQueue,
    pub(super) counters: Counters,
    /// Held while a retry of a room is scheduled because it is behind, or cancelled because it is not: between looking at
    /// the room and the end of the write nobody else does so.
    pub(super) scheduling: tokio::sync::Mutex<()>,
    troubled: Mutex<BTreeSet<RoomId>>,
    expired: Mutex<Option<Instant>>,
    stopped: AtomicBool,
}

impl Worker {
    pub(super) fn new(
        services: Services,
        activity: Arc<Activity>,
        endpoint: Endpoint,
        sender: SharedSender,
        (in_flight, preview_bytes): (usize, usize),
        made: Option<Timestamp>,
    ) -> Self {
        let (name, store, stamps) =
            (endpoint.name.clone(), services.store.clone(), services.stamps.clone());
        Self {
            progress: Progress::new(name.clone(), store.clone(), stamps.clone()),
            dead_letters: DeadLetters::new(name.clone(), store, stamps, made.unwrap_or_default()),
            services,
            activity,
            name,
            endpoint: ArcSwap::from_pointee(endpoint),
            sender: Mutex::new(sender),
            preview_bytes,
            in_flight,
            since: made.map_or_else(OnceLock::new, OnceLock::from),
            queue: Queue::default(),
            breaker: CircuitBreaker::default(),
            last_reason: Mutex::default(),
            retries: RetryQueue::default(),
            counters: Counters::default(),
            scheduling: tokio::sync::Mutex::default(),
            troubled: Mutex::default(),
            expired: Mutex::default(),
            stopped: false.into(),
        }
    }

    /// What the endpoint is told now.
    pub(super) fn endpoint(&self) -> Arc<Endpoint> {
        self.endpoint.load_full()
    }

    /// What carries webhooks to it now.
    pub(super) fn sender(&self) -> SharedSender {
        lock(&self.sender).clone()
    }

    /// It is told something else from now on.
    pub(super) fn set_endpoint(&self, endpoint: Endpoint) {
        self.endpoint.store(Arc::new(endpoint));
    }

    /// It is somewhere else from now on, or its secrets are others: what failed there says nothing.
    pub(super) fn set_sender(&self, sender: SharedSender) {
        *lock(&self.sender) = sender;
        self.breaker.close();
    }

    /// Tells the endpoint what waits, many rooms side by side, until core ends.
    pub(super) async fn deliver(self: Arc<Self>, mut ended: watch::Receiver<()>) {
        let mut passes = FuturesUnordered::new();
        loop {
            let width = if self.since.get().is_some() && !self.is_stopped() {
                self.breaker.width(self.in_flight, Instant::now())
            } else {
                0
            };
            while passes.len() < width
                && let Some(room) = self.queue.pop()
            {
                passes.push(self.tell(room));
            }
            let open = self.breaker.open_for(Instant::now());
            tokio::select! {
                biased;
                _ = ended.changed() => return,
                Some(room) = passes.next(), if !passes.is_empty() => self.queue.done(room),
                () = self.queue.noted() => {}
                () = sleep(open.unwrap_or(PERIOD)), if open.is_some() || width == 0 => {}
            }
        }
    }

    /// Tells it of one room.
    async fn tell(&self, room: RoomId) -> RoomId {
        let _pin = self.progress.pin(room);
        if let Err(error) = self.deliver_room(room).await
            && let Ok(epoch) = self.epoch_of(room)
        {
            tracing::debug!(%error, ?room, endpoint = &*self.name, "told later");
            self.put_off(room, epoch, &error).await;
        }
        room
    }

    /// A room could not be read, or what was told of it not be written.
    async fn put_off(&self, room: RoomId, epoch: u64, error: &Error) {
        let now = self.services.clock.now();
        let done = match (error.code, error.retry_after_ms) {
            // Its creation was never finished.
            (ErrorCode::NotFound, _) => self.progress.cancel_retry(room, epoch).await,
            // It is no better in a moment.
            (_, None) => {
                let known = self.progress.find(room, epoch).await.unwrap_or_default().retry;
                let before = known.unwrap_or(Retry { since: now, attempts: 0, due: now });
                let due = now + UNREADABLE.as_secs() * 1_000;
                self.retries.added(room, due, known.is_none());
                self.progress.schedule_retry(room, epoch, Retry { due, ..before }).await
            }
            (_, Some(_)) => Err(StoreError::Unavailable(error.to_string())),
        };
        if done.is_err() {
            let mut troubled = lock(&self.troubled);
            // What has no place here, the walker finds.
            if troubled.len() < TROUBLED {
                troubled.insert(room);
            }
            drop(troubled);
            self.retries.again(Shard::of(room), now);
        }
    }

    /// Writes down what was delivered, and finds what is due, until core ends.
    pub(super) async fn keep(self: Arc<Self>, ended: watch::Receiver<()>) {
        let mut looks = (0..LOOK).cycle();
        every(PERIOD, ended, move || {
            let (worker, looks) = (self.clone(), looks.next() == Some(0));
            async move {
                worker.flush().await;
                if !looks {
                    return;
                }
                for room in std::mem::take(&mut *lock(&worker.troubled)) {
                    worker.queue.push(room);
                }
                if let Err(error) = worker.look().await {
                    let endpoint = &*worker.name;
                    tracing::warn!(%error, endpoint, "what waits for the endpoint cannot be read");
                }
            }
        })
        .await;
    }

    /// Writes the positions that the store does not have.
    pub(super) async fn flush(&self) {
        if let Err(error) = self.progress.flush().await {
            let endpoint = &*self.name;
            tracing::warn!(%error, endpoint, "what was delivered is written down later");
        }
    }

    /// Finds the rooms that are due.
    async fn look(&self) -> Result<(), StoreError> {
        let now = self.services.clock.now();
        if self.since.get().is_none() {
            let row = EndpointRow { endpoint: self.name.clone(), since: now };
            let found = tables::insert_if_absent(&*self.services.store, &row).await?;
            // Set once, here.
            let _ = self.since.set(found.map_or(now, |row| row.since));
        }
        let owners = &self.services.owners;
        let own = |shard| match owners.owner(shard) {
            Owner::Here { epoch } => Some((shard, epoch)),
            Owner::There { .. } | Owner::Nobody => None,
        };
        let own: Vec<_> = Shard::all().filter_map(own).collect();
        let (new, due) = self.retries.sort(&own, now);
        let new = stream::iter(new).map(|(shard, epoch)| self.adopt(shard, epoch, now));
        let results: Vec<_> = new.buffer_unordered(SHARDS_AT_ONCE).collect().await;
        results.into_iter().collect::<Result<(), _>>()?;
        if self.breaker.open_for(Instant::now()).is_none() {
            for shard in due {
                self.collect(shard, now).await?;
            }
        } else if self.expires() {
            for shard in own {
                self.expire(shard, now).await?;
            }
        }
        Ok(())
    }

    /// Looks at a shard that is new here: at the rooms that wait for a retry, and at those that were active lately,
    /// of which the last owner may not have told.
    async fn adopt(&self, shard: Shard, epoch: u64, now: Timestamp) -> Result<(), StoreError> {
        self.activity.adopt_used(shard, epoch).await?;
        for room in self.activity.since_cursors(shard, epoch).await? {
            self.queue.push(room);
        }
        self.collect((shard, epoch), now).await
    }

    /// Queues the waiting rooms of a shard that are due.
    async fn collect(&self, shard: (Shard, u64), now: Timestamp) -> Result<(), StoreError> {
        let (store, name) = (&self.services.store, &self.name);
        let take = |row: &tables::RetryRow| match row.due <= now {
            true => self.queue.push(row.room).then_some(true),
            false => Some(false),
        };
        self.retries.read(store, name, shard, now, take).await
    }

    /// Whether it is time to look for what has waited for too long.
    fn expires(&self) -> bool {
        let mut expired = lock(&self.expired);
        let due = expired.is_none_or(|last| last.elapsed() >= EXPIRE);
        if due {
            *expired = Some(Instant::now());
        }
        due
    }

    /// Makes dead letters of what has waited for too long while the breaker is open.
    async fn expire(&self, shard: (Shard, u64), now: Timestamp) -> Result<(), StoreError> {
        if self.retries.total().0 == 0 {
            return Ok(());
        }
        let (store, name) = (&self.services.store, &self.name);
        let mut over = Vec::new();
        let take = |row: &tables::RetryRow| {
            let is_over = is_over(row.since, row.since, now) && over.len() < TROUBLED;
            if is_over {
                over.push(row.room);
            }
            Some(false)
        };
        self.retries.read(store, name, shard, now, take).await?;
        for room in over {
            if self.queue.claim(room) {
                self.tell(room).await;
                self.queue.done(room);
            }
        }
        Ok(())
    }

    /// Schedules a retry for a room of which the endpoint was not told all, unless there is one already.
    ///
    /// # Errors
    /// What keeps it from being durable that the room is behind.
    pub(super) async fn follow(&self, cell: &Arc<RoomCell>) -> Result<(), Error> {
        let _scheduling = self.scheduling.lock().await;
        let (room, epoch) = (cell.id, self.epoch_of(cell.id)?);
        let _pin = self.progress.pin(room);
        let head = cell.state().ok_or_else(not_now)?.head;
        let Known { position, retry } = self.progress.find(room, epoch).await?;
        if retry.is_some() {
            return Ok(());
        }
        if position.is_some_and(|position| position >= head) {
            // It counts only when the store has it.
            return Ok(self.progress.flush().await?);
        }
        let now = self.services.clock.now();
        self.progress
            .schedule_retry(room, epoch, Retry { since: now, attempts: 0, due: now })
            .await?;
        self.retries.added(room, now, true);
        Ok(())
    }

    /// The epoch in which this node owns a room.
    ///
    /// # Errors
    /// It does not, or does not work any more.
    pub(super) fn epoch_of(&self, room: RoomId) -> Result<u64, Error> {
        match self.services.owners.owner_of(room) {
            Owner::Here { epoch } if !self.is_stopped() => Ok(epoch),
            _ => Err(no_owner()),
        }
    }

    /// Since when the endpoint is told anything.
    pub(super) fn since(&self) -> Timestamp {
        self.since.get().copied().unwrap_or(Timestamp::MAX)
    }

    /// A random number, for waits.
    pub(super) fn random(&self) -> u64 {
        u64::from_le_bytes(entropy::bytes(&*self.services.entropy))
    }

    /// Begins nothing more.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// What becomes of the endpoint's webhooks on this node.
    pub(super) fn state(&self) -> EndpointState {
        let EndpointStatistics { endpoint, delivered, failed, dead, in_flight, waiting, oldest } =
            self.statistics();
        let reason = lock(&self.last_reason);
        EndpointState {
            endpoint: Text::cut(&endpoint),
            delivered,
            failed,
            dead,
            in_flight,
            waiting,
            oldest,
            broken: self.breaker.is_open(),
            reason: (!reason.is_empty()).then(|| Text::cut(&reason)),
            settings: None,
        }
    }

    pub(super) fn statistics(&self) -> EndpointStatistics {
        self.counters.read(&self.name, self.retries.total())
    }
}
