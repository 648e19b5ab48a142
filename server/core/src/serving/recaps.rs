//! Rooms that people who are connected here are in, of which this node missed the news.
//!
//! Recaps say who was told of which room ([`crate::hub::recaps`]). What is missing here is read from the
//! person's list in the store and asked of the room's owner, so it costs nothing unless news was lost. Who
//! missed more recaps than are kept reads the lists of everybody who is connected to it: at 10,000 people
//! so many scans of one partition, [`LISTS_AT_ONCE`] at a time, once. So does everybody when a node is gone
//! that owned rooms: what it did not recap nobody else knows.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use caffis_schema::{Error, ErrorCode, Reply, RoomId, UserId, room::RoomSummary};
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

use super::heartbeats::Heartbeats;
use crate::{
    answers::summary_here,
    call::Call,
    cluster::{Owner, Shard},
    features::create,
    hub::{
        people::People,
        recaps::{RECAPS_KEPT, Recap},
    },
    memberships::rooms_of,
    peers::{
        Nodes,
        questions::{Answered, Question},
    },
    ports::{bus::NodeId, store::StoreError},
    services::Services,
    sync::{every, spawn},
    tables::{self, UserRoomRow},
};

/// Lists that are read, and rooms that are asked for, at the same time.
const LISTS_AT_ONCE: usize = 16;

/// How often a room's owner is asked at most whether a person is in it, while newer news of the room comes.
const QUESTIONS: usize = 3;

/// How often it is looked who owns rooms, and lists are read again that could not be read.
const LOOK: Duration = Duration::from_secs(1);

/// Takes in a recap of another node.
pub(super) fn recap(
    services: &Services,
    nodes: &Arc<Nodes>,
    heartbeats: &Arc<Heartbeats>,
    (node, number): (NodeId, u64),
    recap: Recap,
) {
    heartbeats.recap_came(node, number);
    let missing = missing(services, recap);
    if missing.is_empty() {
        return;
    }
    let (services, nodes, heartbeats) = (services.clone(), nodes.clone(), heartbeats.clone());
    spawn(async move {
        if add(&services, &nodes, missing).await.is_err() {
            // The next beat shows that it has to be asked for.
            heartbeats.recap_failed(node, number);
        }
    });
}

/// Asks a node for the recaps after one of them, up to another, and takes them in.
pub(super) async fn ask_for_recaps(
    services: Services,
    nodes: Arc<Nodes>,
    heartbeats: Arc<Heartbeats>,
    node: NodeId,
    (after, last): (u64, u64),
) {
    let done = match ask(&nodes, node, after, last).await {
        Ok(Some(recap)) => add(&services, &nodes, missing(&services, recap)).await,
        Ok(None) => add_all(&services, &nodes).await,
        Err(error) => Err(error),
    };
    heartbeats.recaps_asked(node, done.is_ok().then_some(last));
}

/// Reads the lists of everybody who is connected here whenever a node is gone that owned rooms, until core
/// ends.
pub(super) async fn keep_looking(
    services: Services,
    nodes: Arc<Nodes>,
    ended: watch::Receiver<()>,
) {
    let mut owners = BTreeSet::new();
    let due = Arc::new(AtomicBool::new(false));
    every(LOOK, ended, move || {
        // A node that gives its shards up one by one is gone when it has none.
        let now: BTreeSet<NodeId> = Shard::all()
            .filter_map(|shard| match services.owners.owner(shard) {
                Owner::There { node, .. } => Some(node),
                Owner::Here { .. } | Owner::Nobody => None,
            })
            .collect();
        if !owners.is_subset(&now) {
            due.store(true, Ordering::Relaxed);
        }
        owners = now;
        let (services, nodes, due) = (services.clone(), nodes.clone(), due.clone());
        async move {
            if due.load(Ordering::Relaxed) {
                due.store(add_all(&services, &nodes).await.is_err(), Ordering::Relaxed);
            }
        }
    })
    .await;
}

/// The recaps of a node; none when they are not kept any more.
async fn ask(nodes: &Nodes, node: NodeId, after: u64, last: u64) -> Result<Option<Recap>, Error> {
    if last - after > RECAPS_KEPT {
        return Ok(None);
    }
    let mut recap = Vec::new();
    for number in after + 1..=last {
        match nodes.ask(node, &Question::Recap(number)).await? {
            Answered::Recap(Some(part)) => recap.extend(part),
            _ => return Ok(None),
        }
    }
    Ok(Some(recap))
}

