//! The rooms in memory, and the ways in: command one, or have it loaded.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex},
};

use caffis_schema::{Error, ErrorCode, MessageNumber, RoomId, UserId, room::RoomSummary};
use tokio::{sync::oneshot, time::Instant};

use super::{
    cell::{Job, Loaded, RoomCell, Work},
    command::{Done, RoomCommand},
    markers::MarkerState,
    owner,
};
use crate::{
    directory::Directory,
    hub::people::People,
    model::{actor::Actor, room::RoomState},
    ports::{clock::SharedClock, store::SharedStore},
    settings::Settings,
    statistics::Counters,
    sync::{lock, spawn},
};

/// All rooms in memory.
pub struct Rooms {
    pub(super) settings: Arc<Settings>,
    pub(super) store: SharedStore,
    pub(super) clock: SharedClock,
    pub(super) people: Arc<People>,
    pub(super) directory: Arc<Directory>,
    pub(super) statistics: Arc<Counters>,
    map: Mutex<BTreeMap<RoomId, Arc<RoomCell>>>,
    /// Rooms of which the store's hints are old or heads are due.
    pub(super) dirty: Mutex<BTreeMap<RoomId, Arc<RoomCell>>>,
}

/// What comes to a waiter whose driver went away.
fn driver_gone() -> Error {
    let sentence = "The room's owner stopped: ask again.";
    Error::unknown(ErrorCode::Internal, sentence, 1_000)
}

/// Puts a room right when its driver panics: what waited hears that the outcome is unknown, and the
/// next command reads the room again.
struct DriverGuard {
    cell: Arc<RoomCell>,
    /// The driver came to its end. Another one may be at work by now: it is not to be disturbed.
    finished: bool,
}

impl Drop for DriverGuard {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        let mut inner = lock(&self.cell.inner);
        inner.driving = false;
        inner.doubt();
        inner.pending.clear();
    }
}

impl Rooms {
    pub(crate) fn new(
        settings: Arc<Settings>,
        store: SharedStore,
        clock: SharedClock,
        people: Arc<People>,
        directory: Arc<Directory>,
        statistics: Arc<Counters>,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            store,
            clock,
            people,
            directory,
            statistics,
            map: Mutex::default(),
            dirty: Mutex::default(),
        })
    }

    /// Gives a command to the room's owner. The command is in the queue when this returns, so that
    /// commands of one session stay in order; the future is its answer.
    pub fn command(
        self: &Arc<Self>,
        room: RoomId,
        actor: Actor,
        command: RoomCommand,
    ) -> impl Future<Output = Result<Done, Error>> + Send + 'static + use<> {
        let (answer, done) = oneshot::channel();
        let queued = self.enqueue(room, Work::Command(Job { actor, command, answer }));
        async move {
            queued?;
            done.await.unwrap_or_else(|_| Err(driver_gone()))
        }
    }

    /// The room, in memory.
    ///
    /// # Errors
    /// `not_found`, or what keeps it from being read.
    pub async fn loaded(self: &Arc<Self>, room: RoomId) -> Result<Arc<RoomCell>, Error> {
        loop {
            if let Some(cell) = self.in_memory(room)
                && cell.state().is_some()
            {
                return Ok(cell);
            }
            let (answer, done) = oneshot::channel();
            self.enqueue(room, Work::Load(answer))?;
            done.await.unwrap_or_else(|_| Err(driver_gone()))?;
        }
    }

    /// The room, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, room: RoomId) -> Option<Arc<RoomCell>> {
        lock(&self.map).get(&room).cloned()
    }

    pub(super) fn enqueue(self: &Arc<Self>, room: RoomId, work: Work) -> Result<(), Error> {
        let cell = loop {
            let cell = {
                let mut map = lock(&self.map);
                map.entry(room).or_insert_with(|| Arc::new(RoomCell::new(room))).clone()
            };
            let mut inner = lock(&cell.inner);
            if inner.evicted {
                continue;
            }
            if inner.pending.len() >= self.settings.room_queue {
                let sentence = "Too many commands wait for this room.";
                return Err(Error::later(ErrorCode::Unavailable, sentence, 500));
            }
            inner.pending.push_back(work);
            inner.used = Instant::now();
            let start = !std::mem::replace(&mut inner.driving, true);
            drop(inner);
            if !start {
                return Ok(());
            }
            break cell;
        };
        let rooms = self.clone();
        spawn(async move {
            let mut guard = DriverGuard { cell: cell.clone(), finished: false };
            owner::drive(rooms, cell).await;
            guard.finished = true;
        });
        Ok(())
    }

    /// Takes a room out of memory that turned out not to exist.
    pub(super) fn drop_if_missing(&self, cell: &RoomCell) {
        let mut map = lock(&self.map);
        let mut inner = lock(&cell.inner);
        if inner.loaded.is_none() && !inner.driving && inner.pending.is_empty() && !inner.distrust {
            inner.evicted = true;
            map.remove(&cell.id);
        }
    }

    /// A room as one user's list shows it. Profiles come from memory: whoever asks has loaded them.
    #[must_use]
    pub fn summarise(&self, state: &RoomState, user: &UserId, marker: MarkerState) -> RoomSummary {
        let member = state.member(user);
        let read = marker.own_read().max(member.map_or(MessageNumber::ZERO, |m| m.unread_after));
        let read = if member.is_some() { read } else { state.number };
        let peer = state.peer_of(user);
        RoomSummary {
            room: state.meta.id,
            class: state.meta.class,
            context: state.meta.context.clone(),
            name: state.meta.name.clone(),
            peer: peer.map(|peer| self.directory.peek(peer)),
            peer_presence: peer
                .map(|peer| self.directory.presence(&self.people, peer, self.clock.now())),
            members: u32::try_from(state.members.len()).unwrap_or(u32::MAX),
            role: member.map(|m| m.role),
            head: state.head,
            number: state.number,
            read,
            unread: state.number.since(read),
            preview: state.preview_for(member).cloned(),
            active: state.time,
            readable: true,
        }
    }

    /// Takes rooms that nobody uses out of memory, the ones that were used longest ago first.
    pub(super) fn evict(&self) {
        let mut map = lock(&self.map);
        let over = map.len().saturating_sub(self.settings.idle_rooms);
        if over == 0 {
            return;
        }
        let dirty: Vec<RoomId> = lock(&self.dirty).keys().copied().collect();
        let mut idle: Vec<(Instant, RoomId)> = map
            .values()
            .filter(|cell| dirty.binary_search(&cell.id).is_err())
            .filter_map(|cell| {
                let inner = lock(&cell.inner);
                let busy = inner.driving || !inner.feed.is_empty() || inner.distrust;
                (!busy).then_some((inner.used, cell.id))
            })
            .collect();
        idle.sort_unstable();
        for (_, room) in idle.into_iter().take(over) {
            if let Some(cell) = map.get(&room) {
                let mut inner = lock(&cell.inner);
                let unsaved = inner.loaded.as_ref().is_some_and(Loaded::is_unsaved);
                let saving = cell.saving.try_lock().is_err();
                let busy = inner.driving || saving || unsaved || inner.distrust;
                if !busy && inner.feed.is_empty() {
                    inner.evicted = true;
                    drop(inner);
                    map.remove(&room);
                }
            }
        }
    }

    /// How many rooms are in memory.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.map).len()
    }

    /// Whether no command is under way.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let map = lock(&self.map);
        map.values().all(|cell| !lock(&cell.inner).driving)
    }
}
