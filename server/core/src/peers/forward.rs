//! Asking the node that owns a room.
//!
//! Commands that change a room go to its owner in the order in which they were given on this node: of
//! each room at most one question is under way, and what comes meanwhile goes into the next one. So a
//! session's commands reach a room in their order although the bus may reorder, and many commands of
//! a busy room share a question. What reads goes by itself.
//!
//! A question or its answer may be lost on the way. So while there is no answer the same question, under the
//! same number, is asked again each [`ASK_AGAIN`]: its owner knows it by the number and does it once.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    future::{Future, pending, ready},
    pin::Pin,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use caffis_schema::{Command, Error, ErrorCode, Reply, RoomId};
use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::oneshot,
    time::{Instant, interval_at, sleep, sleep_until},
};

use super::{
    Nodes,
    questions::{Answered, Asker, Numbered, Question},
};
use crate::{
    cluster::Owner,
    errors::{no_owner, no_stream, owner_stopped},
    hub::news::{decode, encode},
    ports::bus::{BusError, NodeId},
    sync::{lock, spawn},
    traces,
};

/// Commands in one question.
const COMMANDS_PER_QUESTION: usize = 128;

/// How much longer than its own limit the owner may take to answer, for the way there and back.
const WAY_AND_BACK: Duration = Duration::from_secs(2);

/// How long a question waits for its answer before it is asked again. The owner is rarely that slow, and a
/// link to the bus that is gone is noticed in about this time.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// How long the answer of a former owner may be on its way. Before it gives a room up it has answered.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How long a client should wait before it asks again when another node does not answer, in
/// milliseconds.
const RETRY_MS: u32 = 1_000;

/// The answer to a command.
type Handled = Result<Reply, Error>;

/// An answer, to come.
type Answer = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// Does a command on this node.
pub(crate) type Here = Box<dyn FnOnce() -> Answer + Send>;

/// How long a client should wait before it asks again when too many commands wait, in milliseconds.
const QUEUE_RETRY_MS: u32 = 500;

/// A command that waits for its owner.
struct Waiting {
    asker: Asker,
    command: Command,
    here: Here,
    /// The owner for whom it was given.
    owner: Owner,
    answer: oneshot::Sender<Handled>,
}

/// The commands that wait, of the rooms of which some are under way.
#[derive(Default)]
pub(super) struct Queues(Mutex<BTreeMap<RoomId, VecDeque<Waiting>>>);

/// Ends a room's queue however its task ends: what still waits hears that the outcome is unknown.
struct Draining {
    nodes: Arc<Nodes>,
    room: RoomId,
    finished: bool,
}

impl Drop for Draining {
    fn drop(&mut self) {
        if !self.finished {
            lock(&self.nodes.queues.0).remove(&self.room);
        }
    }
}

/// What becomes of a question without an answer.
fn unanswered(error: &BusError, changes: bool) -> Error {
    match error {
        BusError::NoReply if changes => {
            let sentence = "The room's server did not answer: ask again.";
            Error::unknown(ErrorCode::Unavailable, sentence, RETRY_MS)
        }
        BusError::NoReply
        | BusError::NoNode(_)
        | BusError::Unavailable(_)
        | BusError::Invalid(_) => {
            let sentence = "The room's server cannot be reached now.";
            Error::later(ErrorCode::Unavailable, sentence, RETRY_MS)
        }
    }
}

/// What becomes of a question that the other node does not know.
fn not_understood() -> Error {
    let sentence = "The room's server runs another version, which does not know this yet.";
    Error::later(ErrorCode::Unavailable, sentence, RETRY_MS)
}

