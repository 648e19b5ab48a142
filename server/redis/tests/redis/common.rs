//! Nodes on a server, and what is said and heard on them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use caffis_core::ports::bus::{Bus, BusError, Heard, NodeId, Subscription, Topic};
use caffis_redis::{Options, RedisBus};
use caffis_servers::redis::RedisServer;
use tokio::time::{sleep, timeout};

/// How long anything may take that has to happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How long anything may take while the server is away: the time to notice, and some for a busy machine.
pub(crate) const PROMPT: Duration = Duration::from_secs(8);

pub(crate) fn options(server: &RedisServer) -> Options {
    format!("redis://127.0.0.1:{}", server.port()).parse().unwrap()
}

pub(crate) fn node(number: u64, options: &Options) -> Arc<RedisBus> {
    Arc::new(RedisBus::connect(NodeId::from_random(number), options.clone()))
}

/// Three nodes with the same options.
pub(crate) fn nodes(options: &Options) -> [Arc<RedisBus>; 3] {
    [1, 2, 3].map(|number| node(number, options))
}

pub(crate) fn topic(name: &str) -> Topic {
    Topic::new(name).unwrap()
}

pub(crate) async fn subscribed(bus: &RedisBus, name: &str) -> Box<dyn Subscription> {
    let mut subscription = bus.subscribe();
    subscription.add(&[topic(name)]).await.expect("subscribed");
    subscription
}

pub(crate) async fn say(bus: &RedisBus, name: &str, words: &str) -> Result<(), BusError> {
    bus.publish(topic(name), Bytes::copy_from_slice(words.as_bytes())).await
}

/// What comes next; it has to come.
pub(crate) async fn next(subscription: &mut Box<dyn Subscription>) -> Heard {
    timeout(PATIENCE, subscription.next()).await.expect("something comes").expect("the bus goes on")
}

/// The words that come next, which have to be a message.
pub(crate) async fn words(subscription: &mut Box<dyn Subscription>) -> String {
    match next(subscription).await {
        Heard::Message { payload, .. } => String::from_utf8(payload.to_vec()).unwrap(),
        Heard::Gap => panic!("a gap"),
    }
}

/// Hears until there is a gap.
pub(crate) async fn gap(subscription: &mut Box<dyn Subscription>) {
    while next(subscription).await != Heard::Gap {}
}

/// Says things until one of them is heard: what was lost heals by itself.
pub(crate) async fn heals(from: &RedisBus, name: &str, to: &mut Box<dyn Subscription>) {
    let end = Instant::now() + PATIENCE;
    for number in 0.. {
        let words = format!("after it: {number}");
        let said = say(from, name, &words).await;
        while let Ok(Some(heard)) = timeout(Duration::from_millis(100), to.next()).await {
            if matches!(heard, Heard::Message { payload, .. } if payload == words.as_bytes()) {
                return;
            }
        }
        assert!(Instant::now() < end, "nothing is heard; the last was {said:?}");
    }
}

/// Waits until publishing fails as unavailable; returns the reason. No call may take long meanwhile.
pub(crate) async fn unavailable(bus: &RedisBus) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let said = timeout(PROMPT, say(bus, "room", "is anybody there?")).await.expect("an answer");
        match said {
            Err(BusError::Unavailable(reason)) => return reason,
            other => assert!(Instant::now() < end, "{other:?}"),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Answers every request to a node with its payload, until the bus ends.
pub(crate) fn echo(bus: &RedisBus) {
    let mut requests = bus.requests();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            let payload = request.payload.clone();
            request.reply.send(payload);
        }
    });
}

pub(crate) async fn ask(from: &RedisBus, to: &RedisBus) -> Result<Bytes, BusError> {
    let asking = from.request(to.node(), Bytes::from_static(b"?"), Duration::from_secs(10));
    timeout(PATIENCE, asking).await.expect("an answer")
}

/// Asks until there is a reply.
pub(crate) async fn replies(from: &RedisBus, to: &RedisBus) {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask(from, to).await;
        if answer.is_ok() {
            return;
        }
        assert!(Instant::now() < end, "{answer:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
