//! `message.reported`: not from a log, but from rows that wait until the endpoint has taken them.

use std::{collections::BTreeMap, ops::Bound, sync::Arc, time::Duration};

use bytes::Bytes;
use caffis_schema::{
    EntryKind, Error, ErrorCode, Position, RoomId, UserId,
    outgoing::{ChatEvent, MessageReported},
};
use tokio::{sync::watch, time::Instant};

use super::{
    kinds::{Source, words},
    policy::{TRIED_FOR, Verdict, verdict},
    worker::Worker,
};
use crate::{
    cluster::{Owner, Shard},
    errors::not_now,
    model::digest::digest,
    pages::forward,
    ports::{
        store::{Batch, Key, StoreError},
        webhooks::Outbound,
    },
    sync::every,
    tables::{self, ColumnValue, DeadLetterRow, ReportRow, ReportTaskRow},
};

/// The kind.
pub(super) const REPORTED: &str = "message.reported";

/// How often it is looked whether there is something to tell.
const LOOK: Duration = Duration::from_millis(250);

/// Rows of a shard that are read at a time.
const PAGE: usize = 50;

/// Shards of which something is to be told, with the epoch in which they are owned, and when.
#[derive(Default)]
struct Waiting(BTreeMap<Shard, (u64, Option<Instant>)>);

/// What is left of a shard.
enum Left {
    Nothing,
    /// The next attempt is after a wait.
    After(Duration),
}

impl Worker {
    /// Tells the endpoint of reports until core ends.
    pub(super) async fn tell_reports(self: Arc<Self>, ended: watch::Receiver<()>) {
        let waiting = Arc::new(tokio::sync::Mutex::new(Waiting::default()));
        every(LOOK, ended, move || {
            let (worker, waiting) = (self.clone(), waiting.clone());
            async move { worker.look_for_reports(&mut *waiting.lock().await).await }
        })
        .await;
    }

    async fn look_for_reports(&self, Waiting(waiting): &mut Waiting) {
        if !self.endpoint().wants(REPORTED) {
            // What waits is looked at when it wants to hear of it again.
            waiting.clear();
            return;
        }
        let owners = &self.services.owners;
        let noted = self.services.reports.noted(&self.name);
        for shard in Shard::all() {
            let Owner::Here { epoch } = owners.owner(shard) else {
                waiting.remove(&shard);
                continue;
            };
            let now = Instant::now();
            let known = waiting.entry(shard).or_insert((epoch, Some(now)));
            // A shard that is new here may have something that its last owner did not tell.
            if known.0 != epoch || noted.contains(&shard) {
                *known = (epoch, Some(now));
            }
            if known.1.is_none_or(|due| due > now) {
                continue;
            }
            known.1 = match self.tell_reports_of(shard).await {
                Ok(Left::Nothing) => None,
                Ok(Left::After(wait)) => Some(Instant::now() + wait),
                Err(error) => {
                    let endpoint = &*self.name;
                    tracing::debug!(%error, endpoint, "reports are told later");
                    Some(Instant::now() + super::policy::FIRST)
                }
            };
        }
    }

    async fn tell_reports_of(&self, shard: Shard) -> Result<Left, Error> {
        loop {
            let (store, whole) = (&*self.services.store, vec![self.name.to_value()]);
            let partition = ReportTaskRow::partition(&shard.get());
            let (from, to) = (Bound::Included(whole.clone()), Bound::Included(whole));
            let rows: Vec<ReportTaskRow> = tables::scan(store, partition, from, to, PAGE).await?;
            let last = rows.len() < PAGE;
            for row in rows {
                if let Left::After(wait) = self.tell_report(&row).await? {
                    return Ok(Left::After(wait));
                }
                let key = ReportTaskRow::key(
                    &row.shard,
                    &row.endpoint,
                    &row.time,
                    &row.room,
                    &row.position,
                    &row.reporter,
                );
                self.forget_report(key).await?;
            }
            if last {
                return Ok(Left::Nothing);
            }
        }
    }

    async fn forget_report(&self, key: Key) -> Result<(), StoreError> {
        let mut batch = Batch::partition(self.services.stamps.next()?);
        batch.delete::<ReportTaskRow>(key);
        self.services.store.write(batch).await
    }