impl Nodes {
    /// Asks a node; waits as long as the owner may take, but no longer once it is not the owner any more: a
    /// node that died answers nothing, and the next owner can be asked.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn ask(&self, node: NodeId, question: &Question) -> Result<Answered, Error> {
        match self.ask_node(node, question).await {
            Ok(Answered::NotUnderstood) => Err(not_understood()),
            Ok(answered) => Ok(answered),
            Err(error) => Err(unanswered(&error, question.changes())),
        }
    }

    async fn ask_node(&self, node: NodeId, question: &Question) -> Result<Answered, BusError> {
        let number = self.questions.fetch_add(1, Ordering::Relaxed);
        let encoded = encode(&Numbered { number, question })
            .ok_or_else(|| BusError::Invalid("it could not be encoded".to_owned()))?;
        let answer = tokio::select! {
            biased;
            answer = self.ask_until_answered(node, encoded) => answer?,
            () = self.moved(question.room(), node) => return Err(BusError::NoReply),
        };
        decode(&answer).map(|(_, answered)| answered).map_err(|_| BusError::NoReply)
    }

    /// Asks the same again while no answer comes, as long as the owner may take. All copies are waited for:
    /// the answer to the first may only be late.
    async fn ask_until_answered(&self, node: NodeId, question: Bytes) -> Result<Bytes, BusError> {
        let end = Instant::now() + self.settings.store_timeout + WAY_AND_BACK;
        let left = || end.saturating_duration_since(Instant::now());
        let mut copies = FuturesUnordered::new();
        copies.push(self.wire.ask(node, question.clone(), left()));
        let mut again = interval_at(Instant::now() + ASK_AGAIN, ASK_AGAIN);
        let mut may_have_arrived = false;
        loop {
            tokio::select! {
                biased;
                Some(answer) = copies.next() => match answer {
                    Ok(answer) => return Ok(answer),
                    Err(BusError::NoReply) => may_have_arrived = true,
                    // Nothing was sent, neither now nor before.
                    Err(error) if !may_have_arrived && copies.is_empty() => return Err(error),
                    Err(_) => {}
                },
                () = sleep_until(end) => return Err(BusError::NoReply),
                _ = again.tick() => copies.push(self.wire.ask(node, question.clone(), left())),
            }
        }
    }

    /// Resolves when a room has not belonged to a node for a moment.
    async fn moved(&self, room: Option<RoomId>, node: NodeId) {
        let (Some(room), Some(mut changes)) = (room, self.owners.changes()) else {
            return pending().await;
        };
        let owns = |owner| matches!(owner, Owner::There { node: found, .. } if found == node);
        while owns(self.owners.owner_of(room)) {
            if !changes.changed().await {
                return pending().await;
            }
        }
        sleep(LAST_WORDS).await;
    }

    /// Passes a POST on to the node that has its connection. With the node the connection is gone.
    ///
    /// # Errors
    /// Why it was not taken, or that it may have been.
    pub(crate) async fn pass_post(&self, node: NodeId, body: Bytes) -> Result<(), Error> {
        let _place = self.passing.try_acquire().map_err(|_| {
            let sentence = "Too much is on its way to other nodes: send the same again.";
            Error::later(ErrorCode::RateLimited, sentence, QUEUE_RETRY_MS)
        })?;
        let question = Question::Post(body.into());
        match self.ask_node(node, &question).await {
            Ok(Answered::Posted(taken)) => taken,
            Ok(Answered::NotUnderstood) => Err(not_understood()),
            Ok(_) => Err(unanswered(&BusError::NoReply, true)),
            Err(BusError::NoNode(_)) => Err(no_stream()),
            Err(error) => Err(unanswered(&error, true)),
        }
    }

    /// Asks the owner of a room to take one command.
    pub(crate) async fn ask_call(&self, node: NodeId, asker: Asker, command: Command) -> Handled {
        self.ask_one(node, &Question::Call(asker, command)).await
    }

    /// Asks a node something that is answered as one command.
    pub(crate) async fn ask_one(&self, node: NodeId, question: &Question) -> Handled {
        let unreadable = || unanswered(&BusError::NoReply, question.changes());
        match self.ask(node, question).await? {
            Answered::Calls(answers) => {
                answers.into_iter().next().unwrap_or_else(|| Err(unreadable()))
            }
            _ => Err(unreadable()),
        }
    }

    /// Whether commands that change a room wait for its owner.
    pub(crate) fn has_waiting(&self, room: RoomId) -> bool {
        lock(&self.queues.0).contains_key(&room)
    }

    /// Gives a command that changes a room to its owner on another node, or has it done `here` if that is
    /// this node by then. It is in the queue when this returns.
    pub(crate) fn change(
        self: &Arc<Self>,
        room: RoomId,
        asker: Asker,
        command: Command,
        here: Here,
    ) -> Answer {
        let (answer, done) = oneshot::channel();
        let owner = self.owners.owner_of(room);
        let waiting = Waiting { asker, command, here, owner, answer };
        match lock(&self.queues.0).entry(room) {
            Entry::Occupied(mut queue) => {
                if queue.get().len() >= self.settings.room_queue {
                    let sentence = "Too many commands wait for this room.";
                    let error = Error::later(ErrorCode::Unavailable, sentence, QUEUE_RETRY_MS);
                    return Box::pin(ready(Err(error)));
                }
                queue.get_mut().push_back(waiting);
            }
            Entry::Vacant(queue) => {
                queue.insert(VecDeque::from([waiting]));
                let draining = Draining { nodes: self.clone(), room, finished: false };
                spawn(draining.run());
            }
        }
        Box::pin(async move { done.await.unwrap_or_else(|_| Err(owner_stopped())) })
    }

    fn next(&self, room: RoomId) -> Option<Vec<Waiting>> {
        let mut queues = lock(&self.queues.0);
        let queue = queues.get_mut(&room)?;
        if queue.is_empty() {
            queues.remove(&room);
            return None;
        }
        let count = queue.len().min(COMMANDS_PER_QUESTION);
        Some(queue.drain(..count).collect())
    }
}

