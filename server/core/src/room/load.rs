//! Reading a room from the store, so that its log can go on.
//!
//! The chain of buckets says what counts, the tail of the log is the truth, and whatever an owner left
//! undone in other tables is redone from it. What another owner wrote last is taken over after that
//! ([`super::takeover`]).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use caffis_schema::{
    Entry, EntryKind, MessageNumber, Position, RoomId, Timestamp, UserId,
    event::Left,
    room::{Message, Role},
};
use futures_util::future::try_join4;

use super::{
    ballots,
    buckets::Filled,
    cards,
    cell::Loaded,
    changes::Changes,
    entries, invites,
    markers::Markers,
    membership::{membership_rows, named, rows_of},
    mentions, pins,
    read::{Tail, read_range, tail},
    recent::Recent,
    ring::Ring,
    rooms::Rooms,
    threads, writing,
};
use crate::{
    model::room::{Bucket, BucketName, Members, Membership, RoomState, preview},
    ports::store::{Batch, Stamp, Store, StoreError},
    settings::Settings,
    tables::{self, BucketRow, HeadRow, MarkerRow, MemberRow, RoomRow, TimelineRow, UserRoomRow},
};

/// Entries at the end of the log that are applied again when a room is read. More than the number that
/// may wait for the rows of markers ([`super::append::UNSAVED_ENTRIES`]), and than one append makes.
const TAIL_ENTRIES: usize = 256;

/// Entries that are read at a time, to find messages below the tail.
const BELOW_ENTRIES: u64 = 1_000;

/// A room as the store has it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) loaded: Loaded,
    /// The rows of the last append, newest first.
    pub(super) last_append: Vec<TimelineRow>,
    /// What that append changes and the store does not have yet.
    pub(super) undone: Changes,
}

/// Reads a room, or returns none if it does not exist.
pub(super) async fn load(
    store: &dyn Store,
    settings: &Settings,
    room: RoomId,
    epoch: u64,
    distrust: bool,
) -> Result<Option<Found>, StoreError> {
    let Some(row) = tables::get::<RoomRow>(store, RoomRow::key(&room)).await? else {
        return Ok(None);
    };
    let mut state = RoomState::new(row.into());
    let described = state.meta.changed;
    let rows = tables::from_the_end(store, BucketRow::partition(&room)).await?;
    let own = rows.iter().filter(|row: &&BucketRow| row.epoch == epoch);
    let last_bucket = own.map(|row| row.number).max().unwrap_or(0);
    state.buckets = Arc::new(chain(rows)?);
    state.members = members(store, room).await?;
    state.members_version = 1;
    let (card, pins) = (cards::read(store, room), pins::read(store, room));
    let written = (writing::read(store, room), invites::read(store, room));
    (state.card, state.pins, state.writing, state.invites) =
        try_join4(card, pins, written.0, written.1).await?;

    let Tail { entries, last_append } =
        tail(store, &state, settings.ring_entries.max(TAIL_ENTRIES)).await?;
    let mut ring = Ring::from(entries);
    let head = ring.back().map_or(Position::ZERO, |entry| entry.position);
    let whole = RoomState { head, ..state.clone() };
    let undone = Changes::undone(store, &whole, &last_append).await?;
    undone.entries().for_each(|entry| ring.replace(entry));
    describe(&mut state, &ring);
    before_tail(store, &mut state, &ring).await?;
    let before = state.members.clone();
    let mut owed = apply_tail(&mut state, &ring);
    if state.meta.changed != described {
        owed.put(&RoomRow::from(&*state.meta));
    }
    let mut unheard = check_lists(store, &state, &last_append, &mut owed).await?;
    let changed = |(user, member): &(&UserId, &Membership)| before.get(*user) != Some(*member);
    unheard.extend(state.members.iter().filter(changed).map(|(user, _)| user.clone()));
    unheard.retain(|user| state.member(user).is_some());
    undone.rewrite(&mut owed, settings.entry_retention)?;
    let mut then = state.clone();
    bring_back(&mut then, &before, &last_append)?;
    for row in last_append.iter().rev() {
        let entry = entries::from_row(row.clone())?;
        invites::put_removal(&mut owed, &state, &entry);
        ballots::put_again(&mut owed, row)?;
        mentions::put_again(&mut owed, &then, &entry, &undone);
        threads::put_again(&mut owed, &then, &entry, &undone);
        if let EntryKind::Left(Left { user, .. }) = &entry.kind
            && state.member(user).is_none()
        {
            Arc::make_mut(&mut then.members).remove(user);
        }
    }
    owed.merge();
    let markers = markers(store, &state, &ring).await?;
    // Markers that the tail moved are written again before the tail grows much longer.
    let saved = ring.front().map_or(Position::ZERO, |entry| entry.position.back(1));
    let hint: Option<HeadRow> = tables::get(store, HeadRow::key(&room)).await?;
    let hinted = hint.as_ref().map_or(Position::ZERO, |hint| hint.position);
    if let Some(hint) = hint.filter(|hint| hint.position > state.head) {
        // The last entries have expired; their positions are not given out again.
        state.head = hint.position;
        state.number = state.number.max(hint.number);
        state.time = state.time.max(hint.time);
        ring.clear();
    }
    let filled = Filled::read(state.buckets.last(), state.head, ring.iter());
    ring.trim(settings);

    let head = state.head;
    let loaded = Loaded {
        state: Arc::new(state),
        ring,
        recent: Recent::after(head),
        owed,
        unheard,
        markers,
        saved,
        epoch,
        last_bucket,
        fresh_bucket: distrust,
        filled,
        active_minute: 0,
        // The hint has to be right before the last entries expire.
        head_dirty: hinted < head,
        head_saving: false,
    };
    Ok(Some(Found { loaded, last_append, undone }))
}

