//! Presence across nodes.
//!
//! Each node tells the others the edges of its own people, numbered, and once a second the number of
//! the last one. Who missed an edge asks for everyone who is connected there. A node that is silent for
//! [`SILENCE`] is gone, and so is everyone who was connected to it: each node tells its own sessions so.
//! So an edge costs one message to each node, and 10,000 people who stay connected cost nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use caffis_schema::{RoomId, UserId};
use tokio::{sync::watch, time::Instant};

use crate::{
    hub::{elsewhere::There, news::Edge},
    peers::{
        Nodes,
        questions::{Answered, Question},
    },
    ports::bus::NodeId,
    services::Services,
    sync::{every, lock, spawn},
    tables::{self, UserRoomRow},
};

/// How often a node tells that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// A node that was not heard for so long is gone.
const SILENCE: Duration = Duration::from_secs(6);

/// What is known of another node.
struct Heard {
    at: Instant,
    /// The number of the last edge that was taken in, all before it included.
    edges: u64,
    /// Somebody is asking for everyone there.
    asking: bool,
}

/// The nodes that were heard of.
#[derive(Default)]
pub(super) struct Heartbeats(Mutex<BTreeMap<NodeId, Heard>>);

impl Heartbeats {
    /// Forgets the nodes that were not heard for too long, and gives them.
    fn silent(&self) -> Vec<NodeId> {
        let mut heard = lock(&self.0);
        let silent = heard.iter().filter(|(_, heard)| heard.at.elapsed() >= SILENCE);
        let silent: Vec<_> = silent.map(|(node, _)| *node).collect();
        heard.retain(|node, _| !silent.contains(node));
        silent
    }
}

/// Takes in what changed of a person who is connected to another node.
pub(super) fn edge(services: &Services, heartbeats: &Heartbeats, edge: Edge) {
    let Edge { node, number, user, there, rooms } = edge;
    if let Some(heard) = lock(&heartbeats.0).get_mut(&node)
        && heard.edges.checked_add(1) == Some(number)
    {
        heard.edges = number;
    }
    services.people.note_version(&user, there.version);
    if services.people.elsewhere().set(node, &user, there.clone()) {
        services.tell_joined(&user, &rooms, Some(&there));
    }
}

/// Takes in that a node is there, and has told so many edges.
pub(super) fn beat(
    services: &Services,
    nodes: &Arc<Nodes>,
    heartbeats: &Arc<Heartbeats>,
    node: NodeId,
    edges: u64,
) {
    let behind = {
        let mut nodes_heard = lock(&heartbeats.0);
        // Of a node that is new here everything has to be asked for.
        let new = Heard { at: Instant::now(), edges: u64::MAX, asking: false };
        let heard = nodes_heard.entry(node).or_insert(new);
        heard.at = Instant::now();
        heard.edges != edges && !std::mem::replace(&mut heard.asking, true)
    };
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
        let Ok(Answered::People(people, edges)) = nodes.ask(node, &question, false).await else {
            break false;
        };
        // What happened after the first page comes as edges of its own.
        counted.get_or_insert(edges);
        let Some((last, _)) = people.last() else { break true };
        after = Some(last.clone());
        everyone.extend(people);
    };
    if let Some(heard) = lock(&heartbeats.0).get_mut(&node) {
        heard.asking = false;
        if let Some(edges) = counted.filter(|_| whole) {
            heard.edges = edges;
        }
    }
    if whole {
        let came: Vec<_> = everyone.keys().cloned().collect();
        let gone = services.people.elsewhere().replace(node, everyone);
        tell(&services, came.into_iter().chain(gone)).await;
    }
}

/// Tells the sessions of this node of people on other nodes, whose rooms the store knows.
async fn tell(services: &Services, people: impl Iterator<Item = UserId>) {
    for user in people {
        let most = services.settings.rooms_per_user as usize;
        let partition = UserRoomRow::partition(&user);
        // Without their rooms nobody hears of them until their next edge.
        if let Ok(rows) = tables::partition::<UserRoomRow>(&*services.store, partition, most).await
        {
            let rooms: Vec<(RoomId, Option<UserId>)> =
                rows.into_iter().map(|row| (row.room, row.peer)).collect();
            services.tell_joined(&user, &rooms, None);
        }
    }
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
