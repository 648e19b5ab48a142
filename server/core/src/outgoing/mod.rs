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
//! A `webhook-id` follows from the endpoint, the room and the position: it is the same in every attempt, on any
//! node. Presence (`presence`) follows from no log, and may be missed. If a node dies, what it delivered in its last moments is delivered once more.

mod breaker;
mod counters;
mod dead_letters;
mod deliver;
mod kinds;
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

use std::{sync::Arc, time::Duration};

use caffis_schema::{RoomId, endpoints::EndpointState};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

pub(crate) use self::reactor::NAME;
pub use self::{
    counters::EndpointStatistics,
    dead_letters::{Cursor, DEAD_KEPT, DEAD_PER_SHARD},
};
use self::{reactor::RetryReactor, reports::REPORTED, worker::Worker};
use crate::{
    activity::Activity, hints::Hints, newest::Newest, ports::webhooks::SharedSender,
    reactors::SharedReactor, services::Services, sync::spawn,
};

/// How often a drain looks whether attempts have ended.
const STEP: Duration = Duration::from_millis(5);

/// How long a handover waits for attempts under way; what takes longer may be delivered twice.
const DRAIN: Duration = Duration::from_secs(3);

/// Where webhooks go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name: by it the store knows what it was told.
    pub name: Arc<str>,
    /// The kinds of events that it is told: `chat.message.created`, `room.*` or `*`.
    pub kinds: Vec<String>,
    /// The types of contexts of whose rooms it is told; of all rooms if there are none.
    pub contexts: Vec<String>,
}

impl Endpoint {
    /// Whether it is told of events of a kind. Presence only if it is named.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(prefix) => kind.starts_with(prefix) && (kind != PRESENCE || prefix == "user."),
            None => pattern == kind,
        })
    }

    /// Whether it is told of rooms about this type of context.
    #[must_use]
    pub fn follows(&self, context: &str) -> bool {
        self.contexts.is_empty() || self.contexts.iter().any(|kind| kind == context)
    }
}

/// The kind that an endpoint hears only if it asks for it.
const PRESENCE: &str = "user.presence";

/// All endpoints.
#[derive(Clone)]
pub struct Endpoints {
    /// The endpoints, each with another name.
    pub list: Vec<Endpoint>,
    /// What sends webhooks.
    pub sender: SharedSender,
    /// Attempts of one endpoint that may be under way at the same time.
    pub in_flight: usize,
    /// The most bytes of a preview; 0 for none.
    pub preview_bytes: usize,
}

/// What the chat tells those who follow it closely.
pub(crate) struct Sources {
    /// Rooms of which something is durable.
    pub(crate) hints: Arc<Hints>,
    /// How people are, for each endpoint that wants to hear of it, in the order of the endpoints.
    pub(crate) presence: Vec<Arc<Newest>>,
}

impl Endpoints {
    /// Those that are told which messages were reported.
    pub(crate) fn told_of_reports(&self) -> Vec<Arc<str>> {
        let wanting = self.list.iter().filter(|endpoint| endpoint.wants(REPORTED));
        wanting.map(|endpoint| endpoint.name.clone()).collect()
    }

    /// The sources of what these endpoints are told.
    pub(crate) fn sources(&self) -> Sources {
        let wanting = self.list.iter().filter(|endpoint| endpoint.wants(PRESENCE));
        Sources { hints: Arc::default(), presence: wanting.map(|_| Arc::default()).collect() }
    }
}

/// The endpoints at work.
pub(crate) struct Outgoing {
    services: Services,
    workers: Vec<Arc<Worker>>,
    sources: Sources,
}

