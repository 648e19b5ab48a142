//! The port.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_core::ports::bus::{
    Bus, BusError, BusFuture, Heard, NextFuture, NodeId, Request, Requests, Subscription, Topic,
    check_payload, check_request, check_topics,
};
use redis::{Cmd, Value, aio::MultiplexedConnection, cmd};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    connect::{self, ConnectError},
    context::Context,
    exchange::Answer,
    frame::Frame,
    keeper::{Found, Lines, keep, masters},
    line::{Line, Standing},
    names::Channel,
    options::Options,
    queue::Queue,
    registry::Waiting,
};

/// A node's connection to the others through Redis. Dropped, it ends.
///
/// Redis may be away for as long as it wants. Then everything here fails with
/// [`BusError::Unavailable`], nothing waits for long, and what was subscribed to is subscribed to again
/// when Redis is back.
pub struct RedisBus {
    shared: Arc<Shared>,
    /// Stops all tasks when it is dropped.
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Shared {
    context: Arc<Context>,
    lines: Arc<Lines>,
}

impl RedisBus {
    /// Connects, inside a tokio runtime. It returns at once; what is asked of it waits for the first
    /// attempt.
    #[must_use]
    pub fn connect(node: NodeId, options: Options) -> Self {
        let context = Context::new(node, options);
        let shared = Shared { context: context.clone(), lines: Arc::default() };
        let mut tasks = JoinSet::new();
        tasks.spawn(keep(context, shared.lines.clone()));
        tasks.spawn(shared.clone().send_answers());
        Self { shared: Arc::new(shared), _tasks: tasks }
    }

    /// Asks a server whether it lets these options in, without connecting a node.
    ///
    /// # Errors
    /// [`ConnectError::Refused`] if somebody has to change something.
    pub async fn check(options: &Options) -> Result<(), ConnectError> {
        let mut answer = Ok(());
        for address in &options.servers {
            match masters(options, address).await {
                Ok(_) => return Ok(()),
                Err(error @ ConnectError::Refused(_)) => return Err(error),
                Err(error) => answer = Err(error),
            }
        }
        answer
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.shared.lines.end();
        self.shared.context.exchange.close();
        self.shared.context.registry.close();
    }
}

impl Shared {
    /// The line of a channel, and its connection for publishing. Waits for the first attempt to connect.
    async fn line(&self, channel: &str) -> Result<(Arc<Line>, MultiplexedConnection), BusError> {
        let mut changes = self.context.registry.changes();
        loop {
            match self.lines.of(channel) {
                Found::None(reason) => return Err(BusError::Unavailable(reason.to_string())),
                Found::NotYet => {}
                Found::Line(line) => match line.standing() {
                    Standing::Up(connection) => return Ok((line, connection)),
                    Standing::Down(reason) => {
                        return Err(BusError::Unavailable(reason.to_string()));
                    }
                    Standing::Starting => {}
                },
            }
            // The sender lives as long as the context.
            let _ = changes.changed().await;
        }
    }

    /// Waits until channels are heard.
    async fn hear(&self, channels: &[Channel]) -> Result<(), BusError> {
        let registry = &self.context.registry;
        let mut changes = registry.changes();
        let mut waits = channels.iter().peekable();
        while let Some(channel) = waits.peek() {
            if registry.is_heard(channel) {
                waits.next();
                continue;
            }
            let (line, _) = self.line(channel).await?;
            line.work.notify_one();
            if !registry.is_heard(channel) {
                let _ = changes.changed().await;
            }
        }
        Ok(())
    }

    async fn publish(&self, topic: &Topic, payload: Bytes) -> Result<(), BusError> {
        check_payload(&payload)?;
        let frame = Frame::Message { from: self.context.node, payload };
        self.tell(&self.context.names.topic(topic), &frame).await
    }

    /// Hands a frame on without waiting for an answer. Many follow each other in one write.
    async fn tell(&self, channel: &str, frame: &Frame) -> Result<(), BusError> {
        let (line, mut connection) = self.line(channel).await?;
        let mut command = publishing(&line, channel, frame);
        command.set_no_response(true);
        let sent = connection.send_packed_command(&command).await;
        sent.map_err(|error| BusError::Unavailable(error.to_string()))?;
        Ok(())
    }

    async fn request(
        &self,
        to: NodeId,
        payload: Bytes,
        within: Duration,
    ) -> Result<Bytes, BusError> {
        check_request(&payload, within)?;
        let asking = self.ask(to, payload, within);
        timeout(within, asking).await.map_err(|_| BusError::NoReply)?
    }

