//! A node's view of a room that somebody has open here.
//!
//! A view is apart from the room's owner, also on the node that owns the room: it knows the state as
//! of the last entry that it was told, who has the room open here, and who types. Entries come to it
//! in the order of the log, each under the view's lock, so a removal at one position stops everything
//! after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use caffis_schema::{
    RoomId, Timestamp, UserId,
    room::{Marker, RoomClass},
};
use tokio::time::Instant;

use super::{
    feed::Feed,
    guests::Guests,
    people::SessionHandle,
    signallers::{Signallers, Told},
};
use crate::{model::room::RoomState, sync::lock};

/// A room as those on this node see it who have it open.
#[derive(Debug)]
pub struct View {
    /// Which room.
    pub room: RoomId,
    inner: Mutex<Seen>,
}

/// What a view knows.
#[derive(Debug)]
pub(super) struct Seen {
    /// The room's state after the last entry that was told.
    pub(super) state: Arc<RoomState>,
    pub(super) feed: Feed,
    signallers: Signallers,
    /// The number of people who have the room open changed, and is not told yet.
    pub(super) attendance_untold: bool,
    pub(super) attendance_told: Option<Instant>,
    /// The number of people that was told last.
    pub(super) count_told: u32,
    /// Who has the room open on other nodes.
    pub(super) guests: Guests,
    /// The markers that other nodes told of, for sessions that read slowly.
    pub(super) markers: BTreeMap<UserId, Marker>,
}

impl Seen {
    /// How many people have the room open, on all nodes.
    pub(super) fn attendance(&self) -> u32 {
        self.feed.attendance().saturating_add(self.guests.only_there())
    }
}

impl View {
    pub(super) fn new(state: Arc<RoomState>) -> Self {
        let room = state.meta.id;
        let inner = Mutex::new(Seen {
            feed: Feed::default(),
            signallers: Signallers::default(),
            attendance_untold: false,
            attendance_told: None,
            count_told: 0,
            guests: Guests::default(),
            markers: BTreeMap::new(),
            state,
        });
        Self { room, inner }
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.inner)
    }

    /// The room's state after the last entry that was told.
    #[must_use]
    pub fn state(&self) -> Arc<RoomState> {
        self.seen().state.clone()
    }

    /// How many people have the room open, on all nodes.
    #[must_use]
    pub fn attendance(&self) -> u32 {
        self.seen().attendance()
    }

    /// The first of those who have the room open on any node, after one of them in the order of ids.
    #[must_use]
    pub fn people_after(&self, after: Option<&UserId>, most: usize) -> BTreeSet<UserId> {
        let seen = self.seen();
        let here = seen.feed.people_after(after).take(most);
        let all: BTreeSet<&UserId> =
            here.chain(seen.guests.people_after(after).take(most)).collect();
        all.into_iter().take(most).cloned().collect()
    }

    /// Calls for every session that has the room open, under the view's lock.
    pub fn each_open(&self, each: impl FnMut(&Arc<SessionHandle>)) {
        let seen = self.seen();
        seen.feed.each(&seen.state, each);
    }

    /// Notes a signal of somebody on another node; true when the others are to be told.
    #[must_use]
    pub fn hears(
        &self,
        what: Told,
        from: &UserId,
        (counter, active): (u64, bool),
        few: u32,
    ) -> bool {
        let mut seen = self.seen();
        let there = seen.state.meta.class == RoomClass::Public || seen.state.member(from).is_some();
        let small = seen.state.is_small(few) && seen.attendance() <= few;
        seen.signallers.saw(counter);
        there && small && seen.signallers.hear(what, from, active, Instant::now())
    }

    /// Notes a signal of a person, which may say that they have stopped; gives the number of the signal when the
    /// others are to be told. In rooms with more than `few` people nobody is. The number is larger than before
    /// also when nobody had the room open in between.
    pub fn note(
        &self,
        what: Told,
        (user, active): (&UserId, bool),
        few: u32,
        now: Timestamp,
    ) -> Option<u64> {
        let mut seen = self.seen();
        let small = seen.state.is_small(few) && seen.attendance() <= few;
        let told = small && seen.signallers.hear(what, user, active, Instant::now());
        told.then(|| seen.signallers.next(now))
    }
}
