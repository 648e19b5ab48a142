//! How far each room was followed.

use std::{collections::BTreeMap, sync::Mutex};

use caffis_schema::{Position, RoomId, Timestamp};
use caffis_words::VERSION;

use crate::{
    cluster::Shard,
    ports::store::{Store, StoreError},
    sync::lock,
    tables::{self, SearchedRow},
};

/// Rooms of which memory knows how far they are. Of others the store is asked.
const KNOWN: usize = 10_000;

/// How far a room was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) position: Position,
    pub(super) time: Timestamp,
    /// The rebuild that it has seen.
    pub(super) rebuild: u64,
    /// The store has a row of it.
    pub(super) stored: bool,
}

impl Progress {
    pub(super) fn row(self, room: RoomId) -> SearchedRow {
        let Self { position, time, rebuild, .. } = self;
        let shard = Shard::of(room).get();
        SearchedRow { shard, room, position, time, rules: VERSION, rebuild }
    }
}

/// The rooms of this node, each in the epoch in which it owns it.
#[derive(Default)]
pub(super) struct Followed(Mutex<BTreeMap<RoomId, (u64, Progress)>>);

impl Followed {
    /// How far a room was followed that this node owns in an epoch.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn find(
        &self,
        store: &dyn Store,
        room: RoomId,
        epoch: u64,
    ) -> Result<Progress, StoreError> {
        let known = lock(&self.0).get(&room).filter(|(of, _)| *of == epoch).copied();
        if let Some((_, progress)) = known {
            return Ok(progress);
        }
        let key = SearchedRow::key(&Shard::of(room).get(), &room);
        let row = tables::get::<SearchedRow>(store, key).await?;
        let progress = row.map_or_else(Progress::default, |row| Progress {
            // By other rules it would be cut into other words: it is followed from its beginning.
            position: if row.rules == VERSION { row.position } else { Position::ZERO },
            time: row.time,
            rebuild: row.rebuild,
            stored: true,
        });
        self.set(room, epoch, progress);
        Ok(progress)
    }

    /// A room was followed up to here, and the store has it.
    pub(super) fn set(&self, room: RoomId, epoch: u64, progress: Progress) {
        let mut known = lock(&self.0);
        if known.len() >= KNOWN && !known.contains_key(&room) {
            known.clear();
        }
        known.insert(room, (epoch, progress));
    }
}

/// How far the index is in a room, as the store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SearchedPlace {
    pub(crate) room: RoomId,
    /// Up to here.
    pub(crate) position: Position,
    /// When that was.
    pub(crate) time: Timestamp,
    /// It was followed by other rules, so some of what it says may not be found.
    pub(crate) outdated: bool,
}

/// How far the index is in some rooms; none of a room that it has not begun.
///
/// # Errors
/// The store's.
pub(crate) async fn searched(
    store: &dyn Store,
    rooms: impl IntoIterator<Item = RoomId>,
) -> Result<Vec<Option<SearchedPlace>>, StoreError> {
    let key = |room: RoomId| SearchedRow::key(&Shard::of(room).get(), &room);
    let keys: Vec<_> = rooms.into_iter().map(key).collect();
    let place = |row: Option<SearchedRow>| {
        row.map(|SearchedRow { room, position, time, rules, .. }| {
            let outdated = rules != VERSION;
            SearchedPlace { room, position, time, outdated }
        })
    };
    Ok(tables::get_many::<SearchedRow>(store, &keys).await?.into_iter().map(place).collect())
}