/// Those who are connected here and of whose rooms this node does not know.
fn missing(services: &Services, recap: Recap) -> Recap {
    let people = &services.people;
    let unknown = |(room, user): &(RoomId, UserId)| {
        !people.sessions(user).is_empty() && !people.is_in(user, *room)
    };
    recap.into_iter().filter(unknown).collect()
}

/// Adds rooms to people who are connected here, if they are still in them.
async fn add(services: &Services, nodes: &Arc<Nodes>, missing: Recap) -> Result<(), Error> {
    let keys: Vec<_> = missing.iter().map(|(room, user)| UserRoomRow::key(user, room)).collect();
    let rows = tables::get_many::<UserRoomRow>(&*services.store, &keys).await?;
    let listed: Recap = rows.into_iter().flatten().map(|row| (row.room, row.user)).collect();
    let added = stream::iter(listed)
        .map(|(room, user)| {
            let (services, nodes) = (services.clone(), nodes.clone());
            async move { add_one(&services, &nodes, room, &user).await }
        })
        .buffer_unordered(LISTS_AT_ONCE);
    added.fold(Ok(()), |all, one| std::future::ready(Result::and(all, one))).await
}

async fn add_one(
    services: &Services,
    nodes: &Nodes,
    room: RoomId,
    user: &UserId,
) -> Result<(), Error> {
    let call = Call::without_session(services.clone(), user.clone(), None);
    match create::find(&call, room).await {
        Ok(Reply::Room(summary)) if !services.people.is_in(user, room) => {
            room_added(services, nodes, user, summary).await;
            Ok(())
        }
        Ok(_) => Ok(()),
        // They have left it since.
        Err(error) if error.code == ErrorCode::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes in that a person who is connected here is in a room of another node now. If this node knows what came
/// later in that room, the owner is asked, because the news may be of before the person left.
pub(super) async fn room_added(
    services: &Services,
    nodes: &Nodes,
    user: &UserId,
    mut summary: RoomSummary,
) {
    let (views, room) = (&services.views, summary.room);
    for _ in 0..QUESTIONS {
        if !views.is_connected(user) {
            return;
        }
        summary_here(services, &mut summary);
        let peer = summary.peer.as_ref().map(|peer| peer.user.clone());
        let known = services.people.is_in(user, room);
        nodes.enter(user, vec![(room, peer)]).await;
        // The same news may have come another way meanwhile; whoever was first has told it.
        if !known && services.people.is_in(user, room) {
            return;
        }
        views.begin_at(room, summary.head);
        let shown =
            |user: &UserId| services.people.shown(&services.directory, user, services.clock.now());
        if views.receive_news_of_room(user, summary, shown) {
            return;
        }
        let call = Call::without_session(services.clone(), user.clone(), None);
        match create::find(&call, room).await {
            Ok(Reply::Room(found)) if found.role.is_some() => summary = found,
            // They have left it; or the next recap finds that the room is missing here.
            _ => break,
        }
    }
    if !services.people.is_in(user, room) {
        nodes.leave(user, room);
    }
}

/// Adds what is missing to everybody who is connected here.
async fn add_all(services: &Services, nodes: &Arc<Nodes>) -> Result<(), Error> {
    for shard in 0..People::SHARDS {
        let lists = stream::iter(services.people.connected(shard))
            .map(|user| {
                let services = services.clone();
                async move { unknown_rooms(&services, &user).await }
            })
            .buffer_unordered(LISTS_AT_ONCE);
        let lists: Vec<Result<Recap, StoreError>> = lists.collect().await;
        for list in lists {
            add(services, nodes, list?).await?;
        }
    }
    Ok(())
}

/// The rooms in a person's list of which this node does not know.
async fn unknown_rooms(services: &Services, user: &UserId) -> Result<Recap, StoreError> {
    let rows = rooms_of(&*services.store, &services.settings, user).await?;
    let all = rows.into_iter().map(|row| (row.room, row.user)).collect();
    Ok(missing(services, all))
}
