//! Published messages.

use std::time::Duration;

use bytes::Bytes;
use caffis_core::ports::bus::{
    BusError, Heard, MAX_PAYLOAD_BYTES, MAX_TOPIC_BYTES, SUBSCRIBER_BYTES, SUBSCRIBER_MESSAGES,
    Topic,
};
use tokio::time::timeout;

use super::{Collected, PATIENCE, Subject, collect, topic};

fn payload(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Every node hears what is published on its topics, by whomever, as it was published.
pub(super) async fn those_who_asked_hear(subject: &Subject) {
    let mut subscriptions = Vec::new();
    for bus in &subject.nodes {
        let mut subscription = bus.subscribe();
        subscription.add(&[topic("first"), topic("è 🙂")]).await.expect("added");
        subscriptions.push(subscription);
    }
    let mut expected = vec![Bytes::new(), Bytes::from(vec![0xff; MAX_PAYLOAD_BYTES])];
    for (index, bus) in subject.nodes.iter().enumerate() {
        for number in 0..20 {
            expected.push(payload(&format!("{index}: {number}")));
            let on = topic(if number % 2 == 0 { "first" } else { "è 🙂" });
            bus.publish(on, expected.last().expect("one").clone()).await.expect("published");
        }
    }
    for large in &expected[..2] {
        subject.nodes[0].publish(topic("first"), large.clone()).await.expect("published");
    }
    for subscription in &mut subscriptions {
        let heard = collect(subject, &mut **subscription, expected.len()).await;
        assert!(heard.payloads.keys().all(|payload| expected.contains(payload)), "{heard:?}");
        if !subject.loses {
            assert_eq!((heard.payloads.len(), heard.gaps), (expected.len(), 0));
        }
    }
    // Who published it, and on what.
    let mut subscription = subject.nodes[1].subscribe();
    subscription.add(&[topic("named")]).await.expect("added");
    subject.nodes[2].publish(topic("named"), payload("hers")).await.expect("published");
    let patience = if subject.loses { subject.settle } else { PATIENCE };
    match timeout(patience, subscription.next()).await {
        Ok(heard) => {
            let from = subject.nodes[2].node();
            let message = Heard::Message { from, topic: topic("named"), payload: payload("hers") };
            assert_eq!(heard, Some(message));
        }
        Err(_) => assert!(subject.loses, "nothing came"),
    }
}

pub(super) async fn nothing_is_heard_without_a_topic(subject: &Subject) {
    let [publisher, other, _] = &subject.nodes;
    let mut subscription = other.subscribe();
    let say = async |on: &str, words: &str| {
        publisher.publish(topic(on), payload(words)).await.expect("published");
    };
    say("alone", "before").await;
    tokio::time::sleep(subject.settle).await;
    subscription.add(&[topic("alone"), topic("kept"), topic("alone")]).await.expect("added");
    say("alone", "1").await;
    say("al", "a part of the name").await;
    say("alone ", "more than the name").await;
    say("kept", "2").await;
    let heard = collect(subject, &mut *subscription, 2).await;
    let words = [payload("1"), payload("2")];
    assert!(heard.payloads.keys().all(|payload| words.contains(payload)), "{heard:?}");
    subscription.remove(&[topic("alone"), topic("never added")]).await.expect("removed");
    say("alone", "after").await;
    say("kept", "3").await;
    let heard = collect(subject, &mut *subscription, 1).await;
    assert!(heard.payloads.keys().all(|words| *words == payload("3")), "{heard:?}");
    // Another subscription of the same node has its own topics.
    let mut second = other.subscribe();
    second.add(&[topic("alone")]).await.expect("added");
    drop(subscription);
    say("alone", "4").await;
    let heard = collect(subject, &mut *second, 1).await;
    assert!(heard.payloads.keys().all(|words| *words == payload("4")), "{heard:?}");
}

/// Who does not take what comes costs bounded memory, is told, and goes on afterwards.
pub(super) async fn a_slow_subscriber_hears_of_a_gap(subject: &Subject) {
    let [publisher, other, _] = &subject.nodes;
    let mut slow = other.subscribe();
    slow.add(&[topic("much")]).await.expect("added");
    let count = 2 * SUBSCRIBER_MESSAGES;
    for number in 0..count {
        let words = payload(&number.to_string());
        publisher.publish(topic("much"), words).await.expect("nobody waits for the slow one");
    }
    tokio::time::sleep(subject.settle).await;
    let heard = Collected::default().rest(subject, &mut *slow).await;
    assert!(heard.payloads.len() <= SUBSCRIBER_MESSAGES + 1, "{}", heard.payloads.len());
    assert!(heard.gaps >= 1, "a gap is told");
    publisher.publish(topic("much"), payload("and on")).await.expect("published");
    let heard = collect(subject, &mut *slow, 1).await;
    assert_eq!(heard.gaps, 0);
    assert!(subject.loses || heard.payloads.contains_key(&payload("and on")));
}

pub(super) async fn many_bytes_wait_for_nobody(subject: &Subject) {
    let [publisher, other, _] = &subject.nodes;
    let mut slow = other.subscribe();
    slow.add(&[topic("large")]).await.expect("added");
    let fit = SUBSCRIBER_BYTES / MAX_PAYLOAD_BYTES;
    for number in 0..2 * fit {
        let words = Bytes::from(vec![u8::try_from(number).expect("few"); MAX_PAYLOAD_BYTES]);
        publisher.publish(topic("large"), words).await.expect("published");
    }
    tokio::time::sleep(subject.settle).await;
    let heard = Collected::default().rest(subject, &mut *slow).await;
    assert!(heard.payloads.len() <= fit + 1, "{}", heard.payloads.len());
    assert!(heard.gaps >= 1, "a gap is told");
}

pub(super) async fn what_is_too_large_is_refused(subject: &Subject) {
    let bus = &subject.nodes[0];
    let large = Bytes::from(vec![1; MAX_PAYLOAD_BYTES + 1]);
    let answer = bus.publish(topic("first"), large).await;
    assert!(matches!(answer, Err(BusError::Invalid(_))), "{answer:?}");
    assert!(Topic::new(&"t".repeat(MAX_TOPIC_BYTES)).is_ok());
    for name in ["", &"t".repeat(MAX_TOPIC_BYTES + 1)] {
        assert!(matches!(Topic::new(name), Err(BusError::Invalid(_))), "{name:?}");
    }
    let quiet = Duration::ZERO;
    let mut subscription = bus.subscribe();
    assert!(timeout(quiet, subscription.next()).await.is_err(), "nothing comes without a topic");
}