    async fn tell_report(&self, row: &ReportTaskRow) -> Result<Left, Error> {
        let epoch = self.epoch_of(row.room)?;
        let Some(body) = self.body_of_report(row.room, row.position, &row.reporter).await? else {
            return Ok(Left::Nothing);
        };
        if let Err(open) = self.breaker.admit(Instant::now()) {
            return Ok(Left::After(open));
        }
        let (endpoint, id) = (self.name.clone(), report_id(row, &self.name));
        let webhook = Outbound { endpoint, id, body };
        let under_way = self.counters.attempt();
        let answer = self.sender().send(&webhook).await;
        drop(under_way);
        let (reason, wait) = match verdict(answer) {
            Verdict::Delivered => {
                self.counters.delivered();
                self.answered();
                return Ok(Left::Nothing);
            }
            Verdict::Refused(reason) => {
                self.counters.failed();
                self.answered();
                (reason, None)
            }
            Verdict::Later { reason, after, all } => {
                self.counters.failed();
                let open = self.failed(&reason, all, after);
                (reason, Some(open.unwrap_or(super::policy::FIRST)))
            }
        };
        let now = self.services.clock.now();
        let over = u128::from(now.since(row.time)) >= TRIED_FOR.as_millis();
        if let Some(wait) = wait.filter(|_| !over) {
            return Ok(Left::After(wait));
        }
        let dead = DeadLetterRow {
            endpoint: self.name.clone(),
            shard: row.shard,
            died: now,
            id: webhook.id.into(),
            kind: REPORTED.into(),
            room: row.room,
            position: row.position,
            attempts: 1,
            reason: reason.into(),
        };
        tracing::error!(endpoint = &*dead.endpoint, id = &*dead.id, "a dead letter");
        self.dead_letters.keep(dead, epoch).await?;
        self.counters.died();
        Ok(Left::Nothing)
    }

    /// The body of a dead letter about a report: of the one that has its id.
    ///
    /// # Errors
    /// What keeps the room from being read.
    pub(super) async fn body_of_dead_report(
        &self,
        dead: &DeadLetterRow,
    ) -> Result<Option<Bytes>, Error> {
        let bounds = vec![dead.position.to_value()];
        let (from, to) = (Bound::Included(bounds.clone()), Bound::Included(bounds));
        let partition = ReportRow::partition(&dead.room);
        // Of one message there are no more than this can find in one look; of the rest there is no body.
        let rows: Vec<ReportRow> =
            tables::scan(&*self.services.store, partition, from, to, PAGE * PAGE).await?;
        let is_meant = |row: &&ReportRow| dead.id.contains(&mark(&row.reporter));
        match rows.iter().find(is_meant) {
            Some(row) => self.body_of_report(row.room, row.position, &row.reporter).await,
            None => Ok(None),
        }
    }

    /// The body that tells of a report; none if it is not kept any more.
    async fn body_of_report(
        &self,
        room: RoomId,
        position: Position,
        reporter: &UserId,
    ) -> Result<Option<Bytes>, Error> {
        let services = &self.services;
        let key = ReportRow::key(&room, &position, reporter);
        let Some(row) = tables::get::<ReportRow>(&*services.store, key).await? else {
            return Ok(None);
        };
        let cell = match services.rooms.loaded(room).await {
            Err(error) if error.code == ErrorCode::NotFound => return Ok(None),
            cell => cell?,
        };
        let state = cell.state().ok_or_else(not_now)?;
        let meta = &state.meta;
        if row.time < self.since() || !self.endpoint().follows(&meta.context.kind) {
            return Ok(None);
        }
        let found = forward(services, &cell, &state, position, position, 1).await?.pop();
        let Some(entry) = found else { return Ok(None) };
        let EntryKind::Message(message) = &entry.kind else { return Ok(None) };
        let (body, preview) = words(&message.body, self.preview_bytes);
        let preview_bytes = self.preview_bytes;
        let source = Source { services, state: &state, entry: &entry, preview_bytes };
        let event = ChatEvent::MessageReported(MessageReported {
            room: source.about(),
            message: position,
            number: message.number,
            sender: message.sender.clone(),
            reporter: row.reporter,
            reason: row.reason,
            text: row.text,
            body,
            preview,
        });
        Ok(Some(event.body(row.time).into()))
    }
}

/// What tells one reporter of a message from another in an id.
fn mark(reporter: &UserId) -> String {
    format!("_report-{:016x}_", digest(reporter))
}

/// The `webhook-id` of a report: the same in each attempt.
fn report_id(row: &ReportTaskRow, endpoint: &str) -> String {
    format!("evt_{}_{}{}{endpoint}", row.room, row.position, mark(&row.reporter))
}