impl Draining {
    async fn run(mut self) {
        while let Some(batch) = self.nodes.next(self.room) {
            let owner = self.nodes.owners.owner_of(self.room);
            // A former owner may have refused another copy of a command, for good: no copy goes from one
            // owner to the next by itself (rule 20). Whoever still waits asks again.
            let (batch, outlived): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|waiting| waiting.owner == owner);
            refuse(outlived);
            if batch.is_empty() {
                continue;
            }
            match owner {
                Owner::There { node, epoch } => self.ask(node, epoch, batch).await,
                Owner::Here { .. } => take(batch).await,
                Owner::Nobody => refuse(batch),
            }
        }
        self.finished = true;
    }

    async fn ask(&self, node: NodeId, epoch: u64, batch: Vec<Waiting>) {
        let mut commands = Vec::with_capacity(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for Waiting { asker, command, answer, .. } in batch {
            commands.push((asker, command));
            answers.push(answer);
        }
        let traced: Vec<_> = traces::begin()
            .map(|begun| {
                commands
                    .iter()
                    .filter_map(move |(_, command)| Some((command.keyed()?.key().id, begun)))
            })
            .into_iter()
            .flatten()
            .collect();
        let handled =
            match self.nodes.ask(node, &Question::Change(self.room, epoch, commands)).await {
                Ok(Answered::Calls(handled)) if handled.len() == answers.len() => handled,
                Ok(_) => vec![Err(owner_stopped()); answers.len()],
                Err(error) => vec![Err(error); answers.len()],
            };
        let count = answers.len();
        for (command, begun) in traced {
            traces::forwarded(command, self.room, begun.elapsed(), count);
        }
        for (answer, handled) in answers.into_iter().zip(handled) {
            // The caller may be gone.
            let _ = answer.send(handled);
        }
    }
}

/// Refuses commands until the room has an owner.
fn refuse(batch: Vec<Waiting>) {
    batch.into_iter().for_each(|waiting| drop(waiting.answer.send(Err(no_owner()))));
}

/// Does commands here: the room came to this node while they waited.
async fn take(batch: Vec<Waiting>) {
    let started: Vec<_> =
        batch.into_iter().map(|Waiting { here, answer, .. }| (here(), answer)).collect();
    for (handled, answer) in started {
        let _ = answer.send(handled.await);
    }
}
