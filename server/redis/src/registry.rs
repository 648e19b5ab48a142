//! Who on this node listens to which channel, and through which connection.
//!
//! A channel is heard through one connection at a time, named by its [`Via`]: what comes through another is
//! dropped. So nothing arrives twice while a channel moves from one server of a cluster to another, or from
//! a lost connection to its successor.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use caffis_core::ports::bus::{Heard, SUBSCRIBER_BYTES, SUBSCRIBER_MESSAGES, Topic};
use tokio::sync::watch;

use crate::{frame::Frame, names::Channel, queue::Queue};

/// A connection that hears. No two have the same number.
pub(crate) type Via = u64;

/// What waits for a subscriber.
pub(crate) type Waiting = Arc<Queue<Heard>>;

/// What is listened to. See the module's documentation.
pub(crate) struct Registry {
    state: Mutex<State>,
    /// Marks each change that somebody may wait for.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    channels: BTreeMap<Channel, Entry>,
    /// Those that no connection hears.
    unheard: BTreeSet<Channel>,
    /// Those that a connection hears for nobody.
    idle: BTreeSet<Channel>,
    subscribers: BTreeMap<u64, Waiting>,
    last_subscriber: u64,
    last_via: Via,
}

struct Entry {
    to: To,
    via: Option<Via>,
    /// A connection heard it before: messages may be missing.
    lost: bool,
}

enum To {
    /// This node itself.
    Node,
    /// The subscribers to a topic.
    Topic(Topic, BTreeSet<u64>),
}

impl Entry {
    fn is_idle(&self) -> bool {
        matches!(&self.to, To::Topic(_, subscribers) if subscribers.is_empty())
    }

    /// Nobody hears it any more through its connection.
    fn lose(&mut self) {
        self.via = None;
        self.lost = true;
    }
}

impl Registry {
    /// Nothing is listened to but the channel of this node.
    pub(crate) fn new(node: Channel) -> Self {
        let mut state = State::default();
        state.unheard.insert(node.clone());
        state.channels.insert(node, Entry { to: To::Node, via: None, lost: false });
        Self { state: Mutex::new(state), changed: watch::Sender::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks each change of what is heard, and of the connections.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Marks a change.
    pub(crate) fn change(&self) {
        self.changed.send_replace(());
    }

    /// A number for a new connection.
    pub(crate) fn next_via(&self) -> Via {
        let mut state = self.lock();
        state.last_via += 1;
        state.last_via
    }

    /// A new subscriber, without topics.
    pub(crate) fn subscriber(&self) -> (u64, Waiting) {
        let queue = Arc::new(Queue::new(SUBSCRIBER_MESSAGES, SUBSCRIBER_BYTES));
        let mut state = self.lock();
        state.last_subscriber += 1;
        let id = state.last_subscriber;
        state.subscribers.insert(id, queue.clone());
        (id, queue)
    }

    /// A subscriber wants to hear a topic.
    pub(crate) fn want(&self, subscriber: u64, channel: &Channel, topic: &Topic) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.idle.remove(channel);
        let entry = state.channels.entry(channel.clone()).or_insert_with(|| {
            state.unheard.insert(channel.clone());
            let to = To::Topic(topic.clone(), BTreeSet::new());
            Entry { to, via: None, lost: false }
        });
        if let To::Topic(_, subscribers) = &mut entry.to {
            subscribers.insert(subscriber);
        }
    }

    /// A subscriber no longer wants to hear a channel.
    pub(crate) fn unwant(&self, subscriber: u64, channel: &Channel) {
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(entry) = state.channels.get_mut(channel) else { return };
        if let To::Topic(_, subscribers) = &mut entry.to {
            subscribers.remove(&subscriber);
        }
        if !entry.is_idle() {
            return;
        }
        if entry.via.is_some() {
            state.idle.insert(channel.clone());
        } else {
            state.channels.remove(channel);
            state.unheard.remove(channel);
        }
    }

    /// A subscriber has gone, and wants none of its channels.
    pub(crate) fn forget<'a>(
        &self,
        subscriber: u64,
        channels: impl IntoIterator<Item = &'a Channel>,
    ) {
        channels.into_iter().for_each(|channel| self.unwant(subscriber, channel));
        self.lock().subscribers.remove(&subscriber);
    }

