//! Requests and replies.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::bus::{
    BusError, MAX_PAYLOAD_BYTES, MAX_WAIT, NodeId, SharedBus, WAITING_REQUESTS,
};
use tokio::{task::JoinSet, time::timeout};

use super::{PATIENCE, Subject, echo, echoed};

/// A wait that is over soon, for replies that must not come.
const SHORT: Duration = Duration::from_millis(200);

/// Many at once, by all nodes and to all nodes, the own one too.
pub(super) async fn each_gets_its_own_reply(subject: &Subject) {
    let echoes: Vec<_> = subject.nodes.iter().map(echo).collect();
    let mut asking = JoinSet::new();
    for (index, from) in subject.nodes.iter().enumerate() {
        for number in 0..150 {
            let (bus, to) = (Arc::clone(from), subject.nodes[number % 3].node());
            let payload = Bytes::from(format!("{index}: {number}"));
            asking.spawn(async move {
                let reply = bus.request(to, payload.clone(), PATIENCE).await;
                (payload, reply)
            });
        }
    }
    for (payload, reply) in asking.join_all().await {
        match reply {
            Ok(reply) => assert_eq!(reply, echoed(&payload)),
            Err(error) => assert!(subject.loses && error == BusError::NoReply, "{error:?}"),
        }
    }
    echoes.iter().for_each(|echo| echo.abort());
    for echo in echoes {
        assert!(echo.await.expect_err("it was stopped").is_cancelled());
    }
}

/// A request says who asks and how long they wait, and never arrives twice.
pub(super) async fn a_request_arrives_once(subject: &Subject) {
    let [asker, asked, _] = &subject.nodes;
    let mut requests = asked.requests();
    let mut asking = JoinSet::new();
    for number in 0..200_u32 {
        let (bus, to) = (Arc::clone(asker), asked.node());
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        asking.spawn(async move { bus.request(to, payload, SHORT).await });
    }
    // Nobody replies, and some arrive after their askers have gone.
    let answers = asking.join_all().await;
    assert!(answers.iter().all(|answer| *answer == Err(BusError::NoReply)), "{answers:?}");
    let mut arrived: BTreeMap<Bytes, usize> = BTreeMap::new();
    while let Ok(Some(request)) = timeout(subject.settle, requests.next()).await {
        assert_eq!((request.from, request.within), (asker.node(), SHORT));
        *arrived.entry(request.payload).or_default() += 1;
        // Nobody waits for this any more.
        request.reply.send(Bytes::new());
    }
    assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    assert!(subject.loses || arrived.len() == 200, "{}", arrived.len());
}

/// A request that is taken and not answered, whether the reply is kept or dropped.
pub(super) async fn silence_ends_in_time(subject: &Subject) {
    let [asker, asked, _] = &subject.nodes;
    for keeps in [true, false] {
        let mut requests = asked.requests();
        let taking = tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Some(request) = requests.next().await {
                kept.push(keeps.then_some(request));
            }
        });
        let answer = asker.request(asked.node(), Bytes::from_static(b"?"), SHORT).await;
        assert_eq!(answer, Err(BusError::NoReply), "keeps: {keeps}");
        taking.abort();
    }
    // A reply that is too large is none.
    let mut requests = asked.requests();
    let taking = tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            request.reply.send(Bytes::from(vec![1; MAX_PAYLOAD_BYTES + 1]));
        }
    });
    let answer = asker.request(asked.node(), Bytes::from_static(b"?"), SHORT).await;
    assert_eq!(answer, Err(BusError::NoReply));
    taking.abort();
}

pub(super) async fn what_is_too_large_is_refused(subject: &Subject) {
    let (bus, to) = (&subject.nodes[0], subject.nodes[1].node());
    let large = Bytes::from(vec![1; MAX_PAYLOAD_BYTES + 1]);
    let long = MAX_WAIT + Duration::from_millis(1);
    for (payload, within) in [(large, SHORT), (Bytes::new(), Duration::ZERO), (Bytes::new(), long)]
    {
        let answer = bus.request(to, payload, within).await;
        assert!(matches!(answer, Err(BusError::Invalid(_))), "{answer:?} for {within:?}");
    }
}

pub(super) async fn few_wait_for_a_node_that_takes_none(subject: &Subject) {
    let [asker, asked, _] = &subject.nodes;
    let mut requests = asked.requests();
    let mut asking = JoinSet::new();
    for _ in 0..WAITING_REQUESTS + 100 {
        let (bus, to): (SharedBus, NodeId) = (Arc::clone(asker), asked.node());
        asking.spawn(async move { bus.request(to, Bytes::new(), SHORT).await });
    }
    let answers = asking.join_all().await;
    assert!(answers.iter().all(|answer| *answer == Err(BusError::NoReply)));
    tokio::time::sleep(subject.settle).await;
    let mut waiting = 0;
    while let Ok(Some(_)) = timeout(SHORT, requests.next()).await {
        waiting += 1;
    }
    assert!(waiting <= WAITING_REQUESTS, "{waiting}");
    // It goes on with what comes now.
    let taking = echo(asked);
    let answer = asker.request(asked.node(), Bytes::from_static(b"!"), PATIENCE).await;
    assert!(subject.loses || answer == Ok(echoed(&Bytes::from_static(b"!"))), "{answer:?}");
    taking.abort();
}

pub(super) async fn a_node_that_is_gone(subject: &Subject) {
    let [asker, asked, _] = &subject.nodes;
    drop(asked.requests());
    for to in [asked.node(), NodeId::from_random(4_711)] {
        let answer = asker.request(to, Bytes::new(), SHORT).await;
        let gone = [Err(BusError::NoNode(to)), Err(BusError::NoReply)];
        assert!(gone.contains(&answer), "{answer:?}");
    }
}
