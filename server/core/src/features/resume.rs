//! Catching up after a break.
//!
//! The client says where it is in each room that it holds; the answer says, for each, whether its
//! copy can be made whole, and carries what was missed. Subscribing comes first and reading second,
//! so nothing falls between. The store is the truth: a gap in what it has means `reset`.

use std::{collections::BTreeMap, sync::Arc};

use caffis_schema::{
    Entry, Error, ErrorCode, List, Position, Reply, RoomId,
    command::{Cursor, Resume},
    limits::PAGE_ENTRIES,
    reply::{Resumed, ResumedRooms, Standing},
};
use futures_util::{StreamExt, future::join_all, stream};
use tokio::time::{Instant, timeout_at};

use crate::{
    call::{Call, Entered, Handled},
    cluster::Owner,
    errors::not_now,
    model::{authorise::Read, page, room::RoomState},
    pages::{forward, seen},
    peers::{
        Nodes, follow,
        questions::{Answered, Asker, Question},
    },
    ports::bus::NodeId,
    room::RoomCell,
    services::Services,
};

/// Rooms of other nodes that are entered at the same time.
const ENTERED_AT_ONCE: usize = 16;

/// Catches up with every cursor.
///
/// # Errors
/// None: each room has its own standing.
pub async fn handle(call: Call, command: Resume) -> Handled {
    let rooms = List::cut(all(&call, &command.cursors, call.page_bytes()).await);
    Ok(Reply::Resumed(ResumedRooms { rooms }))
}

/// What becomes of each cursor, in order. Together the entries take the budget of bytes, and at most
/// one entry more. A room that cannot be read in time is to be asked for later: one alone may take
/// `room_timeout`, all of them together twice as long.
pub async fn all(call: &Call, cursors: &[Cursor], bytes: usize) -> Vec<Resumed> {
    let room_timeout = call.services.settings.room_timeout;
    let end = Instant::now() + 2 * room_timeout;
    let mut budget = bytes.min(call.page_bytes());
    let mut elsewhere = match &call.services.nodes {
        Some(nodes) if !call.is_forwarded() => {
            all_elsewhere(call, nodes, cursors, (&mut budget, end)).await
        }
        _ => BTreeMap::new(),
    };
    let mut resumed = Vec::with_capacity(cursors.len());
    for cursor in cursors {
        if let Some(found) = elsewhere.remove(&cursor.room) {
            resumed.push(found);
            continue;
        }
        let within = end.min(Instant::now() + room_timeout);
        let found = timeout_at(within, one(call, *cursor, &mut budget)).await;
        resumed.push(found.unwrap_or_else(|_| later(cursor)));
    }
    // What is asked for another node is counted there.
    if !call.is_forwarded() {
        resumed.iter().for_each(|room| call.services.statistics.resumed(room.standing));
    }
    resumed
}

/// What becomes of the cursors of rooms that other nodes own. All of these nodes are asked at the same time, each for
/// its share of the budget: one that is silent holds up its own rooms alone.
async fn all_elsewhere(
    call: &Call,
    nodes: &Arc<Nodes>,
    cursors: &[Cursor],
    (budget, end): (&mut usize, Instant),
) -> BTreeMap<RoomId, Resumed> {
    let mut found = BTreeMap::new();
    let mut by_node: BTreeMap<NodeId, Vec<Cursor>> = BTreeMap::new();
    let entered_by = end.min(Instant::now() + call.services.settings.room_timeout);
    let mut theirs = Vec::new();
    for cursor in cursors {
        if let Owner::There { node, .. } = call.services.owners.owner_of(cursor.room) {
            theirs.push((node, *cursor));
        }
    }
    let entering = stream::iter(theirs).map(|(node, cursor)| async move {
        let entered = timeout_at(entered_by, enter_elsewhere(call, nodes, &cursor)).await;
        (node, cursor, entered.unwrap_or_else(|_| Err(not_now())))
    });
    let mut entering = entering.buffered(ENTERED_AT_ONCE);
    while let Some((node, cursor, entered)) = entering.next().await {
        match entered {
            Ok(()) => by_node.entry(node).or_default().push(cursor),
            Err(error) => {
                let gone = error.code == ErrorCode::NotFound;
                let standing = if gone { Standing::Gone } else { Standing::Later };
                found.insert(cursor.room, without_entries(&cursor, standing, Position::ZERO));
            }
        }
    }
    drop(entering);
    let share = *budget / by_node.len().max(1);
    let asking = by_node.into_iter().map(|(node, cursors)| async move {
        let asked = timeout_at(end, ask_for_missed(call, nodes, node, &cursors, share)).await;
        asked.ok().flatten().unwrap_or_else(|| cursors.iter().map(later).collect())
    });
    for resumed in join_all(asking).await.into_iter().flatten() {
        let taken: usize = resumed.entries.iter().map(page::size).sum();
        *budget = budget.saturating_sub(taken);
        found.insert(resumed.room, resumed);
    }
    found
}

