//! A bus that does to messages and requests whatever the port allows: it loses, doubles, delays and
//! reorders, and cuts nodes off from each other. Everything follows from a seed; under tokio's paused time
//! a run repeats exactly.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use caffis_core::ports::bus::{
    Bus, BusError, BusFuture, Heard, NextFuture, NodeId, Requests, Subscription, Topic,
    check_payload, check_request,
};
use tokio::time::{Instant, sleep, sleep_until};

use crate::random::Random;

/// What goes wrong. By default nothing does.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Of a thousand messages, how many a subscriber does not hear.
    pub lost: u16,
    /// Of a thousand messages, how many a subscriber hears twice.
    pub doubled: u16,
    /// Of a thousand requests, how many do not arrive.
    pub lost_requests: u16,
    /// Of a thousand replies, how many do not arrive.
    pub lost_replies: u16,
    /// The longest delay of a message or a request; they overtake each other.
    pub delay: Duration,
}

struct State {
    random: Random,
    plan: Plan,
    /// From whom nothing reaches whom.
    cuts: BTreeSet<(NodeId, NodeId)>,
    /// Messages of topics that begin like this are lost.
    lost_topics: Vec<String>,
    /// Messages of topics that begin like this come so much later.
    late_topics: Vec<(String, Duration)>,
}

impl State {
    fn pause(&mut self) -> Duration {
        let micros = usize::try_from(self.plan.delay.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.random.below(micros.saturating_add(1)) as u64)
    }
}

/// Controls what goes wrong between all nodes that share it.
#[derive(Clone)]
pub struct BusFaults(Arc<Mutex<State>>);

impl BusFaults {
    /// Faults that follow from a seed.
    #[must_use]
    pub fn new(seed: u64, plan: Plan) -> Self {
        let cuts = BTreeSet::new();
        let (random, lost_topics, late_topics) = (Random::new(seed), Vec::new(), Vec::new());
        Self(Arc::new(Mutex::new(State { random, plan, cuts, lost_topics, late_topics })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the plan.
    pub fn set_plan(&self, plan: Plan) {
        self.lock().plan = plan;
    }

    /// From now on messages of topics that begin with one of these are lost, and no others because of
    /// earlier calls.
    pub fn lose_topics(&self, beginnings: &[&str]) {
        let beginnings = beginnings.iter().map(|beginning| (*beginning).to_owned());
        self.lock().lost_topics = beginnings.collect();
    }

    /// From now on messages of topics that begin like this come so much later, after others that were
    /// published after them.
    pub fn delay_topics(&self, beginning: &str, late: Duration) {
        self.lock().late_topics.push((beginning.to_owned(), late));
    }

    /// From now on nothing from one node reaches another; the other direction is left as it is.
    pub fn cut(&self, from: NodeId, to: NodeId) {
        self.lock().cuts.insert((from, to));
    }

    /// Nothing reaches a node from the others, or them from it.
    pub fn isolate(&self, node: NodeId, others: &[NodeId]) {
        for other in others.iter().filter(|other| **other != node) {
            self.cut(node, *other);
            self.cut(*other, node);
        }
    }

    /// All nodes reach each other again.
    pub fn heal(&self) {
        self.lock().cuts.clear();
    }

    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.lock().cuts.contains(&(from, to))
    }

    /// When a message arrives at a node, as often as it does.
    fn arrivals(&self, from: NodeId, to: NodeId, topic: &Topic) -> Vec<Instant> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let (lost, doubled) = (state.plan.lost, state.plan.doubled);
        let on_lost_topic =
            state.lost_topics.iter().any(|beginning| topic.as_str().starts_with(&**beginning));
        if state.cuts.contains(&(from, to)) || on_lost_topic || state.random.chance(lost) {
            return Vec::new();
        }
        let late = state.late_topics.iter().find(|(start, _)| topic.as_str().starts_with(&**start));
        let late = late.map(|(_, late)| *late).unwrap_or_default();
        let copies = 1 + usize::from(state.random.chance(doubled));
        (0..copies).map(|_| Instant::now() + late + state.pause()).collect()
    }

    /// How late a request is, unless it is lost.
    fn departs(&self) -> Option<Duration> {
        let mut state = self.lock();
        let lost = state.plan.lost_requests;
        if state.random.chance(lost) {
            return None;
        }
        Some(state.pause())
    }

    /// How late its reply is, unless it is lost.
    fn returns(&self) -> Option<Duration> {
        let mut state = self.lock();
        let lost = state.plan.lost_replies;
        if state.random.chance(lost) {
            return None;
        }
        Some(state.pause())
    }
}

/// A bus that wraps another and misbehaves. Needs a tokio runtime.
pub struct FaultyBus<B: Bus> {
    inner: Arc<B>,
    faults: BusFaults,
}

impl<B: Bus> FaultyBus<B> {
    /// Wraps a node's connection.
    #[must_use]
    pub fn new(inner: B, faults: BusFaults) -> Self {
        Self { inner: Arc::new(inner), faults }
    }
}

impl<B: Bus> Bus for FaultyBus<B> {
    fn node(&self) -> NodeId {
        self.inner.node()
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        // What goes wrong differs from subscriber to subscriber, and is decided there.
        Box::pin(async move {
            check_payload(&payload)?;
            self.inner.publish(topic, payload).await
        })
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(FaultySubscription {
            inner: self.inner.subscribe(),
            node: self.node(),
            faults: self.faults.clone(),
            coming: Vec::new(),
            ended: false,
        })
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        Box::pin(async move {
            check_request(&payload, within)?;
            let end = Instant::now() + within;
            let (inner, faults, from) = (self.inner.clone(), self.faults.clone(), self.node());
            // A task of its own: the request goes its way also when nobody waits for it any more.
            let asking = tokio::spawn(async move {
                let late = faults.departs()?;
                sleep(late).await;
                if faults.is_cut(from, to) {
                    return None;
                }
                let answer = inner.request(to, payload, within).await;
                if matches!(answer, Ok(_) | Err(BusError::NoReply)) {
                    sleep(faults.returns()?).await;
                    if faults.is_cut(to, from) {
                        return None;
                    }
                }
                Some(answer)
            });
            let patience = sleep_until(end);
            tokio::select! {
                biased;
                Ok(Some(answer)) = asking => answer,
                () = patience => Err(BusError::NoReply),
            }
        })
    }

