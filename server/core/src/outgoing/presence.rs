//! `user.presence`: not from a log, but as it happens. The owner of a person's place among the shards tells it.
//!
//! It is tried for ten minutes, so an endpoint that restarts hears how everybody is, and nothing of it is stored.

use std::{sync::Arc, time::Duration};

use caffis_schema::{
    hooks::values::Moment,
    outgoing::{ChatEvent, UserPresence},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    policy::{FIRST, Verdict, verdict},
    worker::Worker,
};
use crate::{
    model::digest::digest,
    newest::{Edge, Newest},
    ports::webhooks::Outbound,
};

/// How long a presence is worth telling.
const WORTH: Duration = Duration::from_secs(600);

impl Worker {
    /// Tells the endpoint how people are, one after the other, until core ends.
    pub(super) async fn tell_presence(
        self: Arc<Self>,
        newest: Arc<Newest>,
        mut ended: watch::Receiver<()>,
    ) {
        loop {
            let told = async {
                let edge = newest.take().await;
                self.tell_edge(&newest, edge).await;
            };
            tokio::select! {
                biased;
                _ = ended.changed() => return,
                () = told => {}
            }
        }
    }

    async fn tell_edge(&self, newest: &Newest, edge: Edge) {
        let (time, presence) = &edge;
        let passed = self.services.clock.now().since(*time);
        if u128::from(passed) > WORTH.as_millis() {
            return;
        }
        if let Err(open) = self.breaker.admit(Instant::now()) {
            newest.put_back(edge);
            sleep(open.min(FIRST)).await;
            return;
        }
        let event = ChatEvent::UserPresence(UserPresence {
            user: presence.user.clone(),
            availability: presence.availability,
            last_seen: presence.last_seen.map(Moment),
        });
        let name = &self.name;
        let webhook = Outbound {
            endpoint: name.clone(),
            id: format!("evt_{:016x}_{time}_{name}", digest(&presence.user)),
            body: event.body(*time).into(),
        };
        let under_way = self.counters.attempt();
        let answer = self.sender().send(&webhook).await;
        drop(under_way);
        match verdict(answer) {
            Verdict::Delivered => {
                self.counters.delivered();
                self.answered();
            }
            Verdict::Refused(_) => {
                self.counters.failed();
                self.answered();
            }
            Verdict::Later { reason, after, all } => {
                self.counters.failed();
                let open = self.failed(&reason, all, after);
                newest.put_back(edge);
                sleep(open.unwrap_or(FIRST).min(FIRST)).await;
            }
        }
    }
}