/// Asks a node for what was missed of rooms that it owns; none when it does not say.
async fn ask_for_missed(
    call: &Call,
    nodes: &Nodes,
    node: NodeId,
    cursors: &[Cursor],
    bytes: usize,
) -> Option<Vec<Resumed>> {
    let asker = Asker { attending: false, known: true, ..call.asker(cursors.first()?.room) };
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    match nodes.ask(node, &Question::Resume(asker, cursors.to_vec(), bytes)).await {
        Ok(Answered::Resumed(resumed)) => Some(resumed).filter(|it| it.len() == cursors.len()),
        _ => None,
    }
}

async fn enter_elsewhere(call: &Call, nodes: &Arc<Nodes>, cursor: &Cursor) -> Result<(), Error> {
    if !cursor.open {
        return call.check_known(cursor.room).await;
    }
    call.check_may_open(cursor.room).await?;
    call.know_self().await?;
    follow::open(&call.services.views, nodes, cursor.room, call.session()?).await
}

fn later(cursor: &Cursor) -> Resumed {
    without_entries(cursor, Standing::Later, Position::ZERO)
}

fn without_entries(cursor: &Cursor, standing: Standing, head: Position) -> Resumed {
    Resumed { room: cursor.room, standing, entries: List::default(), more: false, head }
}

async fn one(call: &Call, cursor: Cursor, budget: &mut usize) -> Resumed {
    let answer = |standing, head| without_entries(&cursor, standing, head);
    let entered = match cursor.open {
        true if call.is_forwarded() => call.as_attending().enter(cursor.room, Read).await,
        true => call.open(cursor.room).await,
        false => call.enter(cursor.room, Read).await,
    };
    let Entered { cell, state, allowed } = match entered {
        Ok(entered) => entered,
        Err(error) if error.code == ErrorCode::NotFound => {
            return answer(Standing::Gone, Position::ZERO);
        }
        Err(_) => return answer(Standing::Later, Position::ZERO),
    };
    let head = state.head;
    if cursor.position > head {
        return answer(Standing::Reset, head);
    }
    let missed = head.since(cursor.position);
    let settings = &call.services.settings;
    if missed > settings.resume_entries || cursor.position < allowed.visible_after() {
        return answer(Standing::Reset, head);
    }
    if missed == 0 {
        return answer(Standing::Complete, head);
    }
    match missed_entries(&call.services, &cell, &state, cursor).await {
        None => answer(Standing::Later, head),
        Some(entries) if !is_dense(&entries, cursor.position, head) => {
            answer(Standing::Reset, head)
        }
        Some(entries) => {
            let entries = if *budget == 0 { Vec::new() } else { page::oldest(entries, *budget) };
            let bytes: usize = entries.iter().map(|entry| page::size(entry)).sum();
            *budget = budget.saturating_sub(bytes);
            let last = entries.last().map_or(cursor.position, |entry| entry.position);
            let floor = allowed.visible_after();
            let entries = entries.iter().map(|entry| seen(entry, floor)).collect();
            Resumed {
                entries: List::cut(entries),
                more: last < head,
                ..answer(Standing::Complete, head)
            }
        }
    }
}

/// At most a page of what was missed, complete as far as it goes; none when it cannot be read now.
async fn missed_entries(
    services: &Services,
    cell: &RoomCell,
    state: &RoomState,
    cursor: Cursor,
) -> Option<Vec<Arc<Entry>>> {
    let first = cursor.position + 1;
    let last = state.head.min(cursor.position + PAGE_ENTRIES as u64);
    forward(services, cell, state, first, last, PAGE_ENTRIES).await.ok()
}

/// Whether these are exactly the entries from after the cursor to the end of the page.
fn is_dense(entries: &[Arc<Entry>], after: Position, head: Position) -> bool {
    let expected = after.get() + 1..=head.min(after + PAGE_ENTRIES as u64).get();
    entries.iter().map(|entry| entry.position.get()).eq(expected)
}
