//! Taking a room over: reading it from the store so that its log can go on.
//!
//! A start after a crash, and later the takeover from another node, are the same: the bucket list
//! says what counts, the tail of the log is the truth, and what an owner left undone in other tables
//! is done again from it.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::Arc,
};

use caffis_schema::{
    Entry, EntryKind, Position, RoomId, Text, UserId,
    room::{Context, HistoryPolicy, Preview, Role, RoomClass},
};

use super::{
    append::membership_rows,
    cell::{Loaded, MarkerState},
    entries,
    recent::Recent,
};
use crate::{
    model::room::{Bucket, Members, Membership, RoomMeta, RoomState, preview},
    ports::store::{Batch, MAX_SCAN_ROWS, Scan, Store, StoreError},
    settings::Settings,
    tables::{self, BucketRow, ColumnValue, HeadRow, MarkerRow, MemberRow, RoomRow, TimelineRow},
};

/// Reads a room; none when there is none.
pub(super) async fn load(
    store: &dyn Store,
    settings: &Settings,
    room: RoomId,
    distrust: bool,
) -> Result<Option<Loaded>, StoreError> {
    let Some(row) = tables::get::<RoomRow>(store, RoomRow::key(&room)).await? else {
        return Ok(None);
    };
    let mut state = RoomState::new(meta(row)?);
    let rows = tables::partition(store, BucketRow::partition(&room), MAX_SCAN_ROWS).await?;
    state.buckets = Arc::new(valid_buckets(rows));
    state.members = members(store, room).await?;
    state.members_version = 1;

    let mut ring = tail(store, &state, settings.ring_entries).await?;
    if let Some(last) = ring.back() {
        state.head = last.position;
        state.time = last.time;
    }
    note_last_message(store, &mut state, &ring).await?;
    finish_memberships(store, &mut state, &ring).await?;
    let hint: Option<HeadRow> = tables::get(store, HeadRow::key(&room)).await?;
    let hinted = hint.as_ref().map_or(0, |hint| hint.position);
    if let Some(hint) = hint.filter(|hint| hint.position > state.head) {
        // The last entries were kept for a time only and are gone; their positions stay given.
        state.head = hint.position;
        state.number = state.number.max(hint.number);
        state.time = state.time.max(hint.time);
        ring.clear();
    }

    let mut markers = BTreeMap::new();
    let rows: Vec<MarkerRow> =
        tables::partition(store, MarkerRow::partition(&room), MAX_SCAN_ROWS).await?;
    for row in rows {
        let MarkerRow { user, delivered, read, unread_from, .. } = row;
        markers.insert(user, MarkerState { delivered, read, unread_from, dirty: false });
    }
    for entry in &ring {
        // One's own message moves one's own marker; the row of it may be a second late.
        if let EntryKind::Message(message) = &entry.kind
            && let Some(sender) = &message.sender
        {
            let marker: &mut MarkerState = markers.entry(sender.clone()).or_default();
            marker.read = marker.read.max(message.number);
            marker.delivered = marker.delivered.max(message.number);
        }
    }
    let head = state.head;
    let epoch = state.buckets.last().map_or(1, |bucket| bucket.epoch) + u64::from(distrust);
    Ok(Some(Loaded {
        state: Arc::new(state),
        ring,
        recent: Recent::default(),
        markers,
        epoch,
        fresh_bucket: distrust,
        active_minute: 0,
        // The hint has to be right before entries end that are kept for a time only.
        head_dirty: hinted < head,
    }))
}

fn corrupt(reason: &str) -> StoreError {
    StoreError::Corrupt { table: RoomRow::TABLE.name, reason: reason.to_owned() }
}

fn meta(row: RoomRow) -> Result<RoomMeta, StoreError> {
    let class = class_from_name(&row.class).ok_or_else(|| corrupt("an unknown class"))?;
    let text = |_| corrupt("a text is too long");
    Ok(RoomMeta {
        id: row.room,
        class,
        context: Context {
            kind: Text::new(&*row.context_kind).map_err(text)?,
            id: Text::new(&*row.context_id).map_err(text)?,
        },
        name: row.name.map(|name| Text::new(&*name)).transpose().map_err(text)?,
        creator: row.creator,
        created: row.created,
        history: match row.history {
            None => HistoryPolicy::All,
            Some(0) => HistoryPolicy::FromJoining,
            Some(count) => HistoryPolicy::Last(u32::try_from(count).unwrap_or(u32::MAX)),
        },
    })
}

