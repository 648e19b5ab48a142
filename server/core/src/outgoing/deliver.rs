//! Telling an endpoint of one room: its events one after the other, from where it was.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_schema::{Entry, Error, Position, RoomId, Timestamp};
use tokio::time::Instant;

use super::{
    kinds::Source,
    policy::{LONGEST, Verdict, is_over, verdict, wait},
    progress::{GATHERED, Known, Retry},
    worker::Worker,
};
use crate::{
    cluster::Shard,
    errors::{no_owner, not_now},
    model::room::RoomState,
    pages::forward,
    ports::webhooks::Outbound,
    room::RoomCell,
    sync::lock,
    tables::DeadLetterRow,
};

/// Entries that are read at a time.
const PAGE: usize = 64;

/// Pages of a room that are told before other rooms have their turn.
const PAGES: usize = 4;

/// An event that is to be told.
struct Due {
    id: String,
    kind: &'static str,
    position: Position,
    happened: Timestamp,
    body: Bytes,
}

/// Why an event was not taken.
struct Failure {
    reason: String,
    /// How long the endpoint is left alone; none if it may be about this event.
    open: Option<Duration>,
    /// Whether it was tried at all.
    attempted: bool,
}

/// What became of an event.
enum Step {
    /// It is done, or given up.
    Done,
    /// The room waits for a retry.
    Retry,
}

impl Worker {
    /// Tells the endpoint of a room until it has been told all, or an attempt has failed, or it is the turn of
    /// others. Once it was told all, the room waits for no retry any more.
    ///
    /// # Errors
    /// What keeps the room from being read, or what was done from being written: it is to be tried again.
    pub(super) async fn deliver_room(&self, room: RoomId) -> Result<(), Error> {
        let epoch = self.epoch_of(room)?;
        for _ in 0..PAGES {
            let cell = self.services.rooms.loaded(room).await?;
            let state = cell.state().ok_or_else(not_now)?;
            let Known { position, retry } = self.progress.find(room, epoch).await?;
            let now = self.services.clock.now();
            if retry.is_some_and(|retry| retry.due > now) {
                return Ok(());
            }
            let position = match position {
                Some(position) => position,
                None => self.beginning(&cell, &state).await?,
            };
            if position >= state.head {
                if self.settle(&cell, epoch, position).await? {
                    return Ok(());
                }
                continue;
            }
            let first = position + 1;
            let entries = forward(&self.services, &cell, &state, first, state.head, PAGE).await?;
            if entries.len() == PAGE && entries.last().is_some_and(|e| e.time < self.since()) {
                // It was told of this room under the same name, before it was made anew: nothing of that counts.
                let beginning = self.beginning(&cell, &state).await?;
                self.progress.advance(room, epoch, beginning.max(position));
                continue;
            }
            for entry in &entries {
                if let Step::Retry = self.tell_entry(&state, entry, epoch).await? {
                    return Ok(());
                }
                self.progress.advance(room, epoch, entry.position);
            }
            if entries.len() < PAGE {
                // What is missing at the end has expired.
                self.progress.advance(room, epoch, state.head);
            }
            if self.progress.gathered() >= GATHERED {
                self.progress.flush().await?;
            }
        }
        // Others have their turn first.
        self.queue.push(room);
        Ok(())
    }

    /// Where to begin in a room of which the endpoint was never told: before it was first configured nothing
    /// counts.
    async fn beginning(&self, cell: &Arc<RoomCell>, state: &RoomState) -> Result<Position, Error> {
        let mut last = state.head;
        while last > Position::ZERO {
            let first = (last + 1).back(PAGE as u64).max(Position(1));
            let entries = forward(&self.services, cell, state, first, last, PAGE).await?;
            let known = entries.iter().rev().find(|entry| entry.time < self.since());
            if let Some(entry) = known {
                return Ok(entry.position);
            }
            last = first.back(1);
        }
        Ok(Position::ZERO)
    }

    /// The endpoint was told all of a room, unless something happened meanwhile.
    async fn settle(&self, cell: &RoomCell, epoch: u64, position: Position) -> Result<bool, Error> {
        let _scheduling = self.scheduling.lock().await;
        if self.epoch_of(cell.id)? != epoch {
            return Err(no_owner());
        }
        if cell.state().is_none_or(|state| state.head > position) {
            return Ok(false);
        }
        let known = self.progress.find(cell.id, epoch).await?;
        if known.position.is_none() {
            self.progress.advance(cell.id, epoch, position);
        }
        if known.retry.is_some() {
            // The position first: without it the room would seem to be behind, and nothing would say so.
            self.progress.flush().await?;
            self.progress.cancel_retry(cell.id, epoch).await?;
            self.retries.removed(cell.id);
        }
        Ok(true)
    }

    /// Tells of one entry, if the endpoint wants to hear of it.
    async fn tell_entry(
        &self,
        state: &RoomState,
        entry: &Arc<Entry>,
        epoch: u64,
    ) -> Result<Step, Error> {
        let (services, preview_bytes) = (&self.services, self.preview_bytes);
        let source = Source { services, state, entry, preview_bytes };
        let Some(kind) = source.kind() else { return Ok(Step::Done) };
        let endpoint = self.endpoint();
        let wanted = endpoint.wants(kind) && endpoint.follows(&state.meta.context.kind);
        if !wanted || entry.time < self.since() {
            return Ok(Step::Done);
        }
        let Some(event) = source.event().await else { return Ok(Step::Done) };
        let room = state.meta.id;
        if self.epoch_of(room)? != epoch {
            return Err(no_owner());
        }
        let id = format!("evt_{room}_{}_{}", entry.position, self.name);
        let body = event.body(entry.time).into();
        self.attempt(
            room,
            epoch,
            Due { id, kind, position: entry.position, happened: entry.time, body },
        )
        .await
    }

