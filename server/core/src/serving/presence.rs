//! Presence across nodes.
//!
//! Each node tells the others the edges of its own people, numbered, and once a second the number of
//! the last one. Who missed an edge asks for everyone who is connected there. A node that is silent for
//! some seconds is gone, and so is everyone who was connected to it: each node tells its own sessions so.
//! So an edge costs one message to each node, and 10,000 people who stay connected cost nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use caffis_schema::UserId;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;

use super::{heartbeats::Heartbeats, recaps::ask_for_recaps};
use crate::{
    hub::{elsewhere::There, news::Edge},
    memberships::rooms_of,
    peers::{
        Nodes,
        questions::{Answered, Question},
    },
    ports::bus::NodeId,
    services::Services,
    sync::{every, spawn},
};

/// How often a node tells that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// Takes in what changed of a person who is connected to another node.
pub(super) fn edge(services: &Services, heartbeats: &Heartbeats, edge: Edge) {
    let Edge { node, number, user, there, rooms } = edge;
    if !heartbeats.edge_came(node, number) {
        return;
    }
    services.people.note_version(&user, there.version);
    if services.people.elsewhere().set(node, &user, there.clone()) {
        services.tell_joined(&user, &rooms, Some(&there));
    }
}

/// Takes in that a node is there, and has told so many edges and recaps.
pub(super) fn beat(
    services: &Services,
    nodes: &Arc<Nodes>,
    heartbeats: &Arc<Heartbeats>,
    node: NodeId,
    (edges, recaps): (u64, u64),
) {
    let (behind, missed) = heartbeats.beat_came(node, edges, recaps);
    if let Some(missed) = missed {
        let (services, nodes, heartbeats) = (services.clone(), nodes.clone(), heartbeats.clone());
        spawn(ask_for_recaps(services, nodes, heartbeats, node, missed));
    }
    if behind {
        spawn(ask_for_everyone(services.clone(), nodes.clone(), heartbeats.clone(), node));
    }
}

/// Asks a node for everyone who is connected there.
async fn ask_for_everyone(
    services: Services,
    nodes: Arc<Nodes>,
    heartbeats: Arc<Heartbeats>,
    node: NodeId,
) {
    let mut everyone = BTreeMap::new();
    let mut counted = None;
    let mut after = None;
    let whole = loop {
        let question = Question::People(after.take());
        let Ok(Answered::People(people, edges)) = nodes.ask(node, &question).await else {
            break false;
        };
        // What happened after the first page comes as edges of its own.
        counted.get_or_insert(edges);
        let Some((last, _)) = people.last() else { break true };
        after = Some(last.clone());
        everyone.extend(people);
    };
    let is_there = heartbeats.everyone_asked(node, counted.filter(|_| whole));
    if whole && is_there {
        let came: Vec<_> = everyone.keys().cloned().collect();
        let gone = services.people.elsewhere().replace(node, everyone);
        tell(&services, came.into_iter().chain(gone)).await;
    }
}

/// People whose rooms are read at the same time.
const PEOPLE_AT_ONCE: usize = 16;

/// Tells the sessions of this node of people on other nodes, whose rooms the store knows.
async fn tell(services: &Services, people: impl Iterator<Item = UserId>) {
    let telling = stream::iter(people).map(|user| async move {
        // Without their rooms only those hear of them who write with them directly.
        let rows = rooms_of(&*services.store, &services.settings, &user).await.unwrap_or_default();
        let rooms: Vec<_> = rows.into_iter().map(|row| (row.room, row.peer)).collect();
        services.tell_joined(&user, &rooms, None);
    });
    telling.buffer_unordered(PEOPLE_AT_ONCE).collect::<()>().await;
}

/// Tells the other nodes that this one is there, and notes which of them are not any more, until core
/// ends.
pub(crate) async fn keep_beating(
    services: Services,
    nodes: Arc<Nodes>,
    heartbeats: Arc<Heartbeats>,
    ended: watch::Receiver<()>,
) {
    every(BEAT, ended, move || {
        nodes.publish_beat();
        for node in heartbeats.silent() {
            services.views.forget_node(node);
            let gone = services.people.elsewhere().forget_node(node);
            let services = services.clone();
            // Apart, because it reads the store for each of them: the next beat may not wait for that.
            spawn(async move { tell(&services, gone.into_iter()).await });
        }
        std::future::ready(())
    })
    .await;
}

/// A page of the people who are connected here, for another node, and how many edges were told before.
pub(crate) fn everyone(
    services: &Services,
    nodes: &Nodes,
    after: Option<&UserId>,
) -> (Vec<(UserId, There)>, u64) {
    let edges = nodes.edges();
    (services.people.page_there(after), edges)
}
