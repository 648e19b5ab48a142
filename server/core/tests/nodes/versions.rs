//! Nodes of different versions in one cluster, as while it is upgraded.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use caffis_conformance::bus::faulty::Plan;
use caffis_core::{
    hub::news::VERSION,
    model::node::NodeId,
    ports::bus::{Bus, BusFuture, NextFuture, Reply, Request, Requests, Subscription, Topic},
};
use caffis_schema::{ErrorCode, Outcome};
use tokio::time::Instant;

use crate::several::{Several, check, log, send};

/// A kind of message that this program does not have.
const UNKNOWN_KIND: u8 = 100;

/// How a node of another version speaks.
#[derive(Clone)]
pub(crate) struct Accent {
    version: u8,
    /// It asks only what others do not know.
    asks_unknown: Arc<AtomicBool>,
}

impl Accent {
    fn of(version: u8) -> Self {
        Self { version, asks_unknown: Arc::default() }
    }

    /// What a node of this version says instead: a later one adds fields at the end.
    fn say(&self, payload: &Bytes) -> Bytes {
        let mut said = payload.to_vec();
        said[0] = self.version;
        if self.version > VERSION {
            said.extend_from_slice(b"a field of a later version");
        }
        said.into()
    }

    /// A message of a kind that only this version knows.
    fn say_unknown(&self) -> Bytes {
        vec![self.version, UNKNOWN_KIND, UNKNOWN_KIND].into()
    }
}

/// The bus of a node that runs another version.
pub(crate) struct Speaker<B> {
    pub(crate) bus: B,
    pub(crate) accent: Accent,
}

impl<B: Bus> Bus for Speaker<B> {
    fn node(&self) -> NodeId {
        self.bus.node()
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        let said = self.accent.say(&payload);
        Box::pin(async move {
            self.bus.publish(topic.clone(), self.accent.say_unknown()).await?;
            self.bus.publish(topic, said).await
        })
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        self.bus.subscribe()
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        let unknown = self.accent.asks_unknown.load(Ordering::Relaxed);
        let said = if unknown { self.accent.say_unknown() } else { self.accent.say(&payload) };
        self.bus.request(to, said, within)
    }

    fn requests(&self) -> Box<dyn Requests> {
        Box::new(Inbox { inner: self.bus.requests(), accent: self.accent.clone() })
    }
}

struct Inbox {
    inner: Box<dyn Requests>,
    accent: Accent,
}

impl Requests for Inbox {
    fn next(&mut self) -> NextFuture<'_, Request> {
        Box::pin(async move {
            let Request { from, payload, within, reply } = self.inner.next().await?;
            let accent = self.accent.clone();
            let reply = Reply::new(move |answer| reply.send(accent.say(&answer)));
            Some(Request { from, payload, within, reply })
        })
    }
}

/// Two nodes, the second one of another version.
async fn mixed(accent: Accent) -> Several {
    Several::with_accents(2, 1, Plan::default(), BTreeMap::from([(2, accent)])).await
}

#[tokio::test(start_paused = true)]
async fn nodes_of_an_older_and_of_a_later_version_are_one_chat_with_this_one() {
    for version in [VERSION - 1, VERSION + 1] {
        let several = mixed(Accent::of(version)).await;
        let mut giulia = several.connect(1, "giulia").await;
        let mut marco = several.connect(2, "marco").await;
        let mut rooms = Vec::new();
        for _ in 0..12 {
            rooms.push(giulia.group(&["marco"]).await);
        }
        for owner in [1, 2] {
            assert!(rooms.iter().any(|room| several.owner(*room) == owner), "version {version}");
        }
        let start = Instant::now();
        for room in &rooms {
            send(&mut giulia, *room, "from one").await;
            send(&mut marco, *room, "from the other").await;
        }
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_secs(1)).await;
        for client in [&mut giulia, &mut marco] {
            assert_eq!(client.heard().await.len(), 2 * rooms.len(), "version {version}");
            for room in &rooms {
                let written = ["from one", "from the other"].map(str::to_owned);
                check(&log(client, *room).await, &written);
            }
        }
        let unknown = several.nodes[&1].core.statistics().not_understood;
        assert!(unknown > 0, "version {version}");
        // A room moves between them, too.
        several.leave(2).await;
        for room in &rooms {
            send(&mut giulia, *room, "after the move").await;
            assert_eq!(several.owner(*room), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_other_version_does_not_know_is_refused_at_once_and_may_be_asked_again() {
    let accent = Accent::of(VERSION + 1);
    let several = mixed(accent.clone()).await;
    let mut giulia = several.connect(2, "giulia").await;
    let mut room = giulia.group(&["giulia"]).await;
    while several.owner(room) != 1 {
        room = giulia.group(&["giulia"]).await;
    }
    accent.asks_unknown.store(true, Ordering::Relaxed);
    let (start, key) = (Instant::now(), giulia.key());
    let error = giulia.send_as(key, room, "later").await.expect_err("it is not known");
    assert_eq!((error.code, error.outcome), (ErrorCode::Unavailable, Outcome::Refused));
    assert!(error.retry_after_ms.is_some());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    // The other node is upgraded, too.
    accent.asks_unknown.store(false, Ordering::Relaxed);
    giulia.send_as(key, room, "later").await.expect("known by now");
    check(&log(&mut giulia, room).await, &["later".to_owned()]);
}
