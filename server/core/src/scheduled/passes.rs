//! Sending what is due: passes over the shards of this node.

use std::{collections::BTreeMap, ops::Bound};

use caffis_schema::{Error, RoomId, Timestamp};
use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use tokio::{sync::watch, time::sleep};

use super::{Held, rows};
use crate::{
    cluster::{Changes, Shard},
    due::{DueKey, Pass, Passed, earliest},
    ports::store::{Batch, StoreError},
    services::Services,
    tables::{self, ColumnValue, DueRow},
};

/// Shards that are passed over at the same time.
const PASSES: usize = 32;

/// Rows that are read at once.
const ROWS: usize = 256;

/// Rooms of one shard in which messages are sent at the same time.
const ROOMS_AT_ONCE: usize = 16;

/// Messages of a shard of which memory keeps until when they have to wait. Others are tried with every pass.
const WAITING: usize = 1_000;

/// How long to wait before something is tried again, unless the error says it.
const RETRY_MS: u64 = 1_000;

/// How long a row among what is due may lack its message: both are written together, and readers may see one first.
const INCOMPLETE_MS: u64 = 3_600_000;

/// How long such a row waits.
const INCOMPLETE_RETRY_MS: u64 = 60_000;

/// Sends what is due in the rooms of this node, until core ends.
pub(crate) async fn keep_sending(services: Services, mut ended: watch::Receiver<()>) {
    let mut passes = FuturesUnordered::new();
    let mut changes = services.owners.changes();
    loop {
        let moved = changes.as_mut().is_some_and(Changes::take);
        let (now, owner) = (services.clock.now(), |shard| services.owners.owner(shard));
        for pass in services.due.begin(owner, (now, moved), PASSES.saturating_sub(passes.len())) {
            passes.push(make(services.clone(), pass));
        }
        let wait = services.due.wait(now);
        tokio::select! {
            biased;
            _ = ended.changed() => return,
            Some((shard, passed)) = passes.next() => services.due.end(shard, passed),
            () = services.due.earlier() => {}
            () = sleep(wait) => {}
        }
    }
}

/// What became of a row.
enum Outcome {
    /// It is gone.
    Done,
    /// It has to wait until a time.
    Waits(Timestamp),
}

async fn make(services: Services, pass: Pass) -> (Shard, Passed) {
    let Pass { shard, from: begin, waiting } = pass;
    let mut passed = Passed { next: None, from: services.clock.now(), waiting: BTreeMap::new() };
    let mut from = Bound::Included(vec![begin.to_value()]);
    loop {
        let partition = DueRow::partition(&shard.get());
        let read = tables::scan(&*services.store, partition, from, Bound::Unbounded, ROWS).await;
        let now = services.clock.now();
        let Ok(mut rows) = read else {
            passed.next = earliest(passed.next, now + RETRY_MS);
            passed.from = begin;
            return (shard, passed);
        };
        let (full, last) = (rows.len() == ROWS, rows.last().map(rows::due_key));
        let later = rows.split_off(rows.partition_point(|row: &DueRow| row.due <= now));
        for (key, until) in send_all(&services, rows, &waiting, now).await {
            passed.next = earliest(passed.next, until);
            passed.from = passed.from.min(key.0);
            if passed.waiting.len() < WAITING {
                passed.waiting.insert(key, until);
            }
        }
        if let Some(next) = later.first() {
            passed.next = earliest(passed.next, next.due);
            // The clock may have been set back since the pass began.
            passed.from = passed.from.min(next.due);
        }
        match last {
            Some(last) if full && later.is_empty() => from = Bound::Excluded(last.clustering),
            _ => return (shard, passed),
        }
    }
}

/// Sends messages that are due: those of a room one after the other. Gives those that have to wait.
async fn send_all(
    services: &Services,
    rows: Vec<DueRow>,
    waiting: &BTreeMap<DueKey, Timestamp>,
    now: Timestamp,
) -> Vec<(DueKey, Timestamp)> {
    let mut rooms: BTreeMap<RoomId, Vec<DueRow>> = BTreeMap::new();
    for row in rows {
        rooms.entry(row.room).or_default().push(row);
    }
    let sending = stream::iter(rooms.into_values()).map(|rows| async move {
        let mut left = Vec::new();
        for row in rows {
            let key = (row.due, row.room, row.user.clone(), row.id);
            let outcome = match waiting.get(&key) {
                Some(until) if *until > now => Outcome::Waits(*until),
                _ => send(services, &row).await.unwrap_or_else(|error| {
                    let wait = error.retry_after_ms.map_or(RETRY_MS, u64::from);
                    Outcome::Waits(services.clock.now() + wait.max(1))
                }),
            };
            if let Outcome::Waits(until) = outcome {
                left.push((key, until));
            }
        }
        left
    });
    sending.buffered(ROOMS_AT_ONCE).concat().await
}

/// Sends a message that is due.
async fn send(services: &Services, due: &DueRow) -> Result<Outcome, Error> {
    let held = Held::take(services, due.room, &due.user).await?;
    let now = services.clock.now();
    match held.find(due.id).await? {
        Some(row) if row.due == due.due && row.failed.is_none() => match held.send(&row).await {
            Err(error) if super::comes_again(&error) => Err(error),
            // What could not be sent has its reason.
            Ok(_) | Err(_) => Ok(Outcome::Done),
        },
        None if now.since(due.due) < INCOMPLETE_MS => Ok(Outcome::Waits(now + INCOMPLETE_RETRY_MS)),
        Some(_) | None => {
            let mut batch = Batch::partition(services.stamps.next().map_err(StoreError::from)?);
            batch.delete::<DueRow>(rows::due_key(due));
            services.store.write(batch).await?;
            Ok(Outcome::Done)
        }
    }
}