    /// Tries an event, and schedules a retry if it fails, or gives the event up.
    async fn attempt(&self, room: RoomId, epoch: u64, due: Due) -> Result<Step, Error> {
        let failure = match self.breaker.admit(Instant::now()) {
            Err(open) => Failure {
                reason: lock(&self.last_reason).clone(),
                open: Some(open),
                attempted: false,
            },
            Ok(()) => {
                let (endpoint, id) = (self.name.clone(), due.id.clone());
                let webhook = Outbound { endpoint, id, body: due.body.clone() };
                let under_way = self.counters.attempt();
                let answer = self.sender().send(&webhook).await;
                drop(under_way);
                match verdict(answer) {
                    Verdict::Delivered => {
                        self.counters.delivered();
                        self.answered();
                        return Ok(self.recovered(room, epoch));
                    }
                    Verdict::Refused(reason) => {
                        self.counters.failed();
                        self.answered();
                        let attempts = 1 + self.attempts(room, epoch).await?;
                        self.give_up(room, epoch, due, attempts, reason).await?;
                        return Ok(self.recovered(room, epoch));
                    }
                    Verdict::Later { reason, after, all } => {
                        self.counters.failed();
                        lock(&self.last_reason).clone_from(&reason);
                        let open = self.failed(&reason, all, after);
                        Failure { reason, open, attempted: true }
                    }
                }
            }
        };
        self.retry_or_give_up(room, epoch, due, failure).await
    }

    /// An attempt failed; gives how long the breaker stays open, if it is.
    pub(super) fn failed(
        &self,
        reason: &str,
        all: bool,
        after: Option<Duration>,
    ) -> Option<Duration> {
        let random = self.random();
        let was_closed = self.breaker.open_for(Instant::now()).is_none();
        let open = self.breaker.failed((all, after), random, Instant::now());
        if let (Some(wait), true) = (open, was_closed) {
            let (endpoint, wait) = (&*self.name, wait.as_millis());
            tracing::warn!(endpoint, reason, wait, "the endpoint is left alone for a while (ms)");
        }
        open.or(after)
    }

    /// The endpoint has answered.
    pub(super) fn answered(&self) {
        if self.breaker.close() {
            tracing::info!(endpoint = &*self.name, "the endpoint answers again");
        }
    }

    async fn attempts(&self, room: RoomId, epoch: u64) -> Result<u64, Error> {
        let retry = self.progress.find(room, epoch).await?.retry;
        Ok(retry.map_or(0, |retry| retry.attempts))
    }

    /// An event of a room that waited for a retry is done: the next one is tried for a day of its own.
    fn recovered(&self, room: RoomId, epoch: u64) -> Step {
        let now = self.services.clock.now();
        self.progress
            .change(room, epoch, |retry| *retry = Retry { since: now, attempts: 0, due: now });
        Step::Done
    }

    async fn retry_or_give_up(
        &self,
        room: RoomId,
        epoch: u64,
        due: Due,
        failure: Failure,
    ) -> Result<Step, Error> {
        let Failure { reason, open, attempted } = failure;
        let now = self.services.clock.now();
        let known = self.progress.find(room, epoch).await?.retry;
        let before = known.unwrap_or(Retry { since: now, attempts: 0, due: now });
        let attempts = before.attempts + u64::from(attempted);
        if is_over(due.happened, before.since, now) {
            self.give_up(room, epoch, due, attempts, reason).await?;
            self.progress.change(room, epoch, |retry| retry.attempts = 0);
            return Ok(Step::Done);
        }
        let wait = open.unwrap_or_else(|| wait(attempts, LONGEST, self.random()));
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        let retry = Retry { since: before.since, attempts, due: now + wait };
        if known.is_some() && !attempted {
            // The row says already that it waits.
            self.retries.added(room, retry.due, false);
            return Ok(Step::Retry);
        }
        let _scheduling = self.scheduling.lock().await;
        if self.epoch_of(room)? != epoch {
            return Err(no_owner());
        }
        self.progress.schedule_retry(room, epoch, retry).await?;
        self.retries.added(room, retry.due, known.is_none());
        Ok(Step::Retry)
    }

    /// Makes a dead letter of an event.
    async fn give_up(
        &self,
        room: RoomId,
        epoch: u64,
        due: Due,
        attempts: u64,
        reason: String,
    ) -> Result<(), Error> {
        let endpoint = self.name.clone();
        tracing::error!(endpoint = &*endpoint, id = due.id, attempts, reason, "a dead letter");
        let row = DeadLetterRow {
            endpoint,
            shard: Shard::of(room).get(),
            died: self.services.clock.now(),
            id: due.id.into(),
            kind: due.kind.into(),
            room,
            position: due.position,
            attempts,
            reason: reason.into(),
        };
        self.dead_letters.keep(row, epoch).await?;
        self.counters.died();
        Ok(())
    }
}
