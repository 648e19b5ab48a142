//! The rooms in memory, and the ways in: command one, or have it loaded.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use caffis_schema::{
    Error, ErrorCode, MessageNumber, RoomId, UserId, placement::Placed, room::RoomSummary,
};
use tokio::{sync::oneshot, time::Instant};

use super::{
    cell::{Inner, Job, RoomCell, Work},
    command::{Done, Order, RoomCommand},
    idle::IdleRooms,
    markers::MarkerState,
    plan::RoomPlan,
    refused::Refusals,
};
use crate::{
    activity::Activity,
    cluster::{Owner, Shard, SharedOwners},
    directory::Directory,
    errors::{no_owner, not_now, owner_stopped},
    hints::Hints,
    hub::{people::People, views::Views},
    model::{caller::Caller, room::RoomState},
    ports::{clock::SharedClock, stamps::Stamps, store::SharedStore},
    settings::Settings,
    sync::{lock, spawn},
    untold::Untold,
};

/// Rooms that are looked at when one becomes idle: more than one, so that the queue gets shorter.
pub(super) const LOOKS: usize = 2;

/// What the rooms work with.
pub(crate) struct Needs {
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: SharedStore,
    pub(crate) clock: SharedClock,
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) people: Arc<People>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) views: Arc<Views>,
    pub(crate) owners: SharedOwners,
    pub(crate) activity: Arc<Activity>,
    /// Who follows the logs closely, if anybody does.
    pub(crate) hints: Vec<Arc<Hints>>,
}

/// All rooms in memory.
pub struct Rooms {
    pub(super) settings: Arc<Settings>,
    pub(super) store: SharedStore,
    pub(super) clock: SharedClock,
    pub(super) stamps: Arc<Stamps>,
    pub(super) people: Arc<People>,
    pub(super) directory: Arc<Directory>,
    pub(super) views: Arc<Views>,
    pub(super) owners: SharedOwners,
    pub(super) activity: Arc<Activity>,
    pub(super) hints: Vec<Arc<Hints>>,
    pub(super) map: Mutex<BTreeMap<RoomId, Arc<RoomCell>>>,
    /// Commands that were refused a moment ago.
    pub(super) refused: Refusals,
    /// Shards of nodes that died, whose rooms are being taken over, with the epochs of this node.
    pub(super) waking: Mutex<BTreeMap<Shard, u64>>,
    /// Rooms that nobody uses, in the order in which they became idle.
    pub(super) idle: Mutex<IdleRooms>,
    /// Drivers at work.
    drivers: AtomicUsize,
    /// Rooms of which the store's hints are old or heads are due.
    pub(super) dirty: Mutex<BTreeMap<RoomId, Arc<RoomCell>>>,
    /// Rooms in which markers moved, which is not told yet.
    pub(super) untold: Untold<RoomCell>,
}

/// How full the fullest rooms are, each in its own way.
#[derive(Debug, Default)]
pub(crate) struct Fullest {
    /// Commands that wait for a room's owner.
    pub(crate) waiting: usize,
    /// Recent entries of a room.
    pub(crate) entries: usize,
    /// Commands that a room remembers.
    pub(crate) commands: usize,
    /// Commands of which one part of the rooms remembers that they were refused.
    pub(crate) refused: usize,
}

/// Puts a room right when its driver panics: what waited hears that the outcome is unknown, and the
/// next command reads the room again.
struct DriverGuard {
    rooms: Arc<Rooms>,
    cell: Arc<RoomCell>,
    /// The driver came to its end. Another one may be at work by now: it is not to be disturbed.
    finished: bool,
}

impl DriverGuard {
    /// The driver came to its end.
    fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for DriverGuard {
    fn drop(&mut self) {
        let mut inner = lock(&self.cell.inner);
        if !self.finished {
            inner.driving = false;
            inner.doubt();
            inner.pending.clear();
        }
        inner.used = Instant::now();
        self.rooms.note_idle(&self.cell, &mut inner);
        drop(inner);
        self.rooms.drivers.fetch_sub(1, Ordering::Relaxed);
        self.rooms.evict(LOOKS);
    }
}

impl Rooms {
    pub(crate) fn new(needs: Needs) -> Arc<Self> {
        let Needs {
            settings,
            store,
            clock,
            stamps,
            people,
            directory,
            views,
            owners,
            activity,
            hints,
        } = needs;
        Arc::new(Self {
            settings,
            store,
            clock,
            stamps,
            people,
            directory,
            views,
            owners,
            activity,
            hints,
            map: Mutex::default(),
            refused: Refusals::default(),
            waking: Mutex::default(),
            idle: Mutex::default(),
            drivers: AtomicUsize::new(0),
            dirty: Mutex::default(),
            untold: Untold::default(),
        })
    }

    /// Gives a command to the room's owner. The command is in the queue when this returns, so that
    /// commands of one session stay in order; the future is its answer. `known` says whether the caller is
    /// known to be in the room: strangers have no room read.
    pub fn command(
        self: &Arc<Self>,
        caller: Caller,
        known: bool,
        command: Box<dyn RoomCommand>,
    ) -> impl Future<Output = Result<Done, Error>> + Send + 'static + use<> {
        self.order(command.room(), (caller, known), Order::Command(command))
    }

