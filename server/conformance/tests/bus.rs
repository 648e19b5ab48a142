//! The bus's suite on the bus in memory and on the wrapper that misbehaves, and the wrapper itself.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_conformance::bus::{
    Subject,
    faulty::{BusFaults, FaultyBus, Plan},
    memory::{MemoryBus, Network},
    suite,
};
use caffis_core::ports::bus::{Bus, BusError, Heard, NodeId, SharedBus, Topic};
use tokio::time::{sleep, timeout};

const DELAY: Duration = Duration::from_millis(50);

fn nodes(faults: &BusFaults) -> [Arc<FaultyBus<MemoryBus>>; 3] {
    let network = Network::default();
    [1, 2, 3]
        .map(|id| Arc::new(FaultyBus::new(network.node(NodeId::from_random(id)), faults.clone())))
}

fn subject(plan: Plan, loses: bool) -> Subject {
    let nodes = nodes(&BusFaults::new(7, plan)).map(|node| node as SharedBus);
    Subject { nodes, settle: 3 * DELAY, loses }
}

#[tokio::test]
async fn memory() {
    let network = Network::default();
    let nodes = [1, 2, 3].map(|id| Arc::new(network.node(NodeId::from_random(id))) as SharedBus);
    suite(Subject { nodes, settle: Duration::from_millis(5), loses: false }).await;
}

#[tokio::test(start_paused = true)]
async fn late_and_doubled() {
    suite(subject(Plan { delay: DELAY, doubled: 300, ..Plan::default() }, false)).await;
}

#[tokio::test(start_paused = true)]
async fn lost() {
    let plan =
        Plan { lost: 200, doubled: 200, lost_requests: 200, lost_replies: 200, delay: DELAY };
    suite(subject(plan, true)).await;
}

fn topic() -> Topic {
    Topic::new("room").unwrap()
}

/// What one node hears of a hundred messages of another.
async fn hundred(seed: u64, plan: Plan) -> Vec<u8> {
    let [publisher, other, _] = nodes(&BusFaults::new(seed, plan));
    let mut subscription = other.subscribe();
    subscription.add(&[topic()]).await.unwrap();
    for number in 0..100 {
        publisher.publish(topic(), Bytes::from(vec![number])).await.unwrap();
    }
    let mut heard = Vec::new();
    while let Ok(Some(Heard::Message { payload, .. })) = timeout(DELAY, subscription.next()).await {
        heard.push(payload[0]);
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn a_seed_says_what_goes_wrong() {
    let in_order: Vec<u8> = (0..100).collect();
    assert_eq!(hundred(1, Plan::default()).await, in_order);
    let late = || Plan { delay: DELAY, ..Plan::default() };
    let mut reordered = hundred(1, late()).await;
    assert_eq!(hundred(1, late()).await, reordered, "the same seed");
    assert_ne!(hundred(2, late()).await, reordered, "another seed");
    assert_ne!(reordered, in_order);
    reordered.sort_unstable();
    assert_eq!(reordered, in_order, "nothing is lost");
    let lossy = hundred(1, Plan { lost: 500, ..Plan::default() }).await;
    assert!((20..80).contains(&lossy.len()), "{lossy:?}");
    let doubled = hundred(1, Plan { doubled: 500, ..Plan::default() }).await;
    assert!((120..180).contains(&doubled.len()), "{doubled:?}");
    assert_eq!(doubled.iter().collect::<BTreeSet<_>>().len(), 100);
}

async fn ask(from: &FaultyBus<MemoryBus>, to: NodeId) -> Result<Bytes, BusError> {
    from.request(to, Bytes::new(), Duration::from_secs(1)).await
}

#[tokio::test(start_paused = true)]
async fn nodes_are_cut_off_and_reach_each_other_again() {
    let faults = BusFaults::new(1, Plan::default());
    let [first, second, third] = nodes(&faults);
    let ids = [1, 2, 3].map(NodeId::from_random);
    for node in [&first, &second, &third] {
        let mut requests = node.requests();
        tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                request.reply.send(Bytes::from_static(b"yes"));
            }
        });
    }
    let mut heard = third.subscribe();
    heard.add(&[topic()]).await.unwrap();
    faults.isolate(NodeId::from_random(3), &ids);
    first.publish(topic(), Bytes::from_static(b"not heard")).await.unwrap();
    assert!(timeout(DELAY, heard.next()).await.is_err());
    third.publish(topic(), Bytes::from_static(b"its own")).await.unwrap();
    assert!(timeout(DELAY, heard.next()).await.is_ok(), "a node reaches itself");
    assert_eq!(ask(&first, NodeId::from_random(3)).await, Err(BusError::NoReply));
    assert_eq!(ask(&third, NodeId::from_random(1)).await, Err(BusError::NoReply));
    assert!(ask(&first, NodeId::from_random(2)).await.is_ok());
    faults.heal();
    assert!(ask(&first, NodeId::from_random(3)).await.is_ok());
    // The request does not get through.
    faults.cut(NodeId::from_random(1), NodeId::from_random(2));
    let mut requests = second.requests();
    assert_eq!(ask(&first, NodeId::from_random(2)).await, Err(BusError::NoReply));
    assert!(timeout(DELAY, requests.next()).await.is_err());
    faults.heal();
    // It does, and the reply does not.
    faults.cut(NodeId::from_random(2), NodeId::from_random(1));
    let mut requests = second.requests();
    let asking = tokio::spawn(async move { ask(&first, NodeId::from_random(2)).await });
    let request = requests.next().await.unwrap();
    request.reply.send(Bytes::new());
    assert_eq!(asking.await.unwrap(), Err(BusError::NoReply));
}

#[tokio::test(start_paused = true)]
async fn a_request_may_come_when_nobody_waits_for_it_any_more() {
    let long = Duration::from_secs(10);
    let faults = BusFaults::new(1, Plan { delay: long, ..Plan::default() });
    let [asker, asked, _] = nodes(&faults);
    let mut requests = asked.requests();
    let answer =
        asker.request(NodeId::from_random(2), Bytes::new(), Duration::from_millis(1)).await;
    assert_eq!(answer, Err(BusError::NoReply));
    assert!(timeout(Duration::ZERO, requests.next()).await.is_err(), "not yet");
    sleep(long).await;
    assert_eq!(requests.next().await.map(|request| request.from), Some(NodeId::from_random(1)));
}