    fn requests(&self) -> Box<dyn Requests> {
        self.inner.requests()
    }
}

struct FaultySubscription {
    inner: Box<dyn Subscription>,
    node: NodeId,
    faults: BusFaults,
    /// What is on its way, and when it arrives.
    coming: Vec<(Instant, Heard)>,
    ended: bool,
}

impl FaultySubscription {
    fn first(&self) -> Option<(usize, Instant)> {
        let times = self.coming.iter().map(|(time, _)| *time).enumerate();
        times.min_by_key(|(index, time)| (*time, *index))
    }

    fn take_in(&mut self, heard: Option<Heard>) {
        match heard {
            Some(Heard::Message { from, topic, payload }) => {
                for time in self.faults.arrivals(from, self.node, &topic) {
                    let (topic, payload) = (topic.clone(), payload.clone());
                    self.coming.push((time, Heard::Message { from, topic, payload }));
                }
            }
            Some(Heard::Gap) => self.coming.push((Instant::now(), Heard::Gap)),
            None => self.ended = true,
        }
    }
}

impl Subscription for FaultySubscription {
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.inner.add(topics)
    }

    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.inner.remove(topics)
    }

    fn next(&mut self) -> NextFuture<'_, Heard> {
        Box::pin(async move {
            loop {
                let first = self.first();
                if let Some((index, time)) = first
                    && time <= Instant::now()
                {
                    return Some(self.coming.remove(index).1);
                }
                let due = async {
                    match first {
                        Some((_, time)) => sleep_until(time).await,
                        None => std::future::pending().await,
                    }
                };
                if self.ended {
                    first?;
                    due.await;
                    continue;
                }
                tokio::select! {
                    biased;
                    heard = self.inner.next() => self.take_in(heard),
                    () = due => {}
                }
            }
        })
    }
}