    /// Has a room made from a plan, unless it is there.
    pub fn create(
        self: &Arc<Self>,
        room: RoomId,
        caller: Caller,
        plan: RoomPlan,
    ) -> impl Future<Output = Result<Done, Error>> + Send + 'static + use<> {
        self.order(room, (caller, true), Order::Create(Box::new(plan)))
    }

    fn order(
        self: &Arc<Self>,
        room: RoomId,
        (caller, known): (Caller, bool),
        order: Order,
    ) -> impl Future<Output = Result<Done, Error>> + Send + 'static + use<> {
        let (answer, done) = oneshot::channel();
        let queued = self.enqueue(room, Work::Command(Job { caller, known, order, answer }));
        async move {
            queued?;
            done.await.unwrap_or_else(|_| Err(owner_stopped()))
        }
    }

    /// The epoch in which this node owns a room.
    ///
    /// # Errors
    /// `unavailable` when it does not.
    pub(super) fn epoch_of(&self, room: RoomId) -> Result<u64, Error> {
        match self.owners.owner_of(room) {
            Owner::Here { epoch } => Ok(epoch),
            Owner::There { .. } | Owner::Nobody => Err(no_owner()),
        }
    }

    /// The room, in memory.
    ///
    /// # Errors
    /// `not_found`, or what keeps it from being read.
    pub async fn loaded(self: &Arc<Self>, room: RoomId) -> Result<Arc<RoomCell>, Error> {
        loop {
            let epoch = self.epoch_of(room)?;
            if let Some(cell) = self.in_memory(room)
                && cell.is_loaded_in(epoch)
            {
                return Ok(cell);
            }
            let (answer, done) = oneshot::channel();
            self.enqueue(room, Work::Load(answer))?;
            done.await.unwrap_or_else(|_| Err(owner_stopped()))?;
        }
    }

    /// The room, in memory, once everything that was sent to the store for it before this has come to its
    /// end.
    ///
    /// # Errors
    /// As [`Rooms::loaded`].
    pub(crate) async fn settled(self: &Arc<Self>, room: RoomId) -> Result<Arc<RoomCell>, Error> {
        let (answer, done) = oneshot::channel();
        self.enqueue(room, Work::Load(answer))?;
        done.await.unwrap_or_else(|_| Err(owner_stopped()))?;
        self.in_memory(room).ok_or_else(not_now)
    }

    /// The room, if it is in memory.
    #[must_use]
    pub fn in_memory(&self, room: RoomId) -> Option<Arc<RoomCell>> {
        lock(&self.map).get(&room).cloned()
    }

    pub(super) fn enqueue(self: &Arc<Self>, room: RoomId, work: Work) -> Result<(), Error> {
        self.epoch_of(room)?;
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
                cell.arrived.notify_one();
                return Ok(());
            }
            break cell;
        };
        let rooms = self.clone();
        self.drivers.fetch_add(1, Ordering::Relaxed);
        let guard = DriverGuard { rooms: self.clone(), cell: cell.clone(), finished: false };
        // A driver's future is large, and what is spawned is moved several times.
        let driving = Box::pin(rooms.drive(cell));
        spawn(async move {
            driving.await;
            guard.finish();
        });
        Ok(())
    }

    /// Takes a room out of memory that turned out not to exist, or that could not be read in time by a node
    /// that has lost it. What its owner doubts stays, and so do the names that it may have used.
    pub(super) fn drop_if_missing(&self, cell: &RoomCell) {
        let mut map = lock(&self.map);
        let mut inner = lock(&cell.inner);
        let doubts = inner.distrust && self.epoch_of(cell.id).is_ok();
        let doubts = doubts || self.keeps_names(cell.id, &inner);
        if inner.loaded.is_none() && !inner.driving && inner.pending.is_empty() && !doubts {
            inner.evicted = true;
            map.remove(&cell.id);
        }
    }

    /// Whether a room is not there as far as the store says, while this owner may have used names of its
    /// buckets: its creation had an unknown outcome. There are at most as many as such creations.
    pub(super) fn keeps_names(&self, room: RoomId, inner: &Inner) -> bool {
        inner.loaded.is_none()
            && self.epoch_of(room).is_ok_and(|epoch| inner.names_used.in_epoch(epoch) > 0)
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
            name: state.name().cloned(),
            peer: peer.map(|peer| self.directory.peek(peer)),
            peer_presence: peer.map(|peer| self.shown(peer)),
            members: u32::try_from(state.members.len()).unwrap_or(u32::MAX),
            role: member.map(|m| m.role),
            head: state.head,
            number: state.number,
            read,
            unread: state.number.since(read),
            muted_until: marker.muted_until.filter(|_| member.is_some()),
            // The node of the person knows.
            placed: Placed::default(),
            settings: state.writing.settings,
            description: state.meta.description.clone(),
            history: state.meta.history,
            preview: state.preview_for(member).cloned(),
            active: state.time,
            readable: true,
        }
    }

    /// How many rooms are in memory.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.map).len()
    }

    /// How full the fullest rooms are.
    pub(crate) fn fullest(&self) -> Fullest {
        let cells: Vec<_> = lock(&self.map).values().cloned().collect();
        let mut fullest = Fullest { refused: self.refused.fullest(), ..Fullest::default() };
        for cell in cells {
            let inner = lock(&cell.inner);
            fullest.waiting = fullest.waiting.max(inner.pending.len());
            if let Some(loaded) = &inner.loaded {
                fullest.entries = fullest.entries.max(loaded.ring.len());
                fullest.commands = fullest.commands.max(loaded.recent.len());
            }
        }
        fullest
    }

    /// Whether no command is under way.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.drivers.load(Ordering::Relaxed) == 0
    }
}