/// The row of what a room is.
pub(super) fn room_row(meta: &RoomMeta) -> RoomRow {
    RoomRow {
        room: meta.id,
        class: class_name(meta.class).into(),
        context_kind: meta.context.kind.as_str().into(),
        context_id: meta.context.id.as_str().into(),
        name: meta.name.as_ref().map(|name| name.as_str().into()),
        creator: meta.creator.clone(),
        created: meta.created,
        history: match meta.history {
            HistoryPolicy::All => None,
            HistoryPolicy::FromJoining => Some(0),
            HistoryPolicy::Last(count) => Some(u64::from(count)),
        },
    }
}

fn class_name(class: RoomClass) -> &'static str {
    match class {
        RoomClass::Social => "social",
        RoomClass::Public => "public",
        RoomClass::Evidence => "evidence",
    }
}

fn class_from_name(name: &str) -> Option<RoomClass> {
    [RoomClass::Social, RoomClass::Public, RoomClass::Evidence]
        .into_iter()
        .find(|class| class_name(*class) == name)
}

/// The buckets that count, oldest first: one that begins at or above a bucket of a higher epoch was
/// opened by an owner that had lost the room.
fn valid_buckets(rows: Vec<BucketRow>) -> Vec<Bucket> {
    let all: Vec<Bucket> = rows
        .into_iter()
        .map(|row| Bucket { first: row.first, epoch: row.epoch, opened: row.opened })
        .collect();
    let void = |bucket: &Bucket| {
        all.iter().any(|other| other.epoch > bucket.epoch && other.first <= bucket.first)
    };
    all.iter().filter(|bucket| !void(bucket)).copied().collect()
}

async fn members(store: &dyn Store, room: RoomId) -> Result<Members, StoreError> {
    let rows: Vec<MemberRow> =
        tables::partition(store, MemberRow::partition(&room), MAX_SCAN_ROWS).await?;
    let members = rows.into_iter().map(|row| {
        let role = match row.role {
            3 => Role::Owner,
            2 => Role::Admin,
            _ => Role::Member,
        };
        let membership = Membership {
            role,
            joined: row.joined,
            joined_position: row.joined_position,
            visible_after: row.visible_after,
            unread_after: row.unread_after,
        };
        (row.user, membership)
    });
    Ok(Arc::new(members.collect()))
}

/// The last entries, oldest first, as far back as there is no gap.
async fn tail(
    store: &dyn Store,
    state: &RoomState,
    count: usize,
) -> Result<VecDeque<Arc<Entry>>, StoreError> {
    let mut ring: VecDeque<Arc<Entry>> = VecDeque::new();
    let mut below = Position::MAX;
    for bucket in state.buckets.iter().rev() {
        let wanted = count.saturating_sub(ring.len());
        if wanted == 0 {
            break;
        }
        // Newest first: from below the next bucket down to the beginning of this one.
        let from = match below {
            Position::MAX => Bound::Unbounded,
            next => Bound::Excluded(vec![next.to_value()]),
        };
        let rows: Vec<TimelineRow> = tables::scan(
            store,
            TimelineRow::partition(&state.meta.id, &bucket.first),
            from,
            Bound::Unbounded,
            wanted,
        )
        .await?;
        for row in rows {
            let entry = entries::from_row(row)?;
            if ring.front().is_some_and(|newer| newer.position != entry.position + 1) {
                return Ok(ring);
            }
            ring.push_front(Arc::new(entry));
        }
        below = bucket.first;
    }
    Ok(ring)
}

