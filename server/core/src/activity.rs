//! Which rooms were active when, for the reactors that follow the log.
//!
//! An owner notes its room in the present minute of its shard (`activity`), with the entries. Reactors read
//! the minutes that are over and keep a cursor for each shard (`cursors`). So that none of them misses an
//! entry:
//!
//! - A new owner of a shard writes the cursors again, before its first entry: what an earlier owner sends
//!   late does not move them any more (rule 15).
//! - A minute is **closed** before it is read: the owner notes nothing in it any more, whatever its clock
//!   says (rule 23).
//! - It is read when each write that was sent before it was closed has ended, or was given up (rule 24).
//!   That takes a time, not a clock: a period of the walker.
//!
//! What it costs: a row for each room and minute with entries, and one for each shard that changes hands.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::RoomId;
use futures_util::future::try_join_all;

use crate::{
    cluster::Shard,
    ports::{
        clock::SharedClock,
        stamps::Stamps,
        store::{Batch, Scan, SharedStore, StoreError},
    },
    sync::lock,
    tables::{self, ActivityRow, ColumnValue, CursorRow},
};

/// The minutes of one partition of `activity`.
pub(crate) const HOUR: u64 = 60;

/// How far the clock of a shard's last owner may have been ahead, in hours, for its last minutes to be found
/// at once. What it noted further ahead waits until the clock gets there.
const HOURS_AHEAD: u64 = 3;

/// Rows that are read at a time.
pub(crate) const PAGE: usize = 1_000;

/// The most reactors: more cursors than these are not read.
const REACTORS: usize = 64;

/// Where a reactor is in a shard.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// What the store has.
    stored: u64,
    /// What is handled. The store may lag where there was nothing to handle.
    handled: u64,
}

/// Where a page of active rooms begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum After {
    /// After a minute.
    Minute(u64),
    /// After a room in a minute.
    Room(u64, RoomId),
}

/// What an owner knows of a shard.
#[derive(Debug)]
struct Adopted {
    epoch: u64,
    /// The last minute that is closed.
    closed: u64,
    /// The last minute in which rooms were noted, by this owner or, ahead of its clock, an earlier one.
    noted: u64,
    cursors: BTreeMap<&'static str, Cursor>,
}

#[derive(Debug, Default)]
struct Slot {
    /// One adoption at a time.
    adopting: tokio::sync::Mutex<()>,
    adopted: Mutex<Option<Adopted>>,
}

/// The activity of the shards that this node owns.
pub(crate) struct Activity {
    store: SharedStore,
    stamps: Arc<Stamps>,
    clock: SharedClock,
    retention: Duration,
    reactors: Vec<&'static str>,
    /// Whether shards had other owners, whose writes may land late.
    takes_over: bool,
    slots: Vec<Slot>,
}

impl Activity {
    pub(crate) fn new(
        store: SharedStore,
        stamps: Arc<Stamps>,
        clock: SharedClock,
        retention: Duration,
        reactors: Vec<&'static str>,
        takes_over: bool,
    ) -> Self {
        let slots = Shard::all().map(|_| Slot::default()).collect();
        Self { store, stamps, clock, retention, reactors, takes_over, slots }
    }

    fn slot(&self, shard: Shard) -> &Slot {
        // There is one for each shard.
        &self.slots[shard.get() as usize]
    }

    fn with<T>(&self, shard: Shard, epoch: u64, take: impl FnOnce(&mut Adopted) -> T) -> Option<T> {
        let mut adopted = lock(&self.slot(shard).adopted);
        adopted.as_mut().filter(|adopted| adopted.epoch == epoch).map(take)
    }

