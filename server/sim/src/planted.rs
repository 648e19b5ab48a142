//! Bugs planted on purpose, which the simulation has to find. They sit around the product and not in it:
//! in a store, a clock, a link or a device that does to the product what the bug would.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use caffis_conformance::random::Random;
use caffis_core::{
    model::room::Membership,
    ports::store::{
        Batch, Key, Operation, Row, Scan, SharedStore, Store, StoreError, StoreFuture, StoreLimits,
        Swap, Table, Value,
    },
    tables::{
        ActivityRow, BucketRow, FlagRow, MarkerRow, MemberRow, MentionRow, Record, RemovalRow,
        RoomSettingsRow, ScheduledAnswerRow, SentRow, ThreadMarkRow, TimelineRow, UserRoomRow,
        VoteRow,
    },
};
use caffis_schema::{
    Codec, EntryKind, codec,
    room::Role,
    settings::{RoomSettings, SettingsChange},
};
use clap::ValueEnum;
use tokio::time::sleep;

use crate::{gate::Gate, trace::lock};

/// A bug planted on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Planted {
    /// An append is answered before it is durable; when the process dies soon after, it is lost.
    AcknowledgesEarly,
    /// An append is told before its entries can be read.
    TellsEarly,
    /// What became of commands is not looked up: the store has nothing in `sent`.
    ForgetsSent,
    /// What is known to be over by the clock is taken for held: a process that stood still for longer
    /// than its lease acknowledges what it wrote before.
    OutlivesLease,
    /// Buckets are named by their number alone: an old epoch's entry counts in the new one's bucket.
    SharesBuckets,
    /// A new owner does not write the end of the log again.
    LeavesTail,
    /// The rows of messages stay as they were when these are edited or deleted.
    KeepsWords,
    /// The rows of a new member are written before the entry, and stay when the entry is void.
    KeepsVoidMembers,
    /// Somebody who was removed still hears of the room.
    HearsAfterRemoval,
    /// Markers do not reach the store.
    LosesMarkers,
    /// A new owner does not know how people write in a room, and lets everybody write.
    ForgetsSettings,
    /// What people choose in polls does not reach the store: who votes again counts twice.
    ForgetsVotes,
    /// Replies in threads make nobody follow them.
    LosesFollowers,
    /// People are not told of messages that mention them.
    LosesMentions,
    /// Nobody remembers who was removed from a group: they come back by links.
    ForgetsRemovals,
    /// Stars do not reach the store.
    ForgetsStars,
    /// What is scheduled stays when it is cancelled.
    KeepsCancelled,
    /// Some entries are not shown, as by a client that ignores gaps.
    SkipsEntries,
    /// Some entries are shown twice.
    RepeatsEntries,
    /// Resumes never reach the server: gaps stay open, and nothing after them is shown.
    ResumesNothing,
    /// Nodes do not hear from each other who is connected.
    HidesPeople,
    /// Reactors do not hear of some rooms that were active.
    SkipsActivity,
    /// More waits for sessions than may.
    OverfillsQueues,
}

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

/// The partition of a bucket as one of the first epoch.
fn shared(partition: &mut [Value]) {
    if let Some(epoch) = partition.get_mut(1) {
        *epoch = Value::U64(1);
    }
}

/// What a row of a log says.
fn kind(row: &TimelineRow) -> Option<EntryKind> {
    codec::decode(row.content.as_ref()?, Codec::Binary).ok()
}

/// Makes an entry that says how people write in a room say that all may.
fn forget_settings(row: &mut Row) {
    let Some(mut record) = TimelineRow::from_row(row.clone()) else { return };
    let Some(EntryKind::Settings(change)) = kind(&record) else { return };
    let forgotten =
        EntryKind::Settings(SettingsChange { settings: RoomSettings::default(), ..change });
    record.content = codec::encode(&forgotten, Codec::Binary).ok().map(Bytes::from);
    *row = record.to_row();
}

/// Whether a new owner writes again how people write in a room.
fn is_settings_again(operation: &Operation) -> bool {
    let Operation::Put { table, row, fresh: false, .. } = operation else { return false };
    let record = (table.name == TimelineRow::TABLE.name).then(|| row.clone());
    let record = record.and_then(TimelineRow::from_row);
    record.is_some_and(|record| matches!(kind(&record), Some(EntryKind::Settings(_))))
}

/// The rows of those whom an append brings into a room.
fn joining(batch: &Batch) -> Batch {
    let mut rows = Batch::logged(batch.stamp);
    for operation in &batch.operations {
        let Operation::Put { table, row, .. } = operation else { continue };
        if table.name != TimelineRow::TABLE.name {
            continue;
        }
        let Some(row) = TimelineRow::from_row(row.clone()) else { continue };
        let Some(EntryKind::Joined(joined)) = kind(&row) else { continue };
        for user in joined.users.iter() {
            let member = Membership {
                role: Role::Member,
                joined: row.time,
                joined_position: row.position,
                visible_after: joined.visible_after,
                unread_after: Default::default(),
            };
            rows.put(&MemberRow::new(row.room, user.clone(), &member));
            let (user, room, joined) = (user.clone(), row.room, row.time);
            rows.put(&UserRoomRow { user, room, joined, peer: None });
        }
    }
    rows.merge();
    rows
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
        Arc::new(Self { inner, bug, gate, healed, random })
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
            let found = self.inner.get(table, &self.key(table, key)).await?;
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
            let found = self.inner.get_many(table, &asked).await?;
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
            let mut rows = self.inner.scan(scan).await?;
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