impl Outgoing {
    /// Endpoints that are told what comes from their sources.
    pub(crate) fn new(
        services: &Services,
        activity: &Arc<Activity>,
        endpoints: Endpoints,
        sources: Sources,
    ) -> Arc<Self> {
        let Endpoints { list, sender, in_flight, preview_bytes } = endpoints;
        let worker = |endpoint| {
            let limits = (in_flight.max(1), preview_bytes);
            let (services, activity) = (services.clone(), activity.clone());
            Arc::new(Worker::new(services, activity, endpoint, sender.clone(), limits))
        };
        Arc::new(Self {
            services: services.clone(),
            workers: list.into_iter().map(worker).collect(),
            sources,
        })
    }

    /// What follows the rooms that nobody woke.
    pub(crate) fn reactor(&self) -> SharedReactor {
        Arc::new(RetryReactor(self.workers.clone()))
    }

    /// Delivers until core ends.
    pub(crate) fn start(self: &Arc<Self>, ended: &watch::Receiver<()>) {
        for worker in &self.workers {
            spawn(worker.clone().deliver(ended.clone()));
            spawn(worker.clone().keep(ended.clone()));
            if worker.endpoint.wants(REPORTED) {
                spawn(worker.clone().tell_reports(ended.clone()));
            }
        }
        let wanting = self.workers.iter().filter(|worker| worker.endpoint.wants(PRESENCE));
        for (worker, newest) in wanting.zip(&self.sources.presence) {
            spawn(worker.clone().tell_presence(newest.clone(), ended.clone()));
        }
        let (outgoing, mut ended) = (self.clone(), ended.clone());
        spawn(async move {
            loop {
                let rooms = tokio::select! {
                    biased;
                    _ = ended.changed() => return,
                    rooms = outgoing.sources.hints.take() => rooms,
                };
                for room in rooms {
                    // Where there is no place, the walker finds the room.
                    outgoing.workers.iter().for_each(|worker| _ = worker.queue.push(room));
                }
            }
        });
    }

    /// Waits for attempts under way in rooms that this node gives up, and writes down what was delivered.
    pub(crate) async fn drain(&self, belongs: impl Fn(RoomId) -> bool) {
        let end = Instant::now() + DRAIN;
        for worker in &self.workers {
            while worker.queue.is_busy(&belongs) && Instant::now() < end {
                sleep(STEP).await;
            }
            worker.flush().await;
        }
    }

    /// Begins nothing more, and waits for what is under way.
    pub(crate) async fn stop(&self) {
        self.workers.iter().for_each(|worker| worker.stop());
        self.drain(|_| true).await;
    }

    /// The workers of endpoints, or that of one.
    fn workers(&self, endpoint: Option<&str>) -> impl Iterator<Item = &Arc<Worker>> {
        let is_meant =
            move |worker: &&Arc<Worker>| endpoint.is_none_or(|name| name == &*worker.endpoint.name);
        self.workers.iter().filter(is_meant)
    }

    /// What becomes of each endpoint's webhooks, on this node.
    pub(crate) fn states_here(&self) -> Vec<EndpointState> {
        self.workers.iter().map(|worker| worker.state()).collect()
    }

    /// What became of each endpoint's webhooks.
    pub(crate) fn statistics(&self) -> Vec<EndpointStatistics> {
        self.workers.iter().map(|worker| worker.statistics()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_hears_what_it_asks_for() {
        let endpoint = |kinds: &[&str], contexts: &[&str]| Endpoint {
            name: "push".into(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            contexts: contexts.iter().map(|kind| (*kind).to_owned()).collect(),
        };
        let all = endpoint(&["*"], &[]);
        assert!(all.wants("chat.message.created") && !all.wants("user.presence"));
        for asked in ["user.*", "user.presence"] {
            assert!(endpoint(&[asked], &[]).wants("user.presence"));
        }
        let some = endpoint(&["room.*", "member.left"], &["booking"]);
        assert!(some.wants("room.created") && some.wants("member.left"));
        assert!(!some.wants("member.joined") && !some.wants("chat.message.created"));
        assert!(some.follows("booking") && !some.follows("cafe") && all.follows("cafe"));
    }
}
