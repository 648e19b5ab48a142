//! The suite of the bus port.
//!
//! Every bus runs [`suite`] with three nodes that nothing is cut off from. What it asks for holds on buses
//! that double, delay and reorder; a [`Subject`] says whether this one loses too.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::bus::{Heard, SharedBus, Subscription, Topic};
use tokio::time::timeout;

pub mod faulty;
pub mod memory;
mod messages;
mod requests;

/// How long anything may take that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A bus under test.
pub struct Subject {
    /// Three nodes.
    pub nodes: [SharedBus; 3],
    /// After this long nothing is on its way any more.
    pub settle: Duration,
    /// Messages and requests get lost although everything fits. Then what has to arrive is not looked
    /// at, only what must not.
    pub loses: bool,
}

/// Runs everything.
///
/// # Panics
///
/// When the bus does not do what the port says.
pub async fn suite(subject: Subject) {
    messages::those_who_asked_hear(&subject).await;
    messages::nothing_is_heard_without_a_topic(&subject).await;
    messages::a_slow_subscriber_hears_of_a_gap(&subject).await;
    messages::many_bytes_wait_for_nobody(&subject).await;
    messages::what_is_too_large_is_refused(&subject).await;
    requests::each_gets_its_own_reply(&subject).await;
    requests::a_request_arrives_once(&subject).await;
    requests::silence_ends_in_time(&subject).await;
    requests::what_is_too_large_is_refused(&subject).await;
    requests::few_wait_for_a_node_that_takes_none(&subject).await;
    requests::a_node_that_is_gone(&subject).await;
}

fn topic(name: &str) -> Topic {
    Topic::new(name).expect("a topic")
}

/// What a subscription hears until it has heard so many different payloads, or nothing comes any more:
/// how often each came, and how many gaps.
#[derive(Debug, Default)]
struct Collected {
    payloads: BTreeMap<Bytes, usize>,
    gaps: usize,
}

async fn collect(subject: &Subject, heard: &mut dyn Subscription, count: usize) -> Collected {
    let patience = if subject.loses { subject.settle } else { PATIENCE };
    let mut collected = Collected::default();
    while collected.payloads.len() < count {
        match timeout(patience, heard.next()).await {
            Ok(heard) => collected.note(heard.expect("the bus goes on")),
            Err(_) if subject.loses => break,
            Err(_) => panic!("only {collected:?} of {count}"),
        }
    }
    collected.rest(subject, heard).await
}

impl Collected {
    fn note(&mut self, heard: Heard) {
        match heard {
            Heard::Message { payload, .. } => *self.payloads.entry(payload).or_default() += 1,
            Heard::Gap => self.gaps += 1,
        }
    }

    /// Hears what is still on its way.
    async fn rest(mut self, subject: &Subject, heard: &mut dyn Subscription) -> Self {
        while let Ok(Some(more)) = timeout(subject.settle, heard.next()).await {
            self.note(more);
        }
        self
    }
}

/// Answers every request of a node with the request's payload and a mark.
fn echo(bus: &SharedBus) -> tokio::task::JoinHandle<()> {
    let mut requests = Arc::clone(bus).requests();
    tokio::spawn(async move {
        while let Some(request) = requests.next().await {
            request.reply.send(echoed(&request.payload));
        }
    })
}

fn echoed(payload: &Bytes) -> Bytes {
    [b"echo ", &payload[..]].concat().into()
}
