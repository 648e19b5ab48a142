//! Pages of a room's log, from memory where it has all of them, else from the store.

use std::{collections::BTreeSet, sync::Arc};

use caffis_schema::{
    Entry, EntryKind, Error, ErrorCode, List, Position, RoomId,
    command::Anchor,
    limits::{PAGE_BYTES, PAGE_ENTRIES},
    reply::EntryPage,
    room::Message,
};

use crate::{
    errors::not_now,
    model::{
        authorise::{Allowed, Read},
        page,
        room::{Bucket, RoomState},
    },
    peers::questions::{Paged, Settled},
    reads::Stored,
    room::{RoomCell, no_such_message, read_at, read_back, read_forward},
    services::Services,
};

/// The error of a position that the room has not reached.
#[must_use]
pub fn beyond(head: Position) -> Error {
    let sentence = format!("The room's last position is {head}.");
    Error::refused(ErrorCode::OutOfRange, &sentence)
}

/// A room's log, as far as a page is read from it.
struct Log<'a> {
    services: &'a Services,
    /// Memory of the owner; none on other nodes.
    memory: Option<&'a RoomCell>,
    /// Where the log is in the store, and the last position there; none to read memory alone.
    stored: Option<(&'a [Bucket], Position)>,
    room: RoomId,
    head: Position,
    /// The caller sees what comes after this position.
    floor: Position,
    /// The store has everything up to the head: what is read may be shared.
    settled: bool,
}

/// Why there is no page.
enum Missing {
    /// Memory does not have all of it.
    NotInMemory,
    Refused(Error),
}

impl<T: Into<Error>> From<T> for Missing {
    fn from(error: T) -> Self {
        Self::Refused(error.into())
    }
}

impl<'a> Log<'a> {
    /// The log of a room that this node owns.
    fn own(
        services: &'a Services,
        (cell, state): (&'a RoomCell, &'a RoomState),
        floor: Position,
    ) -> Self {
        Self {
            services,
            memory: Some(cell),
            stored: Some((&state.buckets, state.head)),
            room: state.meta.id,
            head: state.head,
            floor,
            settled: cell.is_settled(),
        }
    }

    /// A page around an anchor.
    async fn page(&self, anchor: Anchor, limit: usize, bytes: usize) -> Result<EntryPage, Missing> {
        let (head, floor) = (self.head, self.floor);
        let entries = match anchor {
            Anchor::Before(position) | Anchor::After(position) | Anchor::Around(position)
                if position > head + 1 =>
            {
                return Err(beyond(head).into());
            }
            Anchor::Latest => page::newest(self.back(head, limit).await?, bytes),
            Anchor::Before(position) => {
                page::newest(self.back(position.back(1), limit).await?, bytes)
            }
            Anchor::After(position) => {
                let first = position.max(floor) + 1;
                page::oldest(self.forward(first, head, limit).await?, bytes)
            }
            Anchor::Around(position) => {
                let before = self.back(position, limit.div_ceil(2)).await?;
                let first = position.max(floor) + 1;
                let after = self.forward(first, head, limit / 2).await?;
                let mut entries = page::oldest(after, bytes / 2);
                let mut before = page::newest(before, bytes / 2);
                before.append(&mut entries);
                before
            }
        };
        let first = entries.first().map_or(Position::ZERO, |entry| entry.position);
        let last = entries.last().map_or(head, |entry| entry.position);
        Ok(EntryPage {
            more_before: !entries.is_empty() && first > floor + 1,
            more_after: last < head,
            entries: List::cut(entries.iter().map(|entry| seen(entry, floor)).collect()),
            head,
        })
    }

