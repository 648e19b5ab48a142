//! Webhooks to other services: endpoints are told what happens in the rooms.
//!
//! An event follows from an entry of a room's log (`kinds`). For each endpoint and room the store has the
//! position up to which the endpoint was told (`told`), so nothing waits in memory and nothing is lost with
//! it. The owner of the room delivers: its node alone, one event of a room after the other, many rooms side by
//! side. Three things make it look at a room:
//!
//! - A hint right after an append ([`crate::woken`]), so that an endpoint hears within a moment.
//! - The walker, a minute or two later and after every crash (`reactor`): it parks rooms of which an
//!   endpoint was not told all. When a shard is new here, the rooms that were active lately are looked at at once.
//! - The time at which a parked room is due (`shards`).
//!
//! An attempt that fails parks the room, durably, until it is tried again (`policy`). An endpoint that fails
//! altogether is asked by one event at a time (`gate`). What has failed for a day is a dead letter (`dead`), and the
//! room goes on. Each endpoint has tasks of its own (`line`), so one that is slow or gone holds up nobody.
//! A `webhook-id` follows from the endpoint, the room and the position: it is the same in every attempt, on any
//! node. Presence (`presence`) follows from no log, and may be missed. If a node dies, what it delivered in its last moments is delivered once more.

mod counts;
mod dead;
mod gate;
mod kinds;
mod letters;
mod line;
mod pass;
mod policy;
mod presence;
mod queue;
mod reactor;
mod shards;
mod told;

use std::{sync::Arc, time::Duration};

use caffis_schema::RoomId;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

pub(crate) use self::reactor::NAME;
pub use self::{
    counts::EndpointStatistics,
    dead::{DEAD_KEPT, DEAD_PER_SHARD},
    letters::{LISTED, Letters, Redriven},
};
use self::{line::Line, reactor::Follower};
use crate::{
    activity::Activity, newest::Newest, ports::courier::SharedCourier, reactors::SharedReactor,
    services::Services, sync::spawn, woken::Woken,
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
    /// Who carries webhooks.
    pub courier: SharedCourier,
    /// Attempts of one endpoint that may be under way at the same time.
    pub in_flight: usize,
    /// The most bytes of a preview; 0 for none.
    pub preview_bytes: usize,
}

/// What the chat tells those who follow it closely.
pub(crate) struct Sources {
    /// Rooms of which something is durable.
    pub(crate) woken: Arc<Woken>,
    /// How people are, for each endpoint that wants to hear of it, in the order of the endpoints.
    pub(crate) presence: Vec<Arc<Newest>>,
}

impl Endpoints {
    /// The sources of what these endpoints are told.
    pub(crate) fn sources(&self) -> Sources {
        let wanting = self.list.iter().filter(|endpoint| endpoint.wants(PRESENCE));
        Sources { woken: Arc::default(), presence: wanting.map(|_| Arc::default()).collect() }
    }
}

/// The endpoints at work.
pub(crate) struct Outgoing {
    lines: Vec<Arc<Line>>,
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
        let Endpoints { list, courier, in_flight, preview_bytes } = endpoints;
        let line = |endpoint| {
            let limits = (in_flight.max(1), preview_bytes);
            let (services, activity) = (services.clone(), activity.clone());
            Arc::new(Line::new(services, activity, endpoint, courier.clone(), limits))
        };
        Arc::new(Self { lines: list.into_iter().map(line).collect(), sources })
    }

    /// What follows the rooms that nobody woke.
    pub(crate) fn reactor(&self) -> SharedReactor {
        Arc::new(Follower(self.lines.clone()))
    }

    /// Delivers until core ends.
    pub(crate) fn start(self: &Arc<Self>, ended: &watch::Receiver<()>) {
        for line in &self.lines {
            spawn(line.clone().deliver(ended.clone()));
            spawn(line.clone().keep(ended.clone()));
        }
        let wanting = self.lines.iter().filter(|line| line.endpoint.wants(PRESENCE));
        for (line, newest) in wanting.zip(&self.sources.presence) {
            spawn(line.clone().tell_presence(newest.clone(), ended.clone()));
        }
        let (outgoing, mut ended) = (self.clone(), ended.clone());
        spawn(async move {
            loop {
                let rooms = tokio::select! {
                    biased;
                    _ = ended.changed() => return,
                    rooms = outgoing.sources.woken.take() => rooms,
                };
                for room in rooms {
                    // Where there is no place, the walker finds the room.
                    outgoing.lines.iter().for_each(|line| _ = line.queue.push(room));
                }
            }
        });
    }

    /// Waits for attempts under way in rooms that this node gives up, and writes down what was delivered.
    pub(crate) async fn drain(&self, belongs: impl Fn(RoomId) -> bool) {
        let end = Instant::now() + DRAIN;
        for line in &self.lines {
            while line.queue.is_busy(&belongs) && Instant::now() < end {
                sleep(STEP).await;
            }
            line.flush().await;
        }
    }

    /// Begins nothing more, and waits for what is under way.
    pub(crate) async fn stop(&self) {
        self.lines.iter().for_each(|line| line.stop());
        self.drain(|_| true).await;
    }

    /// What became of each endpoint's webhooks.
    pub(crate) fn statistics(&self) -> Vec<EndpointStatistics> {
        self.lines.iter().map(|line| line.statistics()).collect()
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
