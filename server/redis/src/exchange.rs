//! Requests and replies: which of this node's requests wait, and what waits to be taken or sent by it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use caffis_core::ports::bus::{BusError, NodeId, Reply, Request, WAITING_REQUESTS};
use tokio::sync::oneshot;

use crate::queue::Queue;

/// The most requests of this node that wait for a reply at the same time.
const MOST_ASKING: usize = 65_536;

/// The most replies that wait to be sent.
const WAITING_REPLIES: usize = WAITING_REQUESTS;

/// The most bytes of requests that wait to be taken, and of replies that wait to be sent.
const WAITING_BYTES: usize = 64 * 1024 * 1024;

/// A reply to send.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) to: NodeId,
    pub(crate) number: u64,
    pub(crate) payload: Bytes,
}

/// The requests from and to this node.
pub(crate) struct Exchange {
    asking: Mutex<Asking>,
    /// Where requests to this node wait, once somebody takes them.
    inbox: Mutex<Option<Arc<Queue<Request>>>>,
    answers: Arc<Queue<Answer>>,
}

#[derive(Default)]
struct Asking {
    last: u64,
    waiting: BTreeMap<u64, (NodeId, oneshot::Sender<Bytes>)>,
}

/// A request that waits for its reply. Dropped, it waits no more.
pub(crate) struct Asked {
    pub(crate) number: u64,
    exchange: Arc<Exchange>,
    reply: oneshot::Receiver<Bytes>,
}

impl Asked {
    /// The reply.
    ///
    /// # Errors
    /// `NoReply`, when none can be heard any more.
    pub(crate) async fn reply(&mut self) -> Result<Bytes, BusError> {
        (&mut self.reply).await.map_err(|_| BusError::NoReply)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.exchange.asking().waiting.remove(&self.number);
    }
}

impl Default for Exchange {
    fn default() -> Self {
        let answers = Arc::new(Queue::new(WAITING_REPLIES, WAITING_BYTES));
        Self { asking: Mutex::default(), inbox: Mutex::default(), answers }
    }
}

impl Exchange {
    fn asking(&self) -> MutexGuard<'_, Asking> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, Option<Arc<Queue<Request>>>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to a node, about to be sent.
    ///
    /// # Errors
    /// `Unavailable`: too many wait.
    pub(crate) fn ask(self: &Arc<Self>, to: NodeId) -> Result<Asked, BusError> {
        let (sender, reply) = oneshot::channel();
        let mut asking = self.asking();
        if asking.waiting.len() >= MOST_ASKING {
            return Err(BusError::Unavailable("too many requests wait for a reply".to_owned()));
        }
        asking.last += 1;
        let number = asking.last;
        asking.waiting.insert(number, (to, sender));
        drop(asking);
        Ok(Asked { number, exchange: self.clone(), reply })
    }

    /// Takes a reply in. One to a request that nobody waits for, or of another node, is dropped.
    pub(crate) fn replied(&self, from: NodeId, number: u64, payload: Bytes) {
        let mut asking = self.asking();
        if asking.waiting.get(&number).is_some_and(|(to, _)| *to == from)
            && let Some((_, waiting)) = asking.waiting.remove(&number)
        {
            // Whoever asked may have gone.
            let _ = waiting.send(payload);
        }
    }

    /// No reply can be heard now: nobody needs to wait for one.
    pub(crate) fn give_up(&self) {
        self.asking().waiting.clear();
    }

    /// Takes a request in. What does not fit is lost, as is what nobody takes.
    pub(crate) fn requested(&self, from: NodeId, number: u64, within: Duration, payload: Bytes) {
        let Some(inbox) = self.inbox().clone() else { return };
        let answers = self.answers.clone();
        let reply = Reply::new(move |payload| {
            let bytes = payload.len();
            answers.push(Answer { to: from, number, payload }, bytes);
        });
        let bytes = payload.len();
        inbox.push(Request { from, payload, within, reply }, bytes);
    }

    /// The requests to this node from now on; whoever took them before gets no more.
    pub(crate) fn open_inbox(&self) -> Arc<Queue<Request>> {
        let new = Arc::new(Queue::new(WAITING_REQUESTS, WAITING_BYTES));
        if let Some(old) = self.inbox().replace(new.clone()) {
            old.close();
        }
        new
    }

    /// The requests of this inbox are taken no more.
    pub(crate) fn close_inbox(&self, inbox: &Arc<Queue<Request>>) {
        self.inbox().take_if(|open| Arc::ptr_eq(open, inbox));
    }

    /// The next reply to send.
    pub(crate) async fn answer(&self) -> Option<Answer> {
        self.answers.next().await
    }

    /// The bus has ended.
    pub(crate) fn close(&self) {
        self.give_up();
        self.answers.close();
        if let Some(inbox) = self.inbox().take() {
            inbox.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: NodeId = NodeId::from_random(2);

    #[tokio::test]
    async fn a_reply_is_for_one_request_to_one_node() {
        let exchange = Arc::new(Exchange::default());
        let (mut one, mut two) = (exchange.ask(OTHER).unwrap(), exchange.ask(OTHER).unwrap());
        exchange.replied(NodeId::from_random(3), one.number, Bytes::from_static(b"a stranger's"));
        exchange.replied(OTHER, two.number, Bytes::from_static(b"2"));
        exchange.replied(OTHER, two.number, Bytes::from_static(b"again"));
        exchange.replied(OTHER, one.number, Bytes::from_static(b"1"));
        assert_eq!(one.reply().await, Ok(Bytes::from_static(b"1")));
        assert_eq!(two.reply().await, Ok(Bytes::from_static(b"2")));
        let mut lost = exchange.ask(OTHER).unwrap();
        exchange.give_up();
        assert_eq!(lost.reply().await, Err(BusError::NoReply));
    }

    #[tokio::test]
    async fn requests_are_taken_in_one_place() {
        let exchange = Exchange::default();
        let ask = |number| exchange.requested(OTHER, number, Duration::from_secs(1), Bytes::new());
        ask(1);
        let first = exchange.open_inbox();
        ask(2);
        let second = exchange.open_inbox();
        ask(3);
        first.next().await.expect("the second request").reply.send(Bytes::from_static(b"two"));
        assert!(first.next().await.is_none());
        second.next().await.expect("the third request").reply.send(Bytes::from_static(b"three"));
        for (number, words) in [(2, "two"), (3, "three")] {
            let answer = exchange.answer().await.expect("an answer");
            assert_eq!((answer.to, answer.number), (OTHER, number));
            assert_eq!(answer.payload, words);
        }
        // Closing the first leaves the second open.
        exchange.close_inbox(&first);
        ask(4);
        assert!(second.next().await.is_some());
        exchange.close_inbox(&second);
        ask(5);
        exchange.close();
        assert!(exchange.answer().await.is_none());
    }

    #[test]
    fn the_requests_that_wait_are_bounded() {
        let exchange = Arc::new(Exchange::default());
        let asked: Vec<_> = (0..MOST_ASKING).map(|_| exchange.ask(OTHER).unwrap()).collect();
        assert!(matches!(exchange.ask(OTHER), Err(BusError::Unavailable(_))));
        drop(asked);
        assert!(exchange.ask(OTHER).is_ok());
    }
}
