//! Sending what is due: passes over the shards of this node.

use std::{collections::BTreeMap, ops::Bound, time::Duration};

use caffis_schema::{Error, RoomId};
use futures_util::{StreamExt, stream, stream::FuturesUnordered};
use tokio::{sync::watch, time::sleep};

use super::{Held, rows};
use crate::{
    cluster::{Changes, Shard},
    due::{DueKey, Pass, Passed, Wait},
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
const RETRY: Duration = Duration::from_secs(1);

/// How long a row among what is due may lack its message: both are written together, and readers may see one first.
const INCOMPLETE_MS: u64 = 3_600_000;

/// How long such a row waits.
const INCOMPLETE_RETRY: Duration = Duration::from_secs(60);

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
    /// It has to wait for a time.
    Waits(Duration),
    /// The clock was set back: it is not due.
    Early,
}

async fn make(services: Services, pass: Pass) -> (Shard, Passed) {
    let Pass { shard, from: begin, waiting } = pass;
    let mut passed = Passed::new(services.clock.now());
    let mut from = Bound::Included(vec![begin.to_value()]);
    loop {
        let partition = DueRow::partition(&shard.get());
        let read = tables::scan(&*services.store, partition, from, Bound::Unbounded, ROWS).await;
        let now = services.clock.now();
        let Ok(mut rows) = read else {
            passed.wait(Wait::new(now, RETRY));
            passed.from = begin;
            return (shard, passed);
        };
        let (full, last) = (rows.len() == ROWS, rows.last().map(rows::due_key));
        let later = rows.split_off(rows.partition_point(|row: &DueRow| row.due <= now));
        for (key, wait) in send_all(&services, rows, &waiting).await {
            passed.from = passed.from.min(key.0);
            match wait {
                None => passed.due(key.0),
                Some(wait) => {
                    passed.wait(wait);
                    if passed.waiting.len() < WAITING {
                        passed.waiting.insert(key, wait);
                    }
                }
            }
        }
        if let Some(next) = later.first() {
            passed.due(next.due);
        }
        match last {
            Some(last) if full && later.is_empty() => from = Bound::Excluded(last.clustering),
            _ => return (shard, passed),
        }
    }
}

/// Sends messages that are due: those of a room one after the other. Gives those that are left and how long they have to
/// wait, none for those that are not due after all.
async fn send_all(
    services: &Services,
    rows: Vec<DueRow>,
    waiting: &BTreeMap<DueKey, Wait>,
) -> Vec<(DueKey, Option<Wait>)> {
    let mut rooms: BTreeMap<RoomId, Vec<DueRow>> = BTreeMap::new();
    for row in rows {
        rooms.entry(row.room).or_default().push(row);
    }
    let sending = stream::iter(rooms.into_values()).map(|rows| async move {
        let mut left = Vec::new();
        for row in rows {
            let key = (row.due, row.room, row.user.clone(), row.id);
            let now = services.clock.now();
            if let Some(wait) = waiting.get(&key).filter(|wait| !wait.is_over(now)) {
                left.push((key, Some(*wait)));
                continue;
            }
            let outcome = send(services, &row).await.unwrap_or_else(|error| {
                let wait = error.retry_after_ms.map(|wait| Duration::from_millis(wait.into()));
                Outcome::Waits(wait.unwrap_or(RETRY))
            });
            match outcome {
                Outcome::Done => {}
                Outcome::Waits(time) => {
                    left.push((key, Some(Wait::new(services.clock.now(), time))));
                }
                Outcome::Early => left.push((key, None)),
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
            Err(_) if services.clock.now() < row.due => Ok(Outcome::Early),
            Err(error) if super::comes_again(&error) => Err(error),
            // What could not be sent has its reason.
            Ok(_) | Err(_) => Ok(Outcome::Done),
        },
        None if now.since(due.due) < INCOMPLETE_MS => Ok(Outcome::Waits(INCOMPLETE_RETRY)),
        Some(_) | None => {
            let mut batch = Batch::partition(services.stamps.next().map_err(StoreError::from)?);
            batch.delete::<DueRow>(rows::due_key(due));
            services.store.write(batch).await?;
            Ok(Outcome::Done)
        }
    }
}
