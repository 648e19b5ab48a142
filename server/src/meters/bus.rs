//! The bus port, measured.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use caffis_core::{
    model::node::NodeId,
    ports::bus::{
        Bus, BusError, BusFuture, Heard, NextFuture, Requests, SharedBus, Subscription, Topic,
    },
};

use super::calls::Calls;

const OPERATIONS: [&str; 2] = ["publish", "request"];
const FAILURES: [&str; 4] = ["unavailable", "no_node", "no_reply", "invalid"];

/// One of [`OPERATIONS`].
#[derive(Clone, Copy)]
enum Operation {
    Publish,
    Request,
}

/// What is counted of the bus.
#[derive(Debug)]
pub struct BusMeters {
    /// Its calls.
    pub calls: Calls,
    gaps: AtomicU64,
}

impl Default for BusMeters {
    fn default() -> Self {
        Self { calls: Calls::new(&OPERATIONS, &FAILURES), gaps: AtomicU64::default() }
    }
}

impl BusMeters {
    /// How often a subscriber heard that messages may be missing.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.gaps.load(Ordering::Relaxed)
    }
}

/// The place of an error in [`FAILURES`].
fn place(error: &BusError) -> usize {
    match error {
        BusError::Unavailable(_) => 0,
        BusError::NoNode(_) => 1,
        BusError::NoReply => 2,
        BusError::Invalid(_) => 3,
    }
}

/// A bus whose calls are counted.
pub struct MeasuredBus {
    bus: SharedBus,
    meters: Arc<BusMeters>,
}

impl MeasuredBus {
    /// Measures a bus.
    #[must_use]
    pub fn new(bus: SharedBus, meters: Arc<BusMeters>) -> Arc<Self> {
        Arc::new(Self { bus, meters })
    }

    fn measure<'a, T: Send + 'a>(
        &'a self,
        operation: Operation,
        call: BusFuture<'a, T>,
    ) -> BusFuture<'a, T> {
        Box::pin(self.meters.calls.measure(operation as usize, place, call))
    }
}

impl Bus for MeasuredBus {
    fn node(&self) -> NodeId {
        self.bus.node()
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        self.measure(Operation::Publish, self.bus.publish(topic, payload))
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        Box::new(Listening { subscription: self.bus.subscribe(), meters: self.meters.clone() })
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        self.measure(Operation::Request, self.bus.request(to, payload, within))
    }

    fn requests(&self) -> Box<dyn Requests> {
        self.bus.requests()
    }
}

/// A subscription whose gaps are counted.
struct Listening {
    subscription: Box<dyn Subscription>,
    meters: Arc<BusMeters>,
}

impl Subscription for Listening {
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.subscription.add(topics)
    }

    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.subscription.remove(topics)
    }

    fn next(&mut self) -> NextFuture<'_, Heard> {
        Box::pin(async move {
            let heard = self.subscription.next().await;
            if matches!(heard, Some(Heard::Gap)) {
                self.meters.gaps.fetch_add(1, Ordering::Relaxed);
            }
            heard
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_name() {
        for (error, name) in [
            (BusError::Unavailable(String::new()), "unavailable"),
            (BusError::NoNode(NodeId::from_random(1)), "no_node"),
            (BusError::NoReply, "no_reply"),
            (BusError::Invalid(String::new()), "invalid"),
        ] {
            assert_eq!(FAILURES[place(&error)], name);
        }
        assert_eq!(OPERATIONS[Operation::Request as usize], "request");
    }
}
