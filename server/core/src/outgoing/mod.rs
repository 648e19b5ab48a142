//! Webhooks to other services: endpoints are told what happens in the rooms.
//!
//! An event follows from an entry of a room's log (`kinds`). For each endpoint and room the store has the
//! position up to which the endpoint was told (`progress`), so nothing waits in memory and nothing is lost with
//! it. The owner of the room delivers: its node alone, one event of a room after the other, many rooms side by
//! side. Three things make it look at a room:
//!
//! - A hint right after an append ([`crate::hints`]), so that an endpoint hears within a moment.
//! - The walker, a minute or two later and after every crash (`reactor`): it schedules retries for rooms of which an
//!   endpoint was not told all. When a shard is new here, the rooms that were active lately are looked at at once.
//! - The time at which a retry is due (`retries`).
//!
//! An attempt that fails schedules a retry, durably (`policy`). An endpoint that fails
//! altogether is tried with one event at a time (`breaker`). What has failed for a day is a dead letter (`dead_letters`), and the
//! room goes on. Each endpoint has tasks of its own (`worker`), so one that is slow or gone holds up nobody.
//! Endpoints are configured, or made by API (`made`): rows in the store, which every node reads every few seconds.
//! A `webhook-id` follows from the endpoint, the room and the position: it is the same in every attempt, on any
//! node. Presence (`presence`) follows from no log, and may be missed. If a node dies, what it delivered in its last moments is delivered once more.

mod breaker;
mod counters;
mod dead_letters;
mod deliver;
mod endpoint;
mod kinds;
mod made;
mod nodes;
mod policy;
mod presence;
mod progress;
mod queue;
mod reactor;
mod redrive;
mod reports;
mod retries;
mod worker;
mod workers;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_schema::{RoomId, Timestamp, endpoints::EndpointState};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

pub(crate) use self::reactor::NAME;
pub use self::{
    counters::EndpointStatistics,
    dead_letters::{Cursor, DEAD_KEPT, DEAD_PER_SHARD},
    endpoint::{Endpoint, is_context_type, is_endpoint_name, is_kind_pattern},
    made::{MADE_NAMES, READ_AGAIN},
};
use self::{
    endpoint::PRESENCE,
    reactor::RetryReactor,
    reports::REPORTED,
    worker::Worker,
    workers::{Running, Workers},
};
use crate::{
    activity::Activity,
    hints::Hints,
    ports::webhooks::{SharedDialer, SharedSender},
    reactors::SharedReactor,
    services::Services,
    sync::{every, spawn},
};

/// How often a drain looks whether attempts have ended.
const STEP: Duration = Duration::from_millis(5);

/// How long a handover waits for attempts under way; what takes longer may be delivered twice.
const DRAIN: Duration = Duration::from_secs(3);

/// All endpoints.
#[derive(Clone)]
pub struct Endpoints {
    /// The endpoints of the configuration, each with another name.
    pub list: Vec<Endpoint>,
    /// What sends webhooks to these.
    pub sender: SharedSender,
    /// What reaches those that are made by API; none if none can be.
    pub dialer: Option<SharedDialer>,
    /// Attempts of one endpoint that may be under way at the same time.
    pub in_flight: usize,
    /// The most bytes of a preview; 0 for none.
    pub preview_bytes: usize,
}

/// The endpoints at work.
pub(crate) struct Outgoing {
    services: Services,
    activity: Arc<Activity>,
    endpoints: Endpoints,
    workers: Arc<Workers>,
    /// Rooms of which something is durable.
    hints: Arc<Hints>,
    /// Held while endpoints begin and end.
    changing: tokio::sync::Mutex<()>,
    stopped: AtomicBool,
}

impl Outgoing {
    /// Endpoints that are told what the hints say.
    pub(crate) fn new(
        services: &Services,
        activity: &Arc<Activity>,
        endpoints: Endpoints,
        hints: Arc<Hints>,
    ) -> Arc<Self> {
        Arc::new(Self {
            services: services.clone(),
            activity: activity.clone(),
            endpoints,
            workers: Arc::default(),
            hints,
            changing: tokio::sync::Mutex::default(),
            stopped: false.into(),
        })
    }

