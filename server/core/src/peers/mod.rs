//! Several nodes that serve one chat.
//!
//! Each room has one owner among the nodes ([`crate::cluster`]). What changes a room, and what reads it
//! exactly, is done by its owner: other nodes ask it over the bus ([`forward`], and what they say in
//! [`questions`]). What happens in rooms comes to the other nodes as news, and each keeps views of the
//! rooms that its people see ([`follow`]). What a node answers is in [`crate::serving`]. A process that
//! runs alone has none of this.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use caffis_schema::{RoomId, Timestamp, UserId, placement::RoomPlaced};
use tokio::sync::Semaphore;

use self::forward::Queues;
use crate::{
    cluster::SharedOwners,
    hub::{
        elsewhere::There,
        follows::{Follows, Opening},
        intake::publish,
        news::{Changed, Edge, News},
        recaps::Recap,
        wire::{Subject, Wire},
    },
    ports::bus::NodeId,
    settings::Settings,
};

/// POSTs that are on their way to other nodes at the same time: whoever makes up names of connections can hold
/// places for as long as a node may take to answer.
const POSTS_PASSED_ON: usize = 1_024;

pub(crate) mod follow;
pub(crate) mod forward;
pub(crate) mod questions;

/// The other nodes, as this one reaches them.
pub(crate) struct Nodes {
    settings: Arc<Settings>,
    pub(crate) wire: Arc<Wire>,
    owners: SharedOwners,
    follows: Arc<Follows>,
    queues: Queues,
    /// How many questions this node has asked.
    questions: AtomicU64,
    /// How many edges of presence this node has told.
    edges: AtomicU64,
    /// Places for POSTs on their way to other nodes.
    passing: Semaphore,
}

impl Nodes {
    pub(crate) fn new(
        settings: Arc<Settings>,
        wire: Arc<Wire>,
        owners: SharedOwners,
        follows: Arc<Follows>,
    ) -> Arc<Self> {
        let (queues, questions, edges) = Default::default();
        let passing = Semaphore::new(POSTS_PASSED_ON);
        Arc::new(Self { settings, wire, owners, follows, queues, questions, edges, passing })
    }

    /// This node.
    pub(crate) fn id(&self) -> NodeId {
        self.wire.node()
    }

    /// Hears of a room of this node, too: who types and walks in elsewhere, and everything once
    /// another node owns it. Until the answer is dropped, and for as long as there is a view of it.
    pub(crate) async fn follow(&self, room: RoomId) -> Opening {
        self.follows.open(room).await
    }

    /// Follows what concerns a person who is connected here, before anything of theirs is read.
    pub(crate) async fn welcome(&self, user: &UserId) {
        self.wire.subscribe(&[Subject::Person(user.clone())]).await;
    }

    /// Follows the rooms of a person who is connected here.
    pub(crate) async fn enter(&self, user: &UserId, rooms: Vec<(RoomId, Option<UserId>)>) {
        self.follows.enter(user, rooms).await;
    }

    /// Follows a room no more for a person who turned out not to be in it.
    pub(crate) fn leave(&self, user: &UserId, room: RoomId) {
        self.follows.leave(user, room);
    }

    /// Those who are connected here and have a direct conversation with a person.
    pub(crate) fn peers_here(&self, user: &UserId) -> Vec<UserId> {
        self.follows.peers(user)
    }

    /// Follows nothing of a person any more who is no longer connected here.
    pub(crate) fn forget(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomId, Option<UserId>)>,
    ) {
        self.wire.unsubscribe(&Subject::Person(user.clone()));
        for (room, peer) in rooms {
            self.follows.leave(user, room);
            if let Some(peer) = peer {
                self.follows.forget_peer(user, &peer);
            }
        }
    }

    /// How many people wait to be told of again with the next beats.
    pub(crate) fn recaps_waiting(&self) -> usize {
        self.follows.recaps().waiting()
    }

    /// A recap of this node, if it is kept.
    pub(crate) fn recap(&self, number: u64) -> Option<Recap> {
        self.follows.recaps().get(number).map(|recap| recap.to_vec())
    }

    /// Tells the other nodes that this one is there, and recaps.
    pub(crate) fn publish_beat(&self) {
        let (node, recaps) = (self.wire.node(), self.follows.recaps());
        for (number, recap) in recaps.take() {
            let recap = News::Recap(node, number, recap.to_vec());
            publish(&self.wire, &Subject::Everyone, &recap);
        }
        let beat = News::Beat(node, self.edges(), recaps.last());
        publish(&self.wire, &Subject::Everyone, &beat);
    }

    /// How many edges of presence this node has told.
    pub(crate) fn edges(&self) -> u64 {
        self.edges.load(Ordering::Acquire)
    }

    /// Tells the other nodes what changed of a person who is connected here.
    pub(crate) fn publish_edge(
        &self,
        user: &UserId,
        there: There,
        rooms: Vec<(RoomId, Option<UserId>)>,
    ) {
        let number = self.edges.fetch_add(1, Ordering::AcqRel) + 1;
        let edge = Edge { node: self.wire.node(), number, user: user.clone(), there, rooms };
        publish(&self.wire, &Subject::Everyone, &News::Edge(Box::new(edge)));
    }

    /// Tells the other nodes of a person whose profile or settings changed.
    pub(crate) fn publish_person(&self, changed: Changed) {
        publish(&self.wire, &Subject::Everyone, &News::Person(Box::new(changed)));
    }

    /// Tells the other nodes where a person has put a room in their list.
    pub(crate) fn publish_placed(&self, user: &UserId, placed: &RoomPlaced) {
        let news = News::Placed(user.clone(), *placed);
        publish(&self.wire, &Subject::Person(user.clone()), &news);
    }

    /// Tells the other nodes that two people are kept apart, or no longer.
    pub(crate) fn publish_apart(&self, user: &UserId, other: &UserId, changes: u64, apart: bool) {
        let news = News::Apart(user.clone(), other.clone(), changes, apart);
        publish(&self.wire, &Subject::Everyone, &news);
    }

    /// Tells the other nodes that this one has given up shards or claimed some.
    pub(crate) fn publish_shards(&self) {
        publish(&self.wire, &Subject::Everyone, &News::Shards);
    }

    /// Has the other nodes end a person's sessions whose tokens were made before a time.
    pub(crate) fn publish_revoked(&self, user: &UserId, before: Timestamp) {
        let news = News::Revoked(user.clone(), before);
        publish(&self.wire, &Subject::Person(user.clone()), &news);
    }
}
