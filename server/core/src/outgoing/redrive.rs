//! Sending dead letters again, on the node that owns their rooms.

use std::sync::Arc;

use bytes::Bytes;
use caffis_schema::{
    Error, ErrorCode, List, Text,
    endpoints::{FailedRedrive, Redriven},
};
use futures_util::future::join_all;
use tokio::time::{Duration, Instant, timeout_at};

use super::{
    Outgoing, kinds::Source, policy::Verdict, policy::verdict, reports::REPORTED, worker::Worker,
};
use crate::{
    cluster::{Owner, Shard},
    errors::not_now,
    model::webhooks::{DeadLetterFilter, room_of_webhook},
    pages::forward,
    ports::webhooks::Outbound,
    tables::DeadLetterRow,
};

/// How long dead letters are sent again at a time: whoever asks is answered in time.
const REDRIVE: Duration = Duration::from_secs(4);

/// Dead letters of one endpoint that are sent again at the same time.
const AT_ONCE: usize = 8;

/// The most dead letters of one endpoint that are sent again at a time.
const AT_A_TIME: usize = 500;

/// What became of a dead letter.
enum Again {
    Delivered,
    /// What happened is not kept any more.
    Gone,
    Failed(String),
}

impl Outgoing {
    /// Sends dead letters of this node's shards again, oldest first, with their ids. Those that are taken are dead
    /// letters no longer; after one that is not, nothing more is sent to its endpoint.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn redrive_here(&self, which: &DeadLetterFilter) -> Result<Redriven, Error> {
        let end = Instant::now() + REDRIVE;
        let of = which.id.as_deref().map(room_of_webhook);
        let is_meant = |shard: &Shard| match of {
            None => true,
            Some(room) => room.is_some_and(|room| Shard::of(room) == *shard),
        };
        let owners = &self.services.owners;
        let is_own = |shard: &Shard| matches!(owners.owner(*shard), Owner::Here { .. });
        let shards: Vec<_> = Shard::all().filter(is_meant).filter(is_own).collect();
        let mut done = Redriven::default();
        for worker in self.workers(which.endpoint.as_deref()) {
            let rows = worker.dead_letters.oldest(&shards, None, AT_A_TIME).await?;
            let full = rows.len() >= AT_A_TIME;
            let is_meant =
                |row: &DeadLetterRow| which.id.as_deref().is_none_or(|id| id == &*row.id);
            let rows: Vec<_> = rows.into_iter().filter(is_meant).collect();
            let before = done.left;
            let failed = worker.redrive(&rows, end, &mut done).await?;
            done.more |= failed.is_none() && (full || done.left > before);
            if let Some((id, reason)) = failed {
                let failed = FailedRedrive { id: Text::cut(&id), reason: Text::cut(&reason) };
                done.failed = List::cut(done.failed.iter().cloned().chain([failed]).collect());
            }
        }
        Ok(done)
    }

    /// The body that a dead letter of this node's shards would have now.
    ///
    /// # Errors
    /// `not_found` if there is none with this id, and what keeps its room from being read.
    pub(crate) async fn body_here(&self, id: &str) -> Result<Option<Bytes>, Error> {
        let (worker, row) = self.find(id).await?;
        worker.body_of(&row).await
    }

    /// A dead letter by its id, and the worker of its endpoint.
    ///
    /// # Errors
    /// `not_found` if there is none, and the store's.
    pub(super) async fn find(&self, id: &str) -> Result<(Arc<Worker>, DeadLetterRow), Error> {
        if let Some(room) = room_of_webhook(id) {
            for worker in self.workers(None) {
                let rows = worker.dead_letters.list(Shard::of(room)).await?;
                if let Some(row) = rows.into_iter().find(|row| &*row.id == id) {
                    return Ok((worker, row));
                }
            }
        }
        Err(Error::refused(ErrorCode::NotFound, "There is no such dead letter."))
    }
}

impl Worker {
    /// Sends these again, some at a time, until one is not taken or the time is up. Gives the one that was not
    /// taken, and why.
    async fn redrive(
        &self,
        rows: &[DeadLetterRow],
        end: Instant,
        done: &mut Redriven,
    ) -> Result<Option<(String, String)>, Error> {
        let mut failed = None;
        let mut chunks = rows.chunks(AT_ONCE);
        for chunk in chunks.by_ref() {
            if Instant::now() >= end {
                done.left += count(chunk.len());
                break;
            }
            let attempts = chunk.iter().map(|row| self.redrive_one(row, end));
            for (row, result) in chunk.iter().zip(join_all(attempts).await) {
                match result? {
                    Again::Delivered => {
                        self.dead_letters.remove(row).await?;
                        done.delivered += 1;
                    }
                    Again::Gone => {
                        self.dead_letters.remove(row).await?;
                        done.gone += 1;
                    }
                    Again::Failed(reason) => {
                        done.left += 1;
                        failed.get_or_insert_with(|| (row.id.to_string(), reason));
                    }
                }
            }
            if failed.is_some() {
                break;
            }
        }
        done.left += count(chunks.map(<[_]>::len).sum());
        Ok(failed)
    }

    async fn redrive_one(&self, row: &DeadLetterRow, end: Instant) -> Result<Again, Error> {
        let body = match self.body_of(row).await {
            Ok(Some(body)) => body,
            Ok(None) => return Ok(Again::Gone),
            Err(error) if error.retry_after_ms.is_some() => {
                return Ok(Again::Failed(error.sentence.to_string()));
            }
            Err(error) => return Err(error),
        };
        let (endpoint, id) = (row.endpoint.clone(), row.id.to_string());
        let webhook = Outbound { endpoint, id, body };
        let under_way = self.counters.attempt();
        let answer = timeout_at(end, self.sender().send(&webhook)).await;
        drop(under_way);
        let Ok(answer) = answer else {
            self.counters.failed();
            return Ok(Again::Failed("no answer in time".to_owned()));
        };
        Ok(match verdict(answer) {
            Verdict::Delivered => {
                self.counters.delivered();
                Again::Delivered
            }
            Verdict::Refused(reason) | Verdict::Later { reason, .. } => {
                self.counters.failed();
                Again::Failed(reason)
            }
        })
    }

    /// The body of a dead letter, from what the chat says now; none if that is nothing any more.
    async fn body_of(&self, row: &DeadLetterRow) -> Result<Option<Bytes>, Error> {
        if &*row.kind == REPORTED {
            return self.body_of_dead_report(row).await;
        }
        let cell = match self.services.rooms.loaded(row.room).await {
            Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
            cell => cell?,
        };
        let state = cell.state().ok_or_else(not_now)?;
        if row.position > state.head {
            return Ok(None);
        }
        let at = row.position;
        let entries = forward(&self.services, &cell, &state, at, at, 1).await?;
        let Some(entry) = entries.first().filter(|entry| entry.position == at) else {
            return Ok(None);
        };
        let (services, preview_bytes) = (&self.services, self.preview_bytes);
        let source = Source { services, state: &state, entry, preview_bytes };
        Ok(source.event().await.map(|event| event.body(entry.time).into()))
    }
}

fn count(some: usize) -> u32 {
    u32::try_from(some).unwrap_or(u32::MAX)
}
