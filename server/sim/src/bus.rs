//! The bus as one process sees it: what it says and hears passes the process's doors.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::bus::{
    Bus, BusError, BusFuture, Heard, NextFuture, NodeId, Reply, Request, Requests, Subscription,
    Topic,
};

use crate::gate::{Dead, Gate};

impl From<Dead> for BusError {
    fn from(_: Dead) -> Self {
        Self::Unavailable("the process is dead".to_owned())
    }
}

/// The bus of one process.
pub(crate) struct Speaker<B: Bus> {
    pub(crate) inner: B,
    pub(crate) gate: Arc<Gate>,
}

impl<B: Bus> Bus for Speaker<B> {
    fn node(&self) -> NodeId {
        self.inner.node()
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        Box::pin(async move {
            self.gate.pass().await?;
            self.inner.publish(topic, payload).await
        })
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        let inner = self.inner.subscribe();
        Box::new(Ear { inner, gate: self.gate.clone(), heard: None })
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        Box::pin(async move {
            self.gate.pass().await?;
            let answer = self.inner.request(to, payload, within).await;
            self.gate.pass().await?;
            answer
        })
    }

    fn requests(&self) -> Box<dyn Requests> {
        let inner = self.inner.requests();
        Box::new(Inbox { inner, gate: self.gate.clone(), taken: None })
    }
}

/// What a process hears.
struct Ear {
    inner: Box<dyn Subscription>,
    gate: Arc<Gate>,
    /// Came while the doors were shut.
    heard: Option<Heard>,
}

impl Subscription for Ear {
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.inner.add(topics)
    }

    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        self.inner.remove(topics)
    }

    fn next(&mut self) -> NextFuture<'_, Heard> {
        Box::pin(async move {
            self.gate.pass().await.ok()?;
            if self.heard.is_none() {
                self.heard = Some(self.inner.next().await?);
            }
            self.gate.pass().await.ok()?;
            self.heard.take()
        })
    }
}

/// What a process is asked.
struct Inbox {
    inner: Box<dyn Requests>,
    gate: Arc<Gate>,
    /// Came while the doors were shut.
    taken: Option<Request>,
}

impl Requests for Inbox {
    fn next(&mut self) -> NextFuture<'_, Request> {
        Box::pin(async move {
            self.gate.pass().await.ok()?;
            if self.taken.is_none() {
                self.taken = Some(self.inner.next().await?);
            }
            self.gate.pass().await.ok()?;
            let Request { from, payload, within, reply } = self.taken.take()?;
            let gate = self.gate.clone();
            let reply = Reply::new(move |payload| {
                tokio::spawn(async move {
                    // A dead process replies to nobody.
                    if gate.pass().await.is_ok() {
                        reply.send(payload);
                    }
                });
            });
            Some(Request { from, payload, within, reply })
        })
    }
}
