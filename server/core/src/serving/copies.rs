//! Copies of one question.
//!
//! Whoever gets no answer asks the same again, under the same number, because either may have been lost on
//! the way. Of the copies only the first is done. While it is under way the answer goes to the latest copy;
//! afterwards a later one gets the answer that the first one got. So what changes something happens once,
//! in the place where it came first, however late a copy arrives. What only reads is read again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    ports::bus::{NodeId, Reply},
    sync::lock,
};

/// How long answers are kept: longer than anybody asks again, or a copy is on its way.
const KEPT: Duration = Duration::from_secs(60);

/// The most answers that are kept; beyond it the oldest go. What they were about is done again then, and the
/// owner of a room knows commands by their ids.
const ANSWERS: usize = 32_768;

/// The most bytes of answers that are kept.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Who asked, and the number that they gave the question.
type Key = (NodeId, u64);

/// The questions that are under way or were answered a moment ago.
#[derive(Default)]
pub(super) struct Copies(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Where the answer goes. At most as many as are answered at once.
    under_way: BTreeMap<Key, Reply>,
    answers: BTreeMap<Key, Bytes>,
    order: VecDeque<(Instant, Key)>,
    bytes: usize,
}

/// The first copy of a question. Dropped without an answer, it leaves the question to the next one.
pub(super) struct First {
    copies: Arc<Copies>,
    /// None once it is answered.
    key: Option<Key>,
}

impl Copies {
    /// Notes a question. None if it is a copy: its answer goes out, now or once it is there.
    pub(super) fn first(
        self: &Arc<Self>,
        from: NodeId,
        number: u64,
        reply: Reply,
    ) -> Option<First> {
        let key = (from, number);
        let mut known = lock(&self.0);
        known.forget(|since| since.elapsed() > KEPT);
        if let Some(answer) = known.answers.get(&key).cloned() {
            drop(known);
            reply.send(answer);
            return None;
        }
        let copy = known.under_way.insert(key, reply).is_some();
        (!copy).then(|| First { copies: self.clone(), key: Some(key) })
    }
}

impl First {
    /// Answers; keeps the answer for later copies if the question `changes` something.
    pub(super) fn answer(mut self, answer: Bytes, changes: bool) {
        let Some(key) = self.key.take() else { return };
        let mut known = lock(&self.copies.0);
        let reply = known.under_way.remove(&key);
        if changes {
            known.bytes += answer.len();
            known.answers.insert(key, answer.clone());
            known.order.push_back((Instant::now(), key));
            while known.order.len() > ANSWERS || known.bytes > ANSWER_BYTES {
                known.forget_first();
            }
        }
        drop(known);
        if let Some(reply) = reply {
            reply.send(answer);
        }
    }
}

impl Drop for First {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            lock(&self.copies.0).under_way.remove(&key);
        }
    }
}

impl Known {
    fn forget(&mut self, old: impl Fn(&Instant) -> bool) {
        while self.order.front().is_some_and(|(since, _)| old(since)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.order.pop_front()
            && let Some(answer) = self.answers.remove(&key)
        {
            self.bytes -= answer.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKER: NodeId = NodeId::from_random(1);

    /// A way back, and what came over it.
    fn reply() -> (Reply, Arc<Mutex<Option<Bytes>>>) {
        let heard = Arc::<Mutex<Option<Bytes>>>::default();
        let back = heard.clone();
        (Reply::new(move |bytes| *lock(&back) = Some(bytes)), heard)
    }

    fn heard(heard: &Mutex<Option<Bytes>>) -> Option<Bytes> {
        lock(heard).clone()
    }

    #[tokio::test(start_paused = true)]
    async fn of_copies_the_first_is_done_and_the_others_get_its_answer() {
        let copies = Arc::<Copies>::default();
        let ((one, lost), (two, late), (three, third)) = (reply(), reply(), reply());
        let first = copies.first(ASKER, 7, one).expect("it is the first");
        assert!(copies.first(ASKER, 7, two).is_none());
        let other = copies.first(NodeId::from_random(2), 7, reply().0);
        assert!(other.is_some(), "another node has numbers of its own");
        first.answer(Bytes::from_static(b"done"), true);
        assert_eq!((heard(&lost), heard(&late)), (None, Some("done".into())), "the latest");
        assert!(copies.first(ASKER, 7, three).is_none());
        assert_eq!(heard(&third), Some("done".into()));
        tokio::time::advance(KEPT + Duration::from_secs(1)).await;
        assert!(copies.first(ASKER, 7, reply().0).is_some(), "nobody asks that late");
        let known = lock(&copies.0);
        assert_eq!((known.bytes, known.order.len()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_reads_or_was_not_answered_is_done_again() {
        let copies = Arc::<Copies>::default();
        let first = copies.first(ASKER, 1, reply().0).expect("it is the first");
        first.answer(Bytes::from_static(b"a page"), false);
        let again = copies.first(ASKER, 1, reply().0);
        drop(again.expect("it is read again"));
        assert!(copies.first(ASKER, 1, reply().0).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_bounded_by_their_number_and_their_bytes() {
        let copies = Arc::<Copies>::default();
        let answer = |number, bytes: Bytes| {
            copies.first(ASKER, number, reply().0).expect("it is the first").answer(bytes, true);
        };
        for number in 0..=ANSWERS as u64 {
            answer(number, Bytes::new());
        }
        assert_eq!(lock(&copies.0).answers.len(), ANSWERS);
        let large = Bytes::from(vec![0; ANSWER_BYTES / 2]);
        for number in 100_000..100_003 {
            answer(number, large.clone());
        }
        let known = lock(&copies.0);
        assert_eq!((known.answers.len(), known.bytes), (2, ANSWER_BYTES));
    }
}