/// Does again what the tail says of memberships and the rows do not: an owner that went may have
/// written an entry while the rows that belong to it were still on their way.
async fn finish_memberships(
    store: &dyn Store,
    state: &mut RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<(), StoreError> {
    let before = state.members.clone();
    let members = replay(state, ring);
    if members == *before {
        return Ok(());
    }
    state.members = Arc::new(members);
    state.members_version += 1;
    let mut batch = Batch::default();
    membership_rows(&mut batch, state, &before);
    store.write(batch).await
}

/// The members as the rows have them, with the tail of the log over it.
fn replay(state: &RoomState, ring: &VecDeque<Arc<Entry>>) -> BTreeMap<UserId, Membership> {
    let mut members = (*state.members).clone();
    // The number of the last message before the tail.
    let first = ring.iter().find_map(message_of).map(|(number, _)| number - 1);
    let mut number = first.unwrap_or(state.number);
    for entry in ring {
        let position = entry.position;
        // A row that was written by this entry or a later one is right as it is.
        let newer = |user| state.members.get(user).is_some_and(|m| m.joined_position >= position);
        let mut join = |user: &UserId, role, visible_after| {
            members.entry(user.clone()).or_insert(Membership {
                role,
                joined: entry.time,
                joined_position: position,
                visible_after,
                unread_after: number,
            });
        };
        match &entry.kind {
            EntryKind::Message(message) => number = message.number,
            EntryKind::Created(created) => {
                for user in &created.members {
                    join(user, state.first_role(user), 0);
                }
            }
            EntryKind::Joined(joined) => {
                let visible_after = match state.meta.history {
                    HistoryPolicy::All => 0,
                    HistoryPolicy::FromJoining | HistoryPolicy::Last(_) => position - 1,
                };
                joined.users.iter().for_each(|user| join(user, Role::Member, visible_after));
            }
            EntryKind::Left(left) if !newer(&left.user) => {
                members.remove(&left.user);
            }
            EntryKind::Role(change) if !newer(&change.user) => {
                if let Some(member) = members.get_mut(&change.user) {
                    member.role = change.role;
                }
            }
            _ => {}
        }
    }
    members
}

/// Finds the number and the preview of the last message, which may lie below the ring.
async fn note_last_message(
    store: &dyn Store,
    state: &mut RoomState,
    ring: &VecDeque<Arc<Entry>>,
) -> Result<(), StoreError> {
    let mut newest = ring.iter().rev().find_map(message_of);
    let mut last = ring.front().map_or(0, |entry| entry.position - 1);
    while newest.is_none() && last > 0 {
        let first = last.saturating_sub(999).max(1);
        let entries = read_range(store, state, first, last).await?;
        newest = entries.iter().rev().find_map(message_of);
        last = first - 1;
    }
    if let Some((number, preview)) = newest {
        state.number = number;
        state.preview = Some(Arc::new(preview));
    }
    Ok(())
}

fn message_of(entry: &Arc<Entry>) -> Option<(u64, Preview)> {
    match &entry.kind {
        EntryKind::Message(message) => Some((message.number, preview(message, entry.time))),
        _ => None,
    }
}

/// The entries from `first` to `last`, both included, in order. Entries that were kept for a time
/// only may be missing.
///
/// # Errors
/// What the store says.
pub(super) async fn read_range(
    store: &dyn Store,
    state: &RoomState,
    first: Position,
    last: Position,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    read_forward(store, state, first, last, MAX_SCAN_ROWS).await
}

/// The entries at `last` and before it, but after `floor`: the newest `limit` of them, in order.
///
/// # Errors
/// What the store says.
pub async fn read_back(
    store: &dyn Store,
    state: &RoomState,
    last: Position,
    floor: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let mut found = VecDeque::new();
    let mut below = last;
    for bucket in state.buckets.iter().rev().filter(|bucket| bucket.first <= last) {
        if found.len() >= limit || below <= floor {
            break;
        }
        let rows: Vec<TimelineRow> = tables::scan(
            store,
            TimelineRow::partition(&state.meta.id, &bucket.first),
            Bound::Included(vec![below.to_value()]),
            Bound::Excluded(vec![floor.to_value()]),
            limit - found.len(),
        )
        .await?;
        for row in rows {
            found.push_front(Arc::new(entries::from_row(row)?));
        }
        below = bucket.first - 1;
    }
    Ok(found.into())
}

/// The entries from `first` to `last`: the oldest `limit` of them, in order.
///
/// # Errors
/// What the store says.
pub async fn read_forward(
    store: &dyn Store,
    state: &RoomState,
    first: Position,
    last: Position,
    limit: usize,
) -> Result<Vec<Arc<Entry>>, StoreError> {
    let mut found = Vec::new();
    let ends = state.buckets.iter().skip(1).map(|next| next.first - 1).chain([Position::MAX]);
    for (bucket, end) in state.buckets.iter().zip(ends) {
        let (from, to) = (first.max(bucket.first), last.min(end));
        if from > to || found.len() >= limit {
            continue;
        }
        let scan = Scan {
            table: TimelineRow::TABLE,
            partition: TimelineRow::partition(&state.meta.id, &bucket.first),
            from: Bound::Included(vec![to.to_value()]),
            to: Bound::Included(vec![from.to_value()]),
            reverse: true,
            limit: limit - found.len(),
        };
        for row in tables::read::<TimelineRow>(store, scan).await? {
            found.push(Arc::new(entries::from_row(row)?));
        }
    }
    Ok(found)
}
