//! Keeping the views of rooms whole that other nodes own.
//!
//! News may be lost. So the highest position heard of each room is kept, and the owner is asked until
//! it is reached; and every [`AUDIT`] the owners are asked where all followed rooms stand, for news of
//! which nothing was heard at all. They answer from memory; of the others a part is looked up in the store
//! each time, so that each room has its turn once in a minute. At 10,000 rooms that nobody writes in, these
//! are 170 reads of one row a second.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use caffis_schema::{Entry, Error, Position, RoomId};
use futures_util::{StreamExt, stream};
use tokio::{sync::watch, time::sleep};

use super::{
    Nodes,
    questions::{Answered, MEMBERS_PER_ANSWER, Question, RoomStanding},
};
use crate::{
    cluster::{Owner, Shard},
    errors::{no_owner, not_now},
    hub::{intake::Received, people::SessionHandle, views::Views},
    model::room::RoomState,
    ports::bus::NodeId,
    room::Rooms,
    sync::{every, spawn},
};

/// How often the owners are asked where the followed rooms stand.
const AUDIT: Duration = Duration::from_secs(5);

/// Audits until each room had its turn to be looked up in the store.
const TURNS: u64 = 12;

/// Rooms of this node that are looked up at the same time.
const OWN_ROOMS_AT_ONCE: usize = 16;

/// Rooms in one question.
const ROOMS_PER_QUESTION: usize = 4_096;

/// How often the owner is asked for what is missing of a room, before the next audit has to.
const ATTEMPTS: u32 = 6;

/// The wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// Takes in entries that a room's owner told.
pub(crate) fn entries(
    views: &Arc<Views>,
    nodes: &Arc<Nodes>,
    room: RoomId,
    entries: &[Arc<Entry>],
) {
    let Some(last) = entries.last().map(|entry| entry.position) else { return };
    // What this node told as the room's former owner comes back late; what it owns it knows best.
    if matches!(nodes.owners.owner_of(room), Owner::Here { .. }) {
        return;
    }
    if views.receive(room, entries) != Received::Told {
        catch_up(views, nodes, room, last);
    }
}

/// Asks for what is missing of a room up to a position, unless somebody does already.
fn catch_up(views: &Arc<Views>, nodes: &Arc<Nodes>, room: RoomId, head: Position) {
    if nodes.follows.hear(room, head) {
        spawn(fill(views.clone(), nodes.clone(), room));
    }
}

async fn fill(views: Arc<Views>, nodes: Arc<Nodes>, room: RoomId) {
    let mut wait = FIRST_WAIT;
    let mut attempts = 0;
    while attempts < ATTEMPTS {
        match fill_once(&views, &nodes, room).await {
            Ok(true) => break,
            Ok(false) => {}
            Err(_) => {
                attempts += 1;
                sleep(wait).await;
                wait *= 2;
            }
        }
    }
    nodes.follows.filled(room);
    // What was heard after the last look, and before this was noted as ended. What this node owns by now is
    // told by the owner's outlet: there is nobody to ask, so asking again would never end.
    let missing = |view: Position| view < nodes.follows.heard(room);
    let ask = attempts < ATTEMPTS && !matches!(nodes.owners.owner_of(room), Owner::Here { .. });
    if ask && views.get(room).is_some_and(|v| missing(v.state().head)) {
        catch_up(&views, &nodes, room, Position::ZERO);
    }
}

/// One step towards what was heard; true when nothing is missing.
async fn fill_once(views: &Arc<Views>, nodes: &Nodes, room: RoomId) -> Result<bool, Error> {
    let node = match nodes.owners.owner_of(room) {
        Owner::There { node, .. } => node,
        // What this node owns is told by the owner's outlet.
        Owner::Here { .. } => return Ok(true),
        Owner::Nobody => return Err(no_owner()),
    };
    let Some(view) = views.get(room) else {
        if nodes.follows.has_members(room) {
            let told = nodes.follows.told(room);
            let (state, entries) = ask_state(nodes, node, room, told).await?;
            views.adopt(state, &entries);
        }
        return Ok(true);
    };
    let head = view.state().head;
    if head >= nodes.follows.heard(room) {
        return Ok(true);
    }
    match nodes.ask(node, &Question::Entries(room, head)).await? {
        Answered::Entries(entries) => {
            let entries: Vec<_> = entries?.into_iter().map(Arc::new).collect();
            match views.receive(room, &entries) {
                Received::Told if entries.is_empty() => Err(not_now()),
                Received::Told | Received::NoView => Ok(false),
                Received::Gap => {
                    // Entries in between have expired: begin again.
                    let (state, entries) = ask_state(nodes, node, room, head).await?;
                    views.adopt(state, &entries);
                    Ok(false)
                }
            }
        }
        _ => Err(not_now()),
    }
}