    /// Whether a channel is heard.
    pub(crate) fn is_heard(&self, channel: &str) -> bool {
        self.lock().channels.get(channel).is_some_and(|entry| entry.via.is_some())
    }

    /// Whether a channel is wanted and heard through this connection.
    pub(crate) fn hears(&self, via: Via, channel: &str) -> bool {
        self.lock().channels.get(channel).is_some_and(|entry| entry.via == Some(via))
    }

    /// Channels that no connection hears, of those for which this holds; so many at most.
    pub(crate) fn unheard(&self, owns: impl Fn(&str) -> bool, most: usize) -> Vec<Channel> {
        let state = self.lock();
        state.unheard.iter().filter(|channel| owns(channel)).take(most).cloned().collect()
    }

    /// From now on these are heard through this connection. Returns those that nobody wants any more.
    pub(crate) fn heard(&self, via: Via, channels: &[Channel]) -> Vec<Channel> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let (mut strays, mut missed) = (Vec::new(), BTreeSet::new());
        for channel in channels {
            let Some(entry) = state.channels.get_mut(channel) else {
                strays.push(channel.clone());
                continue;
            };
            state.unheard.remove(channel);
            entry.via = Some(via);
            if std::mem::take(&mut entry.lost)
                && let To::Topic(_, subscribers) = &entry.to
            {
                missed.extend(subscribers.iter().copied());
            }
        }
        for subscriber in missed {
            if let Some(queue) = state.subscribers.get(&subscriber) {
                queue.mark(Heard::Gap);
            }
        }
        drop(guard);
        self.change();
        strays
    }

    /// Takes channels that this connection hears for nobody; so many at most.
    pub(crate) fn take_idle(&self, via: Via, most: usize) -> Vec<Channel> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let through = |channel: &&Channel| {
            state.channels.get(*channel).is_some_and(|entry| entry.via == Some(via))
        };
        let idle: Vec<_> = state.idle.iter().filter(through).take(most).cloned().collect();
        for channel in &idle {
            state.idle.remove(channel);
            state.channels.remove(channel);
        }
        idle
    }

    /// Of what this connection hears, takes the channels away for which this does not hold.
    pub(crate) fn take_from(&self, via: Via, owns: impl Fn(&str) -> bool) -> Vec<Channel> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut taken = Vec::new();
        for (channel, entry) in &mut state.channels {
            if entry.via == Some(via) && !owns(channel) {
                entry.lose();
                taken.push(channel.clone());
            }
        }
        state.unheard.extend(taken.iter().cloned());
        state.drop_idle(&taken);
        taken
    }

    /// A connection has been lost.
    pub(crate) fn lost(&self, via: Via) {
        self.take_from(via, |_| false);
        self.change();
    }

    /// Gives what came through a connection to those who listen. Returns it if it is for this node itself.
    pub(crate) fn deliver(&self, via: Via, channel: &str, frame: Frame) -> Option<Frame> {
        let state = self.lock();
        let entry = state.channels.get(channel).filter(|entry| entry.via == Some(via))?;
        let To::Topic(topic, subscribers) = &entry.to else { return Some(frame) };
        let Frame::Message { from, payload } = frame else { return None };
        for queue in subscribers.iter().filter_map(|id| state.subscribers.get(id)) {
            let (topic, payload) = (topic.clone(), payload.clone());
            let bytes = payload.len();
            if !queue.push(Heard::Message { from, topic, payload }, bytes) {
                queue.mark(Heard::Gap);
            }
        }
        None
    }

    /// The bus has ended: so do the queues of all subscribers.
    pub(crate) fn close(&self) {
        self.lock().subscribers.values().for_each(|queue| queue.close());
        self.change();
    }
}