    async fn ask(&self, to: NodeId, payload: Bytes, within: Duration) -> Result<Bytes, BusError> {
        // Without an ear no reply can come.
        self.hear(std::slice::from_ref(&self.context.own)).await?;
        let channel = self.context.names.node(to);
        let (line, connection) = self.line(&channel).await?;
        let mut asked = self.context.exchange.ask(to)?;
        let (from, number) = (self.context.node, asked.number);
        let frame = Frame::Request { from, number, within, payload };
        match connect::send(&connection, &publishing(&line, &channel, &frame)).await {
            // A server on its own knows who listens. In a cluster some may listen elsewhere.
            Ok(Value::Int(0)) if !line.is_cluster() => return Err(BusError::NoNode(to)),
            Ok(_) => {}
            // The server has said that it did not do it.
            Err(error) if error.code().is_some() => {
                self.lines.astray.notify_one();
                return Err(BusError::Unavailable(error.to_string()));
            }
            // Whether it was sent is not known.
            Err(_) => return Err(BusError::NoReply),
        }
        asked.reply().await
    }

    /// Sends replies as they come.
    async fn send_answers(self) {
        while let Some(Answer { to, number, payload }) = self.context.exchange.answer().await {
            let frame = Frame::Reply { from: self.context.node, number, payload };
            if let Err(error) = self.tell(&self.context.names.node(to), &frame).await {
                tracing::debug!(%error, "a reply to another node is lost");
            }
        }
    }
}

fn publishing(line: &Line, channel: &str, frame: &Frame) -> Cmd {
    let mut command = cmd(line.publish());
    command.arg(channel).arg(frame.encode());
    command
}

impl Bus for RedisBus {
    fn node(&self) -> NodeId {
        self.shared.context.node
    }

    fn publish(&self, topic: Topic, payload: Bytes) -> BusFuture<'_, ()> {
        Box::pin(async move { self.shared.publish(&topic, payload).await })
    }

    fn subscribe(&self) -> Box<dyn Subscription> {
        let (id, queue) = self.shared.context.registry.subscriber();
        let shared = self.shared.clone();
        Box::new(Subscriber { shared, id, topics: BTreeMap::new(), queue })
    }

    fn request(&self, to: NodeId, payload: Bytes, within: Duration) -> BusFuture<'_, Bytes> {
        Box::pin(self.shared.request(to, payload, within))
    }

    fn requests(&self) -> Box<dyn Requests> {
        let queue = self.shared.context.exchange.open_inbox();
        Box::new(Inbox { shared: self.shared.clone(), queue })
    }
}

struct Inbox {
    shared: Arc<Shared>,
    queue: Arc<Queue<Request>>,
}

impl Requests for Inbox {
    fn next(&mut self) -> NextFuture<'_, Request> {
        Box::pin(self.queue.next())
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.shared.context.exchange.close_inbox(&self.queue);
    }
}

struct Subscriber {
    shared: Arc<Shared>,
    id: u64,
    topics: BTreeMap<Topic, Channel>,
    queue: Waiting,
}

impl Subscriber {
    async fn add(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let context = &self.shared.context;
        let new: BTreeMap<_, _> = topics
            .iter()
            .filter(|topic| !self.topics.contains_key(topic))
            .map(|topic| (topic.clone(), context.names.topic(topic)))
            .collect();
        check_topics(self.topics.len() + new.len())?;
        for (topic, channel) in &new {
            context.registry.want(self.id, channel, topic);
            self.topics.insert(topic.clone(), channel.clone());
        }
        // Also those of an earlier call that was given up before they were heard.
        let all: Vec<_> =
            topics.iter().filter_map(|topic| self.topics.get(topic)).cloned().collect();
        let heard = self.shared.hear(&all).await;
        if heard.is_err() {
            self.take_away(new.keys());
        }
        heard
    }

    fn take_away<'a>(&mut self, topics: impl Iterator<Item = &'a Topic>) {
        for channel in topics.filter_map(|topic| self.topics.remove(topic)) {
            self.shared.context.registry.unwant(self.id, &channel);
            if let Found::Line(line) = self.shared.lines.of(&channel) {
                line.work.notify_one();
            }
        }
    }
}

impl Subscription for Subscriber {
    fn add<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        Box::pin(Self::add(self, topics))
    }

    fn remove<'a>(&'a mut self, topics: &'a [Topic]) -> BusFuture<'a, ()> {
        Box::pin(async move {
            self.take_away(topics.iter());
            Ok(())
        })
    }

    fn next(&mut self) -> NextFuture<'_, Heard> {
        Box::pin(self.queue.next())
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let topics = std::mem::take(&mut self.topics);
        self.shared.context.registry.forget(self.id, topics.values());
        for channel in topics.values() {
            if let Found::Line(line) = self.shared.lines.of(channel) {
                line.work.notify_one();
            }
        }
    }
}
