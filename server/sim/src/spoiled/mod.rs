//! A store with a planted bug.

mod rows;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_conformance::random::Random;
use caffis_core::{
    ports::store::{
        Batch, Key, Operation, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits,
        Swap, Table, Value,
    },
    tables::{
        ActivityRow, BucketRow, FlagRow, InvitesRow, MarkerRow, MemberRow, MentionRow, RemovalRow,
        ReportIndexRow, RoomSettingsRow, ScheduledAnswerRow, SearchTermRow, SentRow,
        ThreadDraftRow, ThreadMarkRow, TimelineRow, UserRow, VoteRow,
    },
};
use caffis_schema::Timestamp;
use tokio::time::sleep;

use self::rows::{forget_settings, is_settings_again, joining, shared};
use crate::{Planted, gate::Gate, trace::lock};

/// How long an append takes to become durable that was answered before.
const LATER: Duration = Duration::from_millis(300);

/// Of a thousand appends that bring members, how many become void.
const VOID: u16 = 250;

/// Of a thousand active rooms, how many reactors do not hear of.
const SKIPPED: u16 = 250;

/// A store with a bug.
pub(crate) struct Spoiled {
    inner: SharedStore,
    bug: Planted,
    /// The doors of the process whose store it is.
    gate: Arc<Gate>,
    /// Whether nothing goes wrong any more.
    healed: Arc<AtomicBool>,
    random: Mutex<Random>,
    /// When polls close that were read without that.
    closings: Mutex<BTreeMap<Key, Option<Timestamp>>>,
}

fn is_append(batch: &Batch) -> bool {
    batch.operations.iter().any(|operation| {
        matches!(operation, Operation::Put { table, fresh: true, .. }
            if table.name == TimelineRow::TABLE.name)
    })
}

fn puts(batch: &Batch, wanted: &Table, again: bool) -> bool {
    batch.operations.iter().any(|operation| {
        matches!(operation, Operation::Put { table, fresh, .. }
            if table.name == wanted.name && *fresh != again)
    })
}

/// Whether a batch writes the end of a log again.
fn is_takeover(batch: &Batch) -> bool {
    puts(batch, TimelineRow::TABLE, true) && puts(batch, BucketRow::TABLE, true)
}

/// Whether a batch writes messages that were changed.
fn is_rewrite(batch: &Batch) -> bool {
    puts(batch, TimelineRow::TABLE, true) && !puts(batch, BucketRow::TABLE, true)
}

impl Spoiled {
    /// The store, with the bug if it is one of a store.
    pub(crate) fn around(
        (bug, healed): (Option<Planted>, Arc<AtomicBool>),
        inner: SharedStore,
        gate: Arc<Gate>,
        seed: u64,
    ) -> SharedStore {
        let Some(bug) = bug else { return inner };
        let random = Mutex::new(Random::new(seed));
        Arc::new(Self { inner, bug, gate, healed, random, closings: Mutex::default() })
    }

    fn forgets(&self, table: &Table) -> bool {
        self.bug == Planted::ForgetsSent && table.name == SentRow::TABLE.name
    }

    fn shares(&self, table: &Table) -> bool {
        self.bug == Planted::SharesBuckets && table.name == TimelineRow::TABLE.name
    }

    fn key(&self, table: &Table, key: &Key) -> Key {
        let mut key = key.clone();
        if self.shares(table) {
            shared(&mut key.partition);
        }
        key
    }

    /// What an owner knows of a row that it reads.
    fn read(&self, table: &Table, row: &mut Row) {
        if self.healed.load(Ordering::Relaxed) {
            return;
        }
        match self.bug {
            Planted::ForgetsRoles if table.name == MemberRow::TABLE.name => rows::promote(row),
            Planted::ForgetsExpiry if table.name == InvitesRow::TABLE.name => {
                rows::change_links(row, |link| link.invite.expires = None);
            }
            Planted::ForgetsUses if table.name == InvitesRow::TABLE.name => {
                rows::change_links(row, |link| link.invite.uses = 0);
            }
            _ => {}
        }
    }

    /// What is known of a message that is read alone.
    fn read_one(&self, table: &Table, row: &mut Row) {
        self.read(table, row);
        if self.bug == Planted::ForgetsClosing
            && table.name == TimelineRow::TABLE.name
            && !self.healed.load(Ordering::Relaxed)
            && let Some(closes) = rows::set_closing(row, None)
        {
            lock(&self.closings).insert(row.key.clone(), closes);
        }
    }

    /// The message itself is written as it was.
    fn restore_closings(&self, batch: &mut Batch) {
        let closings = lock(&self.closings);
        for (key, row) in batch.operations.iter_mut().filter_map(rows::in_log) {
            if let Some(closes) = closings.get(&key) {
                rows::set_closing(row, *closes);
            }
        }
    }

    /// Answers at once and writes later; the write may be lost with the process.
    fn write_later(&self, batch: Batch, lost: bool) -> StoreFuture<'_, ()> {
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        Box::pin(async move {
            tokio::spawn(async move {
                sleep(LATER).await;
                if !(lost && gate.is_dead()) {
                    // Nobody waits for it.
                    let _ = inner.write(batch).await;
                }
            });
            Ok(())
        })
    }

    /// Writes a batch without the rows of a table.
    fn write_without(&self, lost: &Table, mut batch: Batch) -> StoreFuture<'_, ()> {
        batch.operations.retain(|operation| {
            !matches!(operation, Operation::Put { table, .. } if table.name == lost.name)
        });
        if batch.operations.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.inner.write(batch)
    }

    /// Writes the rows of new members first, and sometimes only those.
    async fn write_members_first(&self, batch: Batch) -> Result<(), StoreError> {
        let rows = joining(&batch);
        if !rows.operations.is_empty() && lock(&self.random).chance(VOID) {
            self.inner.write(rows).await?;
            return Err(StoreError::Unknown("a planted bug".to_owned()));
        }
        self.inner.write(batch).await
    }
}