    /// What follows the rooms that nobody woke.
    pub(crate) fn reactor(&self) -> SharedReactor {
        Arc::new(RetryReactor(self.workers.clone()))
    }

    /// Delivers until core ends.
    pub(crate) fn start(self: &Arc<Self>, ended: &watch::Receiver<()>) {
        let configured = self.endpoints.list.iter().map(|endpoint| {
            let sender = self.endpoints.sender.clone();
            Running::start(self.worker(endpoint.clone(), sender, None), None)
        });
        self.workers.set(configured.collect());
        self.announce();
        if self.endpoints.dialer.is_some() {
            let outgoing = self.clone();
            spawn(every(READ_AGAIN, ended.clone(), move || {
                let outgoing = outgoing.clone();
                async move { outgoing.read_again().await }
            }));
        }
        let (outgoing, mut ended) = (self.clone(), ended.clone());
        spawn(async move {
            loop {
                let rooms = tokio::select! {
                    biased;
                    _ = ended.changed() => break,
                    rooms = outgoing.hints.take() => rooms,
                };
                let running = outgoing.workers.all();
                for room in rooms {
                    // Where there is no place, the walker finds the room.
                    running.iter().for_each(|running| _ = running.worker.queue.push(room));
                }
            }
            outgoing.stopped.store(true, Ordering::Relaxed);
            let _turn = outgoing.changing.lock().await;
            outgoing.workers.set(Vec::new());
        });
    }

    fn worker(&self, endpoint: Endpoint, sender: SharedSender, made: Option<Timestamp>) -> Worker {
        let limits = (self.endpoints.in_flight.max(1), self.endpoints.preview_bytes);
        let (services, activity) = (self.services.clone(), self.activity.clone());
        Worker::new(services, activity, endpoint, sender, limits, made)
    }

    /// Tells the parts of the chat that have something to tell who wants to hear of it.
    fn announce(&self) {
        let running = self.workers.all();
        self.hints.want(!running.is_empty());
        let reported = running.iter().filter(|running| running.endpoint().wants(REPORTED));
        let reported: Vec<_> = reported.map(|running| running.name().clone()).collect();
        self.services.reports.tell(&reported);
        let present = running.iter().filter(|running| running.endpoint().wants(PRESENCE));
        self.services.presence_news.set(present.map(|running| running.newest.clone()).collect());
    }

    /// Waits for attempts under way in rooms that this node gives up, and writes down what was delivered.
    pub(crate) async fn drain(&self, belongs: impl Fn(RoomId) -> bool) {
        let end = Instant::now() + DRAIN;
        for running in self.workers.all().iter() {
            drain(&running.worker, &belongs, end).await;
        }
    }

    /// Begins nothing more, and waits for what is under way.
    pub(crate) async fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.workers.all().iter().for_each(|running| running.worker.stop());
        self.drain(|_| true).await;
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The workers of endpoints, or that of one.
    fn workers(&self, endpoint: Option<&str>) -> Vec<Arc<Worker>> {
        let running = self.workers.all();
        let is_meant =
            |running: &&Arc<Running>| endpoint.is_none_or(|name| name == &**running.name());
        running.iter().filter(is_meant).map(|running| running.worker.clone()).collect()
    }

    /// What becomes of each endpoint's webhooks, on this node.
    pub(crate) fn states_here(&self) -> Vec<EndpointState> {
        self.workers(None).iter().map(|worker| worker.state()).collect()
    }

    /// What became of each endpoint's webhooks.
    pub(crate) fn statistics(&self) -> Vec<EndpointStatistics> {
        self.workers(None).iter().map(|worker| worker.statistics()).collect()
    }
}

/// Waits for attempts of one endpoint, and writes down what was delivered.
async fn drain(worker: &Worker, belongs: impl Fn(RoomId) -> bool, end: Instant) {
    while worker.queue.is_busy(&belongs) && Instant::now() < end {
        sleep(STEP).await;
    }
    worker.flush().await;
}
