//! Somebody who reads all that comes to them, and gives the commands that they are told to give.

use anyhow::Context as _;
use caffis_schema::{Command, Reply};
use tokio::{
    select,
    sync::{mpsc, oneshot},
    task::spawn_local,
};

use crate::{frames::Clock, wire::Wire};

/// The answer to a command, and the microseconds until it came.
type Answer = anyhow::Result<(Reply, u64)>;

type Order = (Command, oneshot::Sender<Answer>);

/// A connected person, who leaves when this is dropped.
pub(super) struct Actor(mpsc::Sender<Order>);

impl Actor {
    pub(super) fn new(wire: Wire) -> Self {
        let (sender, orders) = mpsc::channel(1);
        spawn_local(act(wire, orders));
        Self(sender)
    }

    pub(super) async fn call(&self, command: Command) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.0.send((command, sender)).await.ok().context("the connection ended")?;
        answer.await.context("the connection ended")?
    }
}

/// The time is taken here: what it takes to tell the actor does not count. Nothing is lost when an order comes while the
/// actor waits for frames.
async fn act(mut wire: Wire, mut orders: mpsc::Receiver<Order>) {
    let clock = Clock::start();
    loop {
        select! {
            order = orders.recv() => {
                let Some((command, answer)) = order else { return };
                let begun = clock.now();
                let reply = wire.call(10, command).await;
                let took = clock.since(begun);
                // Nobody waits any more when the scenario fails.
                let _ = answer.send(reply.map(|reply| (reply, took)));
            }
            received = wire.receive(|_| ()) => if received.is_err() {
                return;
            },
        }
    }
}