impl State {
    /// Forgets those of these channels that nobody wants.
    fn drop_idle(&mut self, channels: &[Channel]) {
        for channel in channels.iter().filter(|channel| self.idle.remove(*channel)) {
            self.channels.remove(channel);
            self.unheard.remove(channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use caffis_core::ports::bus::NodeId;

    use super::*;

    const FROM: NodeId = NodeId::from_random(9);

    fn registry() -> Registry {
        Registry::new("node".into())
    }

    fn say(words: &'static str) -> Frame {
        Frame::Message { from: FROM, payload: Bytes::from_static(words.as_bytes()) }
    }

    fn want(registry: &Registry, subscriber: u64, name: &str) -> Channel {
        let channel: Channel = name.into();
        registry.want(subscriber, &channel, &Topic::new(name).unwrap());
        channel
    }

    fn all(registry: &Registry) -> Vec<Channel> {
        registry.unheard(|_| true, 100)
    }

    async fn words(queue: &Waiting) -> Vec<String> {
        queue.push(Heard::Gap, 0);
        let mut words = Vec::new();
        loop {
            match queue.next().await {
                Some(Heard::Message { payload, .. }) => {
                    words.push(String::from_utf8(payload.to_vec()).unwrap());
                }
                _ => return words,
            }
        }
    }

    #[tokio::test]
    async fn a_channel_is_heard_through_one_connection() {
        let registry = registry();
        let (first, second) = (registry.next_via(), registry.next_via());
        let (id, queue) = registry.subscriber();
        let room = want(&registry, id, "room");
        assert_eq!(all(&registry), ["node".into(), room.clone()]);
        registry.deliver(first, "room", say("too early"));
        assert!(registry.heard(first, &all(&registry)).is_empty());
        assert!(registry.is_heard("room") && registry.hears(first, "room"));
        registry.deliver(first, "room", say("one"));
        registry.deliver(second, "room", say("from elsewhere"));
        assert_eq!(words(&queue).await, ["one"]);
        // For this node itself.
        let reply = Frame::Reply { from: FROM, number: 1, payload: Bytes::new() };
        assert_eq!(registry.deliver(first, "node", reply.clone()), Some(reply.clone()));
        assert_eq!(registry.deliver(first, "room", reply), None);
        // The connection is lost, and another takes its place.
        registry.lost(first);
        assert!(!registry.is_heard("room"));
        registry.deliver(first, "room", say("a late one"));
        registry.heard(second, &all(&registry));
        registry.deliver(second, "room", say("two"));
        assert_eq!(queue.next().await, Some(Heard::Gap));
        assert_eq!(words(&queue).await, ["two"]);
    }

    #[tokio::test]
    async fn what_nobody_wants_is_given_up() {
        let registry = registry();
        let via = registry.next_via();
        let ((one, _), (two, _)) = (registry.subscriber(), registry.subscriber());
        let room = want(&registry, one, "room");
        want(&registry, two, "room");
        registry.heard(via, &all(&registry));
        registry.unwant(one, &room);
        assert!(registry.take_idle(via, 9).is_empty(), "the other still wants it");
        registry.forget(two, [&room]);
        assert!(registry.take_idle(via + 1, 9).is_empty(), "another connection");
        // Wanted again before it was given up.
        want(&registry, one, "room");
        assert!(registry.take_idle(via, 9).is_empty());
        registry.unwant(one, &room);
        assert_eq!(registry.take_idle(via, 9), std::slice::from_ref(&room));
        assert!(!registry.is_heard("room"));
        // Given up before it was heard.
        want(&registry, one, "room");
        registry.unwant(one, &room);
        assert!(all(&registry).is_empty());
        assert_eq!(registry.heard(via, std::slice::from_ref(&room)), [room]);
    }

    #[tokio::test]
    async fn a_channel_moves_to_another_connection() {
        let registry = registry();
        let (first, second) = (registry.next_via(), registry.next_via());
        let (id, queue) = registry.subscriber();
        want(&registry, id, "stays");
        let moves = want(&registry, id, "moves");
        let idle = want(&registry, id, "idle");
        registry.heard(first, &all(&registry));
        registry.unwant(id, &idle);
        let taken = registry.take_from(first, |channel| channel == "stays" || channel == "node");
        assert_eq!(taken, [idle, moves.clone()]);
        assert_eq!(all(&registry), std::slice::from_ref(&moves));
        registry.heard(second, &[moves]);
        assert_eq!(queue.next().await, Some(Heard::Gap));
        registry.deliver(first, "stays", say("1"));
        registry.deliver(second, "moves", say("2"));
        assert_eq!(words(&queue).await, ["1", "2"]);
        registry.close();
        assert_eq!(queue.next().await, None);
    }
}