impl Store for Spoiled {
    fn get<'a>(&'a self, table: &'static Table, key: &'a Key) -> StoreFuture<'a, Option<Row>> {
        Box::pin(async move {
            if self.forgets(table) {
                return Ok(None);
            }
            let mut found = self.inner.get(table, &self.key(table, key)).await?;
            found.iter_mut().for_each(|row| self.read_one(table, row));
            Ok(found.map(|row| Row { key: key.clone(), ..row }))
        })
    }

    fn get_many<'a>(
        &'a self,
        table: &'static Table,
        keys: &'a [Key],
    ) -> StoreFuture<'a, Vec<Option<Row>>> {
        Box::pin(async move {
            if self.forgets(table) {
                return Ok(vec![None; keys.len()]);
            }
            let asked: Vec<_> = keys.iter().map(|key| self.key(table, key)).collect();
            let mut found = self.inner.get_many(table, &asked).await?;
            found.iter_mut().flatten().for_each(|row| self.read_one(table, row));
            let rows = found.into_iter().zip(keys);
            Ok(rows.map(|(row, key)| Some(Row { key: key.clone(), ..row? })).collect())
        })
    }

    fn scan(&self, mut scan: Scan) -> StoreFuture<'_, Vec<Row>> {
        Box::pin(async move {
            let partition = scan.partition.clone();
            if self.shares(scan.table) {
                shared(&mut scan.partition);
            }
            let skips =
                self.bug == Planted::SkipsActivity && scan.table.name == ActivityRow::TABLE.name;
            let table = scan.table;
            let mut rows = self.inner.scan(scan).await?;
            rows.iter_mut().for_each(|row| self.read(table, row));
            if skips {
                let mut random = lock(&self.random);
                rows.retain(|_| !random.chance(SKIPPED));
            }
            if self.bug == Planted::ForgetsSettings && !self.healed.load(Ordering::Relaxed) {
                rows.iter_mut().for_each(forget_settings);
            }
            rows.iter_mut().for_each(|row| row.key.partition = partition.clone());
            Ok(rows)
        })
    }

    fn limits(&self) -> StoreLimits {
        self.inner.limits()
    }

    fn write(&self, mut batch: Batch) -> StoreFuture<'_, ()> {
        match self.bug {
            Planted::AcknowledgesEarly if is_append(&batch) => self.write_later(batch, true),
            Planted::TellsEarly if is_append(&batch) => self.write_later(batch, false),
            Planted::LeavesTail if is_takeover(&batch) => Box::pin(async { Ok(()) }),
            Planted::KeepsWords if is_rewrite(&batch) => Box::pin(async { Ok(()) }),
            Planted::KeepsVoidMembers if is_append(&batch) => {
                Box::pin(self.write_members_first(batch))
            }
            Planted::LosesMarkers => self.write_without(MarkerRow::TABLE, batch),
            Planted::ForgetsRemovals => self.write_without(RemovalRow::TABLE, batch),
            Planted::ForgetsStars => self.write_without(FlagRow::TABLE, batch),
            Planted::ForgetsDrafts => self.write_without(ThreadDraftRow::TABLE, batch),
            Planted::ForgetsReports => self.write_without(ReportIndexRow::TABLE, batch),
            Planted::ForgetsPeople => self.write_without(UserRow::TABLE, batch),
            Planted::ForgetsWords => self.write_without(SearchTermRow::TABLE, batch),
            Planted::ForgetsMutes => {
                rows::unmute(&mut batch);
                self.inner.write(batch)
            }
            Planted::ForgetsImports => {
                batch.operations.retain(|operation| !rows::is_lasting(operation));
                self.inner.write(batch)
            }
            Planted::ForgetsClosing => {
                self.restore_closings(&mut batch);
                self.inner.write(batch)
            }
            Planted::ForgetsVotes => self.write_without(VoteRow::TABLE, batch),
            Planted::LosesFollowers => self.write_without(ThreadMarkRow::TABLE, batch),
            Planted::LosesMentions => self.write_without(MentionRow::TABLE, batch),
            Planted::ForgetsSettings => {
                batch.operations.retain(|operation| !is_settings_again(operation));
                self.write_without(RoomSettingsRow::TABLE, batch)
            }
            Planted::KeepsCancelled if puts(&batch, ScheduledAnswerRow::TABLE, true) => {
                batch.operations.retain(|operation| !matches!(operation, Operation::Delete { .. }));
                self.inner.write(batch)
            }
            Planted::SharesBuckets => {
                for operation in &mut batch.operations {
                    if let Operation::Put { table, row, .. } = operation
                        && table.name == TimelineRow::TABLE.name
                    {
                        shared(&mut row.key.partition);
                    }
                }
                self.inner.write(batch)
            }
            _ => self.inner.write(batch),
        }
    }

    fn insert_if_absent(&self, table: &'static Table, row: Row) -> StoreFuture<'_, Option<Row>> {
        self.inner.insert_if_absent(table, row)
    }

    fn compare_and_set(
        &self,
        table: &'static Table,
        key: Key,
        expected: Vec<Value>,
        new: Vec<Value>,
    ) -> StoreFuture<'_, Swap> {
        self.inner.compare_and_set(table, key, expected, new)
    }
}
