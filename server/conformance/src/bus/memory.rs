//! A bus between nodes of one process. It loses nothing but what does not fit, and keeps the order.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use caffis_core::ports::bus::{
    Bus, BusError, BusFuture, Heard, NextFuture, NodeId, Reply, Request, Requests,
    SUBSCRIBER_BYTES, SUBSCRIBER_MESSAGES, Subscription, Topic, WAITING_REQUESTS, check_payload,
    check_request, check_topics,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

/// What the nodes are connected to.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Where the requests to each node go.
    nodes: BTreeMap<NodeId, mpsc::Sender<Request>>,
    subscribers: BTreeMap<u64, Arc<Queue>>,
    topics: BTreeMap<Topic, BTreeSet<u64>>,
    last_subscriber: u64,
}

impl Network {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node's connection.
    #[must_use]
    pub fn node(&self, node: NodeId) -> MemoryBus {
        MemoryBus { network: self.clone(), node }
    }
}

/// A node's connection to a [`Network`]. Dropped, it takes no more requests.
pub struct MemoryBus {
    network: Network,
    node: NodeId,
}

impl Drop for MemoryBus {
    fn drop(&mut self) {
        self.network.lock().nodes.remove(&self.node);
    }
}

impl Bus for MemoryBus {
    fn node(&self) -> NodeId {
        self.node
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        Box::pin(async move {
            check_payload(&payload)?;
            let state = self.network.lock();
            for id in state.topics.get(&topic).into_iter().flatten() {
                let (topic, payload) = (topic.clone(), payload.clone());
                state.subscribers[id].push(Heard::Message { from: self.node, topic, payload });
            }
            Ok(())
        })
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        let queue = Arc::new(Queue::default());
        let mut state = self.network.lock();
        state.last_subscriber += 1;
        let id = state.last_subscriber;
        state.subscribers.insert(id, Arc::clone(&queue));
        drop(state);
        Box::new(Subscriber { network: self.network.clone(), id, topics: BTreeSet::new(), queue })
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        Box::pin(async move {
            check_request(&payload, within)?;
            let (answer, answered) = oneshot::channel();
            let reply = Reply::new(move |payload| {
                // Whoever asked may have gone.
                let _ = answer.send(payload);
            });
            let request = Request { from: self.node, payload, within, reply };
            let node = self.network.lock().nodes.get(&to).cloned();
            let node = node.filter(|node| !node.is_closed()).ok_or(BusError::NoNode(to))?;
            // What does not fit is lost, like all that nobody answers.
            let _ = node.try_send(request);
            let waiting = async {
                match answered.await {
                    Ok(payload) => payload,
                    Err(_) => std::future::pending().await,
                }
            };
            timeout(within, waiting).await.map_err(|_| BusError::NoReply)
        })
    }

    fn requests(&self) -> Box<dyn Requests> {
        let (sender, receiver) = mpsc::channel(WAITING_REQUESTS);
        self.network.lock().nodes.insert(self.node, sender);
        Box::new(Inbox(receiver))
    }
}

struct Inbox(mpsc::Receiver<Request>);

impl Requests for Inbox {
    fn next(&mut self) -> NextFuture<'_, Request> {
        Box::pin(self.0.recv())
    }
}

/// What waits for a subscriber.
#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Heard>,
    bytes: usize,
}

fn bytes(heard: &Heard) -> usize {
    match heard {
        Heard::Message { payload, .. } => payload.len(),
        Heard::Gap => 0,
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, or a gap in its place.
    fn push(&self, message: Heard) {
        let mut waiting = self.lock();
        let fits = waiting.messages.len() < SUBSCRIBER_MESSAGES
            && waiting.bytes + bytes(&message) <= SUBSCRIBER_BYTES;
        if fits {
            waiting.bytes += bytes(&message);
            waiting.messages.push_back(message);
        } else if waiting.messages.back() != Some(&Heard::Gap) {
            waiting.messages.push_back(Heard::Gap);
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    fn pop(&self) -> Option<Heard> {
        let mut waiting = self.lock();
        let first = waiting.messages.pop_front()?;
        waiting.bytes -= bytes(&first);
        Some(first)
    }
}

struct Subscriber {
    network: Network,
    id: u64,
    topics: BTreeSet<Topic>,
    queue: Arc<Queue>,
}

impl Subscriber {
    fn forget(state: &mut State, topic: &Topic, id: u64) {
        if let Some(subscribers) = state.topics.get_mut(topic) {
            subscribers.remove(&id);
            if subscribers.is_empty() {
                state.topics.remove(topic);
            }
        }
    }
}

impl Subscription for Subscriber {
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        Box::pin(async move {
            let new: BTreeSet<_> = topics.iter().filter(|t| !self.topics.contains(t)).collect();
            check_topics(self.topics.len() + new.len())?;
            let mut state = self.network.lock();
            for topic in new {
                state.topics.entry(topic.clone()).or_default().insert(self.id);
                self.topics.insert(topic.clone());
            }
            Ok(())
        })
    }

    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        Box::pin(async move {
            let mut state = self.network.lock();
            for topic in topics {
                Self::forget(&mut state, topic, self.id);
                self.topics.remove(topic);
            }
            Ok(())
        })
    }

    fn next(&mut self) -> NextFuture<'_, Heard> {
        Box::pin(async move {
            loop {
                let arrived = self.queue.arrived.notified();
                if let Some(heard) = self.queue.pop() {
                    return Some(heard);
                }
                arrived.await;
            }
        })
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut state = self.network.lock();
        state.subscribers.remove(&self.id);
        for topic in &self.topics {
            Self::forget(&mut state, topic, self.id);
        }
    }
}