/// Opens a room of another node for a session: follows it first and asks for its state second, so
/// that nothing falls between.
///
/// # Errors
/// `limit_reached` when the session has too many rooms open, and why the owner cannot say.
pub(crate) async fn open(
    views: &Arc<Views>,
    nodes: &Arc<Nodes>,
    room: RoomId,
    session: &Arc<SessionHandle>,
) -> Result<(), Error> {
    let _opening = nodes.follow(room).await;
    let state = match (views.get(room), nodes.owners.owner_of(room)) {
        (Some(view), _) => view.state(),
        (None, Owner::There { node, .. }) => {
            let (state, _) = ask_state(nodes, node, room, Position::MAX).await?;
            Arc::new(state)
        }
        (None, Owner::Here { .. } | Owner::Nobody) => return Err(no_owner()),
    };
    let view = views.attach(session, &state)?;
    if view.state().head < nodes.follows.heard(room) {
        catch_up(views, nodes, room, Position::ZERO);
    }
    Ok(())
}

/// The state of a room, from its owner, and the last entries after a position.
async fn ask_state(
    nodes: &Nodes,
    node: NodeId,
    room: RoomId,
    after: Position,
) -> Result<(RoomState, Vec<Arc<Entry>>), Error> {
    let Answered::State(snapshot) = nodes.ask(node, &Question::State(room, after)).await? else {
        return Err(not_now());
    };
    let mut snapshot = snapshot?;
    let mut more = snapshot.more_after();
    while let Some(last) = more {
        let question = Question::Members(room, last);
        let Answered::Members(members) = nodes.ask(node, &question).await? else {
            return Err(not_now());
        };
        let members = members?;
        let full = members.len() >= MEMBERS_PER_ANSWER;
        more = members.last().filter(|_| full).map(|(user, _)| user.clone());
        snapshot.add(members);
    }
    Ok(snapshot.open())
}

/// Where rooms stand, as far as their owners say in time. `all` has rooms looked up that are out of
/// their owners' memory.
pub(crate) async fn ask_standings(
    nodes: &Nodes,
    rooms: impl IntoIterator<Item = RoomId>,
    all: bool,
) -> Vec<(RoomId, RoomStanding)> {
    let mut by_node: BTreeMap<NodeId, Vec<RoomId>> = BTreeMap::new();
    for room in rooms {
        if let Owner::There { node, .. } = nodes.owners.owner_of(room) {
            by_node.entry(node).or_default().push(room);
        }
    }
    let mut found = Vec::new();
    for (node, rooms) in by_node {
        for rooms in rooms.chunks(ROOMS_PER_QUESTION) {
            let question = Question::Standings(rooms.to_vec(), all);
            if let Ok(Answered::Standings(standings)) = nodes.ask(node, &question).await {
                let known = rooms.iter().zip(standings);
                found.extend(known.filter_map(|(room, standing)| Some((*room, standing?))));
            }
        }
    }
    found
}

/// Asks where followed rooms stand, and catches up with those that have come further. Of rooms that are out
/// of their owners' memory the store is asked, if they are among the `all` ones.
pub(crate) async fn audit(
    rooms: &Arc<Rooms>,
    views: &Arc<Views>,
    nodes: &Arc<Nodes>,
    all: impl Fn(RoomId) -> bool,
) {
    let followed: BTreeMap<RoomId, Position> = nodes.follows.all().into_iter().collect();
    let told = |room: RoomId| match views.get(room) {
        Some(view) => view.state().head,
        None => followed.get(&room).copied().unwrap_or_default(),
    };
    for exhaustive in [false, true] {
        let asked = followed.keys().copied().filter(|room| all(*room) == exhaustive);
        for (room, standing) in ask_standings(nodes, asked, exhaustive).await {
            if standing.head > told(room) {
                catch_up(views, nodes, room, standing.head);
            }
        }
    }
    // What this node owns it tells as its owner, once it is in memory.
    let own = |room: &RoomId| matches!(nodes.owners.owner_of(*room), Owner::Here { .. });
    let own = followed.keys().copied().filter(|room| all(*room) && own(room));
    let reading = stream::iter(own).map(|room| async move {
        // What cannot be read now has its turn again.
        if rooms.hinted_head(room).await.is_ok_and(|head| head > told(room)) {
            let _ = rooms.loaded(room).await;
        }
    });
    reading.buffer_unordered(OWN_ROOMS_AT_ONCE).collect::<()>().await;
}

/// Audits now and then, until core ends. In each [`TURNS`] audits each room has its turn to be looked up,
/// if it is not in its owner's memory.
pub(crate) async fn keep_auditing(
    rooms: Arc<Rooms>,
    views: Arc<Views>,
    nodes: Arc<Nodes>,
    ended: watch::Receiver<()>,
) {
    let mut turns = (0..TURNS).cycle();
    every(AUDIT, ended, move || {
        let (rooms, views, nodes) = (rooms.clone(), views.clone(), nodes.clone());
        let turn = turns.next().unwrap_or_default();
        async move { audit(&rooms, &views, &nodes, |room| turn_of(room) == turn).await }
    })
    .await;
}

/// The audit of [`TURNS`] in which a room has its turn.
fn turn_of(room: RoomId) -> u64 {
    Shard::of(room).get() % TURNS
}
