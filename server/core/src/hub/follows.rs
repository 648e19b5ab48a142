//! The rooms of which a node hears news from the other nodes: those that somebody has open here, and
//! those of the people who are connected here.
//!
//! Of each the node remembers the highest position that it heard of. What it has told its sessions lags
//! behind that only until it has asked the owner.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use caffis_schema::{Position, RoomId, UserId};

use super::{
    recaps::Recaps,
    wire::{Subject, Wire},
};
use crate::sync::lock;

/// What a node knows of a room that it follows.
#[derive(Debug, Default)]
struct Followed {
    /// The members who are connected here.
    members: BTreeSet<UserId>,
    /// There is a view of it: somebody has it open here, or on another node and this one owns it.
    viewed: bool,
    /// How many are opening it.
    opening: u32,
    /// The highest position of which the node heard.
    heard: Position,
    /// Up to here the sessions of this node were told, as long as there is no view that knows better.
    told: Position,
    /// Somebody is asking the owner for what is missing.
    filling: bool,
}

/// The rooms that this node follows.
pub struct Follows {
    wire: Arc<Wire>,
    recaps: Recaps,
    rooms: Mutex<BTreeMap<RoomId, Followed>>,
    /// Of people, wherever they are, those who are connected here and have a direct conversation with them.
    peers: Mutex<BTreeMap<UserId, BTreeSet<UserId>>>,
}

impl Follows {
    /// Follows nothing yet.
    #[must_use]
    pub(crate) fn new(wire: Arc<Wire>) -> Self {
        let (recaps, rooms, peers) = Default::default();
        Self { wire, recaps, rooms, peers }
    }

    /// The other nodes.
    pub(crate) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// What this node told people of rooms that they are in.
    pub(crate) fn recaps(&self) -> &Recaps {
        &self.recaps
    }