    /// The newest entries up to a position, in order.
    async fn back(&self, last: Position, limit: usize) -> Result<Vec<Arc<Entry>>, Missing> {
        let last = last.min(self.head);
        let first = (last + 1).back(limit as u64).max(self.floor + 1);
        if first > last {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.remembered(first, last) {
            return Ok(entries);
        }
        let (buckets, end) = self.stored.ok_or(Missing::NotInMemory)?;
        let (store, last) = (&*self.services.store, last.min(end));
        let log = Stored { room: self.room, head: self.head, buckets };
        Ok(match self.settled {
            true => self.services.reads.back(store, log, (last, self.floor), limit).await?,
            false => read_back(store, (self.room, buckets), last, self.floor, limit).await?,
        })
    }

    /// The oldest entries between two positions, in order.
    async fn forward(
        &self,
        first: Position,
        last: Position,
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>, Missing> {
        let end = last.min((first + limit as u64).back(1));
        if limit == 0 || first > last {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.remembered(first, end) {
            return Ok(entries);
        }
        let (buckets, end) = self.stored.ok_or(Missing::NotInMemory)?;
        let (store, last) = (&*self.services.store, last.min(end));
        let log = Stored { room: self.room, head: self.head, buckets };
        Ok(match self.settled {
            true => self.services.reads.forward(store, log, (first, last), limit).await?,
            false => read_forward(store, (self.room, buckets), first, last, limit).await?,
        })
    }

    fn remembered(&self, first: Position, last: Position) -> Option<Vec<Arc<Entry>>> {
        self.memory.and_then(|cell| in_memory(self.services, cell, first, last))
    }
}

/// A page around an anchor, of what the proof allows to see.
///
/// # Errors
/// Positions beyond the head, and what the store says.
pub async fn entry_page(
    services: &Services,
    (cell, state): (&RoomCell, &RoomState),
    allowed: &Allowed<Read>,
    anchor: Anchor,
    limit: usize,
    bytes: usize,
) -> Result<EntryPage, Error> {
    let log = Log::own(services, (cell, state), allowed.visible_after());
    log.page(anchor, limit, bytes).await.map_err(or_not_now)
}

/// A page if memory has all of it, else where it is: for a caller who is connected to another node.
///
/// # Errors
/// Positions beyond the head.
pub(crate) async fn page_or_place(
    services: &Services,
    (cell, state): (&RoomCell, &RoomState),
    allowed: &Allowed<Read>,
    anchor: Anchor,
    limit: usize,
    bytes: usize,
) -> Result<Paged, Error> {
    let own = Log::own(services, (cell, state), allowed.visible_after());
    if !own.settled {
        // Another node would read rows that are not what they will be.
        return own.page(anchor, limit, bytes).await.map(Paged::Whole).map_err(or_not_now);
    }
    let log = Log { stored: None, ..own };
    match log.page(anchor, limit, bytes).await {
        Ok(page) => Ok(Paged::Whole(page)),
        Err(Missing::Refused(error)) => Err(error),
        Err(Missing::NotInMemory) => {
            let position = match anchor {
                Anchor::Latest => log.head,
                Anchor::Before(position) | Anchor::Around(position) => position,
                Anchor::After(position) => position.max(log.floor) + 1,
            };
            Ok(Paged::Settled(Settled::around(state, log.floor, position)))
        }
    }
}

/// A page of a room that another node owns, from the store. None if it is not where that node said.
///
/// # Errors
/// What the store says.
pub(crate) async fn settled_page(
    services: &Services,
    (room, settled): (RoomId, &Settled),
    anchor: Anchor,
    limit: usize,
    bytes: usize,
) -> Result<Option<EntryPage>, Error> {
    let Settled { head, floor, .. } = *settled;
    let stored = Some((settled.buckets.as_slice(), settled.last));
    let log = Log { services, memory: None, stored, room, head, floor, settled: true };
    let page = log.page(anchor, limit, bytes).await.map_err(or_not_now)?;
    // Many buckets may be empty, because what they held has expired.
    Ok((!page.entries.is_empty()).then_some(page))
}

fn or_not_now(missing: Missing) -> Error {
    match missing {
        Missing::Refused(error) => error,
        Missing::NotInMemory => not_now(),
    }
}

/// An entry as somebody sees it who sees what comes after a position: without the words of a message from
/// before it.
#[must_use]
pub fn seen(entry: &Entry, floor: Position) -> Entry {
    let hidden = entry.kind.changed_message().is_some_and(|message| message <= floor);
    let bare = if hidden { entry.without_words() } else { None };
    bare.unwrap_or_else(|| entry.clone())
}

/// The message at a position, with its entry.
///
/// # Errors
/// Positions beyond the head, `not_found` for those at which there is no message that the proof allows to see,
/// and what the store says.
pub async fn message_at(
    services: &Services,
    (cell, state): (&RoomCell, &RoomState),
    allowed: &Allowed<Read>,
    position: Position,
) -> Result<(Arc<Entry>, Message), Error> {
    if position > state.head {
        return Err(beyond(state.head));
    }
    if position <= allowed.visible_after() {
        return Err(no_such_message());
    }
    let found = forward(services, cell, state, position, position, 1).await?.pop();
    let entry = found.ok_or_else(no_such_message)?;
    match &entry.kind {
        EntryKind::Message(message) => Ok((entry.clone(), message.clone())),
        _ => Err(no_such_message()),
    }
}

/// The entries at some positions, as far as the log has them: from memory, the rest in one read.
///
/// # Errors
/// What the store says.
pub async fn entries_at(
    services: &Services,
    (cell, state): (&RoomCell, &RoomState),
    positions: BTreeSet<Position>,
) -> Result<Vec<Arc<Entry>>, Error> {
    let (mut found, mut cold) = (Vec::with_capacity(positions.len()), Vec::new());
    for position in positions {
        match in_memory(services, cell, position, position) {
            Some(mut entries) => found.extend(entries.pop()),
            None => cold.push(position),
        }
    }
    if !cold.is_empty() {
        found.extend(read_at(&*services.store, state, &cold).await?);
    }
    Ok(found)
}

/// The entries of a room after a position, as many as go into one page: for a node whose view lacks them.
///
/// # Errors
/// What keeps the room from being read.
pub(crate) async fn after(
    services: &Services,
    room: RoomId,
    position: Position,
) -> Result<Vec<Arc<Entry>>, Error> {
    let cell = services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    let limit = PAGE_ENTRIES;
    let entries = forward(services, &cell, &state, position + 1, state.head, limit).await?;
    Ok(page::oldest(entries, PAGE_BYTES))
}

/// The oldest entries between two positions, for who follows a room and not for who looks at it: what is read is
/// neither shared nor counted.
///
/// # Errors
/// What the store says.
pub(crate) async fn follow(
    services: &Services,
    cell: &RoomCell,
    state: &RoomState,
    first: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, Error> {
    let end = last.min((first + limit as u64).back(1));
    if let Some(entries) = cell.ring_range(first, end) {
        return Ok(entries);
    }
    let room = (state.meta.id, state.buckets.as_slice());
    Ok(read_forward(&*services.store, room, first, end, limit).await?)
}

/// The entries from `first` to `last`, if memory has all of them.
pub(crate) fn in_memory(
    services: &Services,
    cell: &RoomCell,
    first: Position,
    last: Position,
) -> Option<Vec<Arc<Entry>>> {
    let found = cell.ring_range(first, last);
    services.statistics.looked_for_entries(found.is_some());
    found
}

/// The oldest entries between two positions.
///
/// # Errors
/// What the store says.
pub async fn forward(
    services: &Services,
    cell: &RoomCell,
    state: &RoomState,
    first: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, Error> {
    let log = Log::own(services, (cell, state), Position::ZERO);
    log.forward(first, last, limit).await.map_err(or_not_now)
}
