//! The bus as core uses it: publishing never waits, and what comes in comes in one place.

use std::{collections::BTreeSet, sync::Mutex, time::Duration};

use bytes::Bytes;
use caffis_schema::{RoomId, UserId};
use tokio::sync::{mpsc, oneshot};

use crate::{
    ports::bus::{BusError, Heard, NodeId, Request, Requests, SharedBus, Subscription, Topic},
    sync::{lock, spawn},
};

/// Messages that wait to be handed to the bus; further ones are lost, as messages may be.
const OUTGOING_MESSAGES: usize = 16_384;

/// How long a subscription that failed waits to be tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What a node may subscribe to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// A room, for the nodes where it is open or where members of it are connected.
    Room(RoomId),
    /// A person, for the nodes where they are connected.
    Person(UserId),
    /// All nodes.
    Everyone,
}

impl Subject {
    fn topic(&self) -> Option<Topic> {
        let name = match self {
            Self::Room(room) => format!("room/{room}"),
            Self::Person(user) => format!("person/{user}"),
            Self::Everyone => "everyone".to_owned(),
        };
        Topic::new(&name).ok()
    }
}

/// Changes that are made at once.
const CHANGES_AT_ONCE: usize = 256;

/// A change of what the node is subscribed to.
#[derive(Debug)]
enum Change {
    Add(Vec<Topic>, oneshot::Sender<()>),
    Remove(Topic),
}

/// What reaches this node.
pub(crate) enum Arrival {
    /// News of another node.
    News(Bytes),
    /// A question to this node.
    Question(Request),
    /// News may be missing: whoever follows something has to ask where it stands.
    Missed,
}

/// This node's end of the bus.
pub(crate) struct Wire {
    bus: SharedBus,
    outgoing: mpsc::Sender<(Topic, Bytes)>,
    changes: mpsc::UnboundedSender<Change>,
    inlet: Mutex<Option<Inlet>>,
}

/// Where what reaches this node comes out. Owned by the one task that takes it in.
pub(crate) struct Inlet {
    node: NodeId,
    subscription: Box<dyn Subscription>,
    requests: Box<dyn Requests>,
    changes: mpsc::UnboundedReceiver<Change>,
    /// What could not be subscribed to yet.
    failed: BTreeSet<Topic>,
}

impl Wire {
    /// Connects; what is published waits in a queue of its own, in order.
    pub(crate) fn new(bus: SharedBus) -> Self {
        let (outgoing, mut waiting) = mpsc::channel::<(Topic, Bytes)>(OUTGOING_MESSAGES);
        let (changes, changed) = mpsc::unbounded_channel();
        let inlet = Inlet {
            node: bus.node(),
            subscription: bus.subscribe(),
            requests: bus.requests(),
            changes: changed,
            failed: BTreeSet::new(),
        };
        let out = bus.clone();
        spawn(async move {
            while let Some((topic, payload)) = waiting.recv().await {
                if let Err(error) = out.publish(topic, payload).await {
                    tracing::debug!(%error, "news for the other nodes is lost");
                }
            }
        });
        Self { bus, outgoing, changes, inlet: Mutex::new(Some(inlet)) }
    }

    /// This node.
    pub(crate) fn node(&self) -> NodeId {
        self.bus.node()
    }

    /// What reaches this node; none for all but the first caller.
    pub(crate) fn inlet(&self) -> Option<Inlet> {
        lock(&self.inlet).take()
    }

    /// Sends news to all nodes that are subscribed.
    pub(crate) fn publish(&self, subject: &Subject, news: Bytes) {
        if let Some(topic) = subject.topic()
            && self.outgoing.try_send((topic, news)).is_err()
        {
            tracing::warn!("too much news waits for the bus; some is lost");
        }
    }

    /// Subscribes. What is published after this has resolved reaches this node, unless the bus cannot be
    /// reached: then it is tried again, and [`Arrival::Missed`] follows.
    pub(crate) async fn subscribe(&self, subjects: &[Subject]) {
        let topics = subjects.iter().filter_map(Subject::topic).collect();
        let (done, subscribed) = oneshot::channel();
        // Without anyone to take things in, core has ended.
        let _ = self.changes.send(Change::Add(topics, done));
        let _ = subscribed.await;
    }

    /// Ends a subscription. What is on its way may still come in.
    pub(crate) fn unsubscribe(&self, subject: &Subject) {
        if let Some(topic) = subject.topic() {
            let _ = self.changes.send(Change::Remove(topic));
        }
    }

    /// Asks another node.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn ask(
        &self,
        node: NodeId,
        question: Bytes,
        within: Duration,
    ) -> Result<Bytes, BusError> {
        self.bus.request(node, question, within).await
    }
}

impl Inlet {
    /// What comes next; none when the bus has ended. Changes of the subscription are made meanwhile.
    pub(crate) async fn next(&mut self) -> Option<Arrival> {
        loop {
            tokio::select! {
                biased;
                change = self.changes.recv() => self.change(change?).await,
                request = self.requests.next() => return request.map(Arrival::Question),
                heard = self.subscription.next() => match heard? {
                    Heard::Message { from, .. } if from == self.node => {}
                    Heard::Message { payload, .. } => return Some(Arrival::News(payload)),
                    Heard::Gap => return Some(Arrival::Missed),
                },
                () = tokio::time::sleep(RETRY), if !self.failed.is_empty() => {
                    let topics: Vec<_> = self.failed.iter().cloned().collect();
                    if self.subscription.add(&topics).await.is_ok() {
                        self.failed.clear();
                        return Some(Arrival::Missed);
                    }
                }
            }
        }
    }

    /// Makes a change, and with it those of the same kind that wait behind it: nothing else is taken in until the bus
    /// has answered, so a crowd that comes at once costs few round trips.
    async fn change(&mut self, first: Change) {
        let mut change = Some(first);
        while let Some(one) = change.take() {
            match one {
                Change::Add(mut topics, done) => {
                    let mut waiting = vec![done];
                    while waiting.len() < CHANGES_AT_ONCE && change.is_none() {
                        match self.changes.try_recv() {
                            Ok(Change::Add(more, done)) => {
                                topics.extend(more);
                                waiting.push(done);
                            }
                            Ok(other) => change = Some(other),
                            Err(_) => break,
                        }
                    }
                    if self.subscription.add(&topics).await.is_err() {
                        self.failed.extend(topics);
                    }
                    // Whoever waited may be gone.
                    waiting.into_iter().for_each(|done| _ = done.send(()));
                }
                Change::Remove(topic) => {
                    let mut topics = vec![topic];
                    while topics.len() < CHANGES_AT_ONCE && change.is_none() {
                        match self.changes.try_recv() {
                            Ok(Change::Remove(topic)) => topics.push(topic),
                            Ok(other) => change = Some(other),
                            Err(_) => break,
                        }
                    }
                    topics.iter().for_each(|topic| _ = self.failed.remove(topic));
                    // What still comes in of these is dropped where it arrives.
                    let _ = self.subscription.remove(&topics).await;
                }
            }
        }
    }
}