    /// Takes over what a shard's reactors have handled, before the first entry of this epoch.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn adopt(&self, shard: Shard, epoch: u64) -> Result<(), StoreError> {
        self.take_over(shard, epoch, true).await
    }

    /// As [`Activity::adopt`], but leaves a shard alone in which there never was an entry.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn adopt_used(&self, shard: Shard, epoch: u64) -> Result<(), StoreError> {
        self.take_over(shard, epoch, false).await
    }

    async fn take_over(&self, shard: Shard, epoch: u64, begin: bool) -> Result<(), StoreError> {
        if self.with(shard, epoch, |_| ()).is_some() {
            return Ok(());
        }
        let _adopting = self.slot(shard).adopting.lock().await;
        if self.with(shard, epoch, |_| ()).is_some() {
            return Ok(());
        }
        let partition = CursorRow::partition(&shard.get());
        let rows: Vec<CursorRow> = tables::partition(&*self.store, partition, REACTORS).await?;
        if rows.is_empty() && !begin {
            return Ok(());
        }
        let mut cursors = BTreeMap::new();
        let mut batch = Batch::partition(self.stamps.next()?);
        // A reactor that is new here follows what comes from now on.
        let now = self.present().saturating_sub(1);
        for name in &self.reactors {
            let found = rows.iter().find(|row| *row.reactor == **name);
            let minute = found.map_or(now, |row| row.minute);
            if found.is_none() || self.takes_over {
                batch.put(&CursorRow { shard: shard.get(), reactor: (*name).into(), minute });
            }
            cursors.insert(*name, Cursor { stored: minute, handled: minute });
        }
        if !batch.operations.is_empty() {
            self.store.write(batch).await?;
        }
        let closed = cursors.values().map(|cursor| cursor.handled).max().unwrap_or(0);
        // Up to the present minute, too, and the clock may be set back.
        let noted = self.noted_ahead(shard).await?.unwrap_or(closed).max(self.present());
        let adopted = Adopted { epoch, closed, noted, cursors };
        *lock(&self.slot(shard).adopted) = Some(adopted);
        Ok(())
    }

    /// The last minute ahead of the clock in which rooms of a shard were noted: the clock was set back since,
    /// or the last owner's was ahead.
    async fn noted_ahead(&self, shard: Shard) -> Result<Option<u64>, StoreError> {
        let present = self.present();
        let hours = (0..=HOURS_AHEAD).map(|ahead| {
            tables::read::<ActivityRow>(
                &*self.store,
                Scan {
                    table: ActivityRow::TABLE,
                    partition: ActivityRow::partition(&shard.get(), &(present / HOUR + ahead)),
                    from: Bound::Excluded(vec![present.to_value()]),
                    to: Bound::Unbounded,
                    reverse: true,
                    limit: 1,
                },
            )
        });
        let last = try_join_all(hours).await?;
        Ok(last.into_iter().flatten().map(|row| row.minute).max())
    }

    /// The minute of the clock.
    fn present(&self) -> u64 {
        self.clock.now().get() / 60_000
    }

    /// The minute in which an entry is noted: the clock's, but no closed one (rule 23).
    ///
    /// # Errors
    /// The shard was not adopted in this epoch: it has another owner now.
    pub(crate) fn minute(&self, shard: Shard, epoch: u64) -> Result<u64, StoreError> {
        let present = self.present();
        let minute = self.with(shard, epoch, |adopted| {
            let minute = present.max(adopted.closed + 1);
            adopted.noted = adopted.noted.max(minute);
            minute
        });
        minute.ok_or_else(|| StoreError::Unavailable("the shard has another owner".to_owned()))
    }

    /// Notes that a room was active in a minute.
    pub(crate) fn note(&self, batch: &mut Batch, room: RoomId, minute: u64) {
        note(batch, room, minute, self.retention);
    }

    /// Closes the minutes that are over. Gives the last one that was closed before: a period after that
    /// it may be read. None if the shard was not adopted in this epoch.
    pub(crate) fn close(&self, shard: Shard, epoch: u64) -> Option<u64> {
        let present = self.present();
        self.with(shard, epoch, |adopted| {
            let before = adopted.closed;
            adopted.closed = before.max(present.saturating_sub(1));
            if adopted.noted > present {
                // The clock was set back. What was noted before is not left waiting until it gets there.
                adopted.closed = adopted.closed.max(adopted.noted);
            }
            before
        })
    }

    /// The minute up to which a reactor has handled a shard, but not further back than activity is kept.
    pub(crate) fn cursor(&self, shard: Shard, epoch: u64, reactor: &str) -> Option<u64> {
        let kept = self.present().saturating_sub(self.retention.as_secs() / 60);
        let handled =
            self.with(shard, epoch, |adopted| Some(adopted.cursors.get(reactor)?.handled));
        handled.flatten().map(|handled| handled.max(kept))
    }

    /// The rooms that were active in an hour of a shard, up to a minute, that come after `from`.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn page(
        &self,
        (shard, hour): (Shard, u64),
        from: After,
        until: u64,
        limit: usize,
    ) -> Result<Vec<ActivityRow>, StoreError> {
        let from = match from {
            After::Minute(minute) => vec![minute.to_value()],
            After::Room(minute, room) => vec![minute.to_value(), room.to_value()],
        };
        let (from, to) = (Bound::Excluded(from), Bound::Included(vec![until.to_value()]));
        let partition = ActivityRow::partition(&shard.get(), &hour);
        tables::scan(&*self.store, partition, from, to, limit).await
    }

    /// The rooms that were noted as active after the cursors of a shard.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn since_cursors(
        &self,
        shard: Shard,
        epoch: u64,
    ) -> Result<BTreeSet<RoomId>, StoreError> {
        let present = self.present();
        let cursors = self.with(shard, epoch, |adopted| {
            let first = adopted.cursors.values().map(|cursor| cursor.handled).min();
            Some((first?, adopted.noted.max(present)))
        });
        let mut rooms = BTreeSet::new();
        let Some((cursor, last)) = cursors.flatten() else { return Ok(rooms) };
        // A shard that was without an owner for long has its walk for what lies further back.
        let cursor = cursor.max(last.saturating_sub(3 * HOUR));
        for hour in (cursor + 1) / HOUR..=last / HOUR {
            let mut from = After::Minute(cursor);
            loop {
                let rows = self.page((shard, hour), from, last, PAGE).await?;
                let Some(row) = rows.last().filter(|_| rows.len() == PAGE) else {
                    rooms.extend(rows.into_iter().map(|row| row.room));
                    break;
                };
                from = After::Room(row.minute, row.room);
                rooms.extend(rows.into_iter().map(|row| row.room));
            }
        }
        Ok(rooms)
    }

    /// Notes rooms of a shard as active once more.
    ///
    /// # Errors
    /// The store's, and `Unavailable` as [`Activity::minute`].
    pub(crate) async fn note_again(
        &self,
        shard: Shard,
        epoch: u64,
        rooms: Vec<RoomId>,
    ) -> Result<(), StoreError> {
        let minute = self.minute(shard, epoch)?;
        let mut batch = Batch::partition(self.stamps.next()?);
        rooms.into_iter().for_each(|room| self.note(&mut batch, room, minute));
        match batch.operations.is_empty() {
            true => Ok(()),
            false => self.store.write(batch).await,
        }
    }

    /// Moves a reactor's cursor. The store hears of it if rooms were handled, and each hour.
    ///
    /// # Errors
    /// The store's; the cursor stays.
    pub(crate) async fn advance(
        &self,
        shard: Shard,
        epoch: u64,
        reactor: &'static str,
        minute: u64,
        handled: bool,
    ) -> Result<(), StoreError> {
        let find = |adopted: &mut Adopted| adopted.cursors.get(reactor).copied();
        let Some(cursor) = self.with(shard, epoch, find).flatten() else { return Ok(()) };
        let write = handled || minute >= cursor.stored + HOUR;
        if write {
            let row = CursorRow { shard: shard.get(), reactor: reactor.into(), minute };
            let mut batch = Batch::partition(self.stamps.next()?);
            batch.put(&row);
            self.store.write(batch).await?;
        }
        self.with(shard, epoch, |adopted| {
            let stored = if write { minute } else { cursor.stored };
            adopted.cursors.insert(reactor, Cursor { stored, handled: minute });
        });
        Ok(())
    }
}

/// Notes that a room was active in a minute, for as long as such notes are kept.
pub(crate) fn note(batch: &mut Batch, room: RoomId, minute: u64, retention: Duration) {
    let (shard, hour) = (Shard::of(room).get(), minute / HOUR);
    batch.put_for(&ActivityRow { shard, hour, minute, room }, retention);
}