    /// Follows rooms for a member who is connected here; with whom they are, for direct conversations.
    /// What is published after this has resolved reaches this node.
    pub async fn enter(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomId, Option<UserId>)>,
    ) {
        let subjects = self.note_member(user, rooms);
        self.wire.subscribe(&subjects).await;
    }

    /// Notes that a member of rooms is connected here; with whom they are, for direct conversations. Gives the
    /// subjects that are to be subscribed to.
    #[must_use]
    pub(crate) fn note_member(
        &self,
        user: &UserId,
        rooms: impl IntoIterator<Item = (RoomId, Option<UserId>)>,
    ) -> Vec<Subject> {
        let mut subjects = Vec::new();
        let (mut followed, mut peers) = (lock(&self.rooms), lock(&self.peers));
        for (room, peer) in rooms {
            followed.entry(room).or_default().members.insert(user.clone());
            subjects.push(Subject::Room(room));
            if let Some(peer) = peer {
                peers.entry(peer).or_default().insert(user.clone());
            }
        }
        subjects
    }

    /// Those who are connected here and have a direct conversation with a person.
    pub fn peers(&self, user: &UserId) -> Vec<UserId> {
        let peers = lock(&self.peers);
        peers.get(user).map(|here| here.iter().cloned().collect()).unwrap_or_default()
    }

    /// A person is not connected here any more, who has a direct conversation with another one.
    pub fn forget_peer(&self, user: &UserId, peer: &UserId) {
        let mut peers = lock(&self.peers);
        if let Some(here) = peers.get_mut(peer) {
            here.remove(user);
            if here.is_empty() {
                peers.remove(peer);
            }
        }
    }

    /// Follows a room for somebody who opens it, until the answer is dropped: by then there is a view of the room, or
    /// it was not opened. As [`Follows::enter`].
    pub async fn open(self: &Arc<Self>, room: RoomId) -> Opening {
        lock(&self.rooms).entry(room).or_default().opening += 1;
        let opening = Opening { follows: self.clone(), room };
        self.wire.subscribe(&[Subject::Room(room)]).await;
        opening
    }

    /// Follows a room for as long as there is a view of it. Called while the views are locked, as
    /// [`Follows::close`]: so neither overtakes the other.
    pub(super) fn note_view(&self, room: RoomId) {
        lock(&self.rooms).entry(room).or_default().viewed = true;
    }

    /// There is no view of a room any more.
    pub(super) fn close(&self, room: RoomId) {
        let mut rooms = lock(&self.rooms);
        if let Some(followed) = rooms.get_mut(&room) {
            followed.viewed = false;
            self.drop_unused(&mut rooms, room);
        }
    }

    /// A person is no member of a room any more, or not connected here.
    pub fn leave(&self, user: &UserId, room: RoomId) {
        let mut rooms = lock(&self.rooms);
        if let Some(followed) = rooms.get_mut(&room) {
            followed.members.remove(user);
            self.drop_unused(&mut rooms, room);
        }
    }

    fn drop_unused(&self, rooms: &mut BTreeMap<RoomId, Followed>, room: RoomId) {
        let used = |followed: &Followed| {
            followed.viewed || followed.opening > 0 || !followed.members.is_empty()
        };
        if rooms.get(&room).is_some_and(|followed| !used(followed)) {
            rooms.remove(&room);
            self.wire.unsubscribe(&Subject::Room(room));
        }
    }

    /// Whether members of a room are connected here.
    #[must_use]
    pub fn has_members(&self, room: RoomId) -> bool {
        lock(&self.rooms).get(&room).is_some_and(|followed| !followed.members.is_empty())
    }

    /// The members of a room who are connected here.
    #[must_use]
    pub fn members(&self, room: RoomId) -> Vec<UserId> {
        let rooms = lock(&self.rooms);
        rooms.get(&room).map(|f| f.members.iter().cloned().collect()).unwrap_or_default()
    }

    /// Notes that a room has come to a position; true when the caller is to ask for what is missing,
    /// and then calls [`Follows::filled`].
    #[must_use]
    pub fn hear(&self, room: RoomId, head: Position) -> bool {
        let mut rooms = lock(&self.rooms);
        let Some(followed) = rooms.get_mut(&room) else { return false };
        followed.heard = followed.heard.max(head);
        !std::mem::replace(&mut followed.filling, true)
    }

    /// Notes what the sessions of this node know of a room that is followed only now.
    pub fn begin_at(&self, room: RoomId, head: Position) {
        if let Some(followed) = lock(&self.rooms).get_mut(&room)
            && followed.told == Position::ZERO
        {
            followed.told = head;
            followed.heard = followed.heard.max(head);
        }
    }

    /// Notes what the sessions of this node know of a room of which there is no view.
    pub fn note_told(&self, room: RoomId, head: Position) {
        if let Some(followed) = lock(&self.rooms).get_mut(&room) {
            followed.told = followed.told.max(head);
            followed.heard = followed.heard.max(head);
        }
    }

    /// The highest position of which the node heard.
    #[must_use]
    pub fn heard(&self, room: RoomId) -> Position {
        lock(&self.rooms).get(&room).map_or(Position::ZERO, |followed| followed.heard)
    }

    /// Up to where the sessions of this node were told, of a room of which there is no view.
    #[must_use]
    pub fn told(&self, room: RoomId) -> Position {
        lock(&self.rooms).get(&room).map_or(Position::ZERO, |followed| followed.told)
    }

    /// Ends the asking that [`Follows::hear`] began.
    pub fn filled(&self, room: RoomId) {
        if let Some(followed) = lock(&self.rooms).get_mut(&room) {
            followed.filling = false;
        }
    }

    /// All rooms that are followed, each with how far it was told without a view.
    #[must_use]
    pub fn all(&self) -> Vec<(RoomId, Position)> {
        lock(&self.rooms).iter().map(|(room, followed)| (*room, followed.told)).collect()
    }
}

/// Somebody opens a room: it is followed meanwhile.
#[must_use]
pub struct Opening {
    follows: Arc<Follows>,
    room: RoomId,
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut rooms = lock(&self.follows.rooms);
        if let Some(followed) = rooms.get_mut(&self.room) {
            followed.opening -= 1;
            self.follows.drop_unused(&mut rooms, self.room);
        }
    }
}