/// How far each member has read. A person's own message moves their own marker, and what was imported moves those of
/// many; the markers' rows may be written after the message, but while the message is still in the tail. Rows that were still being
/// written when their members left are removed.
async fn markers(
    store: &dyn Store,
    state: &RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<Markers, StoreError> {
    let room = state.meta.id;
    let mut markers = Markers::default();
    for row in tables::whole::<MarkerRow>(store, MarkerRow::partition(&room)).await? {
        if state.member(&row.user).is_some() {
            markers.stored(row.user.clone(), row.into());
        } else {
            markers.left_over(row.user);
        }
    }
    markers.follow(&state.members, ring.iter());
    Ok(markers)
}

/// The buckets of the log, oldest first: the chain from the newest bucket of the highest epoch backwards
/// (rule 9). Others were opened by owners that had lost the room, or by writes of unknown outcome.
fn chain(rows: Vec<BucketRow>) -> Result<Vec<Bucket>, StoreError> {
    let mut by_name: BTreeMap<BucketName, Bucket> = BTreeMap::new();
    for row in rows {
        let name = BucketName { epoch: row.epoch, number: row.number };
        let before = row.before_epoch.zip(row.before_number);
        let before = before.map(|(epoch, number)| BucketName { epoch, number });
        let (first, opened) = (row.first, row.opened);
        by_name.insert(name, Bucket { name, first, opened, before });
    }
    let mut chain = Vec::new();
    let mut next = by_name.last_key_value().map(|(name, _)| *name);
    while let Some(name) = next {
        // Removed, so that a chain that bites its tail ends.
        let bucket = by_name.remove(&name).ok_or_else(|| StoreError::Corrupt {
            table: BucketRow::TABLE.name,
            reason: format!("bucket {}.{} is missing", name.epoch, name.number),
        })?;
        next = bucket.before;
        chain.push(bucket);
    }
    chain.reverse();
    Ok(chain)
}

async fn members(store: &dyn Store, room: RoomId) -> Result<Members, StoreError> {
    let rows: Vec<MemberRow> = tables::whole(store, MemberRow::partition(&room)).await?;
    Ok(Arc::new(rows.into_iter().map(MemberRow::into_member).collect()))
}

/// Takes what the last entry of the tail says of the room before anything else: how many messages have to be known
/// depends on it.
fn describe(state: &mut RoomState, ring: &VecDeque<Arc<Entry>>) {
    for entry in ring {
        if let EntryKind::Info(change) = &entry.kind {
            state.describe(entry.position, &change.info);
        }
    }
}

/// Sets the state to what it was before the tail: the number and the preview of the last message below
/// it, and the positions of the messages that new members will see.
async fn before_tail(
    store: &dyn Store,
    state: &mut RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<(), StoreError> {
    let first = ring.front().map_or(Position::ZERO, |entry| entry.position);
    state.head = first.back(1);
    let mut messages = ring.iter().filter_map(message_of);
    let oldest = messages.next();
    if let Some((message, _)) = oldest {
        state.number = message.number.back(1);
    }
    let in_tail = messages.count() + usize::from(oldest.is_some());
    let wanted = state.messages_known().saturating_sub(in_tail);
    let found = last_messages(store, state, wanted).await?;
    let newest = found.back().and_then(message_of);
    if let Some((message, time)) = newest {
        state.number = message.number;
        state.preview = Some(Arc::new(preview(message, time)));
    }
    state.last_messages = Arc::new(found.iter().map(|entry| entry.position).collect());
    Ok(())
}

/// The last messages of a room, oldest first: as many as are wanted, if it has them.
///
/// # Errors
/// What the store says.
pub(super) async fn last_messages(
    store: &dyn Store,
    state: &RoomState,
    wanted: usize,
) -> Result<VecDeque<Arc<Entry>>, StoreError> {
    let mut last = state.head;
    let mut found = VecDeque::new();
    while found.len() < wanted && last > Position::ZERO {
        let first = last.back(BELOW_ENTRIES - 1).max(Position(1));
        for entry in read_range(store, state, first, last).await?.iter().rev() {
            if found.len() < wanted && message_of(entry).is_some() {
                found.push_front(entry.clone());
            }
        }
        last = first.back(1);
    }
    Ok(found)
}

/// Applies the tail, and gives the membership rows that it implies but the store lacks: the last owner
/// may have written an entry without finishing the rows that follow from it.
fn apply_tail(state: &mut RoomState, ring: &VecDeque<Arc<Entry>>) -> Batch {
    let (before, card) = (state.members.clone(), state.card.clone());
    let (pins, written) = (state.pins.clone(), state.writing.position);
    let invited = state.invites.position;
    ring.iter().for_each(|entry| state.apply(entry));
    let mut batch = Batch::repairable(Stamp::NONE);
    if state.members != before {
        membership_rows(&mut batch, state, &before);
    }
    if state.card != card {
        cards::put(&mut batch, state);
    }
    if !Arc::ptr_eq(&state.pins, &pins) {
        pins::put(&mut batch, state);
    }
    if state.writing.position != written {
        writing::put(&mut batch, state);
    }
    if state.invites.position != invited {
        invites::put(&mut batch, state);
    }
    batch
}

/// Brings those back who left with the last append: what it says before that was said to them, too. `before` are the
/// members as they were read.
fn bring_back(
    state: &mut RoomState,
    before: &Members,
    last_append: &[TimelineRow],
) -> Result<(), StoreError> {
    for row in last_append.iter().filter(|row| row.number.is_none()) {
        let EntryKind::Left(Left { user, .. }) = entries::from_row(row.clone())?.kind else {
            continue;
        };
        let member = before.get(&user).copied().unwrap_or(Membership {
            role: Role::Member,
            joined: state.meta.created,
            joined_position: Position::ZERO,
            visible_after: Position::ZERO,
            unread_after: MessageNumber::ZERO,
        });
        Arc::make_mut(&mut state.members).entry(user).or_insert(member);
    }
    Ok(())
}

/// Adds what the store lacks in the lists of those whom the last append names: their membership may have
/// been written, and the lists not. Gives whom it names.
async fn check_lists(
    store: &dyn Store,
    state: &RoomState,
    last_append: &[TimelineRow],
    owed: &mut Batch,
) -> Result<BTreeSet<UserId>, StoreError> {
    let mut users = BTreeSet::new();
    for row in last_append.iter().filter(|row| row.number.is_none()) {
        users.extend(named(&entries::from_row(row.clone())?.kind).iter().cloned());
    }
    let keys: Vec<_> = users.iter().map(|user| UserRoomRow::key(user, &state.meta.id)).collect();
    let listed = tables::get_many::<UserRoomRow>(store, &keys).await?;
    let wrong = users
        .iter()
        .zip(listed)
        .filter(|(user, listed)| listed.is_some() != state.member(user).is_some());
    wrong.for_each(|(user, _)| rows_of(owed, state, user));
    owed.merge();
    Ok(users)
}

/// Writes the rows that a room owes, in batches that fit.
pub(super) async fn write_owed(rooms: &Rooms, owed: &Batch) -> Result<(), StoreError> {
    let stamp = rooms.stamps.next()?;
    for operations in owed.operations.chunks(rooms.store.limits().batch_operations) {
        let operations = operations.to_vec();
        rooms.store.write(Batch { operations, ..Batch::repairable(stamp) }).await?;
    }
    Ok(())
}

fn message_of(entry: &Arc<Entry>) -> Option<(&Message, Timestamp)> {
    match &entry.kind {
        EntryKind::Message(message) => Some((message, entry.time)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use caffis_schema::Timestamp;

    use super::*;

    type Name = (u64, u64);

    /// The chain of buckets, each given as its name, its first position and the one before it.
    fn chained(buckets: &[(Name, u64, Option<Name>)]) -> Result<Vec<Name>, StoreError> {
        let rows = buckets.iter().map(|((epoch, number), first, before)| BucketRow {
            room: RoomId::from_random(1),
            epoch: *epoch,
            number: *number,
            first: Position(*first),
            opened: Timestamp::ZERO,
            before_epoch: before.map(|(epoch, _)| epoch),
            before_number: before.map(|(_, number)| number),
        });
        let chain = chain(rows.collect())?;
        Ok(chain.iter().map(|bucket| (bucket.name.epoch, bucket.name.number)).collect())
    }

    #[test]
    fn only_what_the_newest_bucket_reaches_is_the_log() {
        let (first, second, third) = ((1, 1), (2, 1), (3, 1));
        assert_eq!(chained(&[]), Ok(vec![]));
        let whole = [(first, 1, None), (second, 40, Some(first)), (third, 45, Some(second))];
        assert_eq!(chained(&whole), Ok(vec![first, second, third]));
        // The owner of epoch 2 died before its bucket was durable: that of epoch 3 does not name it, and
        // what it says when it lands late does not count.
        let late = [(first, 1, None), (second, 40, Some(first)), (third, 47, Some(first))];
        assert_eq!(chained(&late), Ok(vec![first, third]));
        // The same after a write of unknown outcome within an epoch.
        let doubt = [(first, 1, None), ((1, 2), 40, Some(first)), ((1, 3), 40, Some(first))];
        assert_eq!(chained(&doubt), Ok(vec![first, (1, 3)]));
    }

    #[test]
    fn a_hole_in_the_chain_is_a_fault_and_not_its_beginning() {
        let hole = [((1, 1), 1, None), ((2, 1), 40, Some((1, 2)))];
        assert!(matches!(chained(&hole), Err(StoreError::Corrupt { .. })));
        let circle = [((1, 1), 1, Some((2, 1))), ((2, 1), 40, Some((1, 1)))];
        assert!(matches!(chained(&circle), Err(StoreError::Corrupt { .. })));
    }
}
