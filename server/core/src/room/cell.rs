//! A room in memory.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use caffis_schema::{
    Entry, Error, MessageNumber, Position, RoomId, Timestamp, UserId, room::Marker,
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use super::{
    buckets::Filled,
    command::{Done, Order},
    markers::{MarkerState, Markers, Moved},
    recent::Recent,
    ring::Ring,
};
use crate::{
    errors::not_now,
    hub::view::View,
    model::{
        authorise::no_such_room,
        caller::Caller,
        room::{BucketName, RoomState},
    },
    ports::store::{Batch, Stamp},
    sync::lock,
    tables::HeadRow,
};

/// Work for a room's driver.
#[derive(Debug)]
pub(super) enum Work {
    /// A command.
    Command(Job),
    /// Somebody needs the room in memory.
    Load(oneshot::Sender<Result<(), Error>>),
}

/// A command and where its answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) caller: Caller,
    /// Whether the caller is known to be in the room; others may be strangers to it.
    pub(super) known: bool,
    pub(super) order: Order,
    pub(super) answer: oneshot::Sender<Result<Done, Error>>,
}

/// A room that was read from the store.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: Arc<RoomState>,
    /// The last entries, oldest first and without a gap.
    pub(super) ring: Ring,
    pub(super) recent: Recent,
    /// Rows that follow from the log and that the store lacks. Reading goes on without them; changes
    /// wait for them, because a later load may no longer find what they follow from.
    pub(super) owed: Batch,
    /// Members who may not have heard that they are in the room: the last entries name them, or the store lacked their
    /// rows.
    pub(super) unheard: BTreeSet<UserId>,
    pub(super) markers: Markers,
    /// The messages up to this position have moved their senders' markers in the store, too.
    pub(super) saved: Position,
    /// The epoch under which this owner appends.
    pub(super) epoch: u64,
    /// The number of the last bucket that it opened, or found of its epoch.
    pub(super) last_bucket: u64,
    /// The next append opens a bucket: after the outcome of a write was unknown, what may still be
    /// written late is void in the old one.
    pub(super) fresh_bucket: bool,
    /// How full the last bucket is.
    pub(super) filled: Filled,
    /// The minute in which the room was last noted as active.
    pub(super) active_minute: u64,
    /// The store's hint of the head is older.
    pub(super) head_dirty: bool,
    /// The hint of the head is on its way to the store.
    pub(super) head_saving: bool,
}

/// About what a member, a marker, a remembered command and a bucket take in memory.
const MEMBER_BYTES: usize = 160;
const MARKER_BYTES: usize = 128;
const COMMAND_BYTES: usize = 192;
const BUCKET_BYTES: usize = 32;

impl Loaded {
    /// About how much memory the room takes.
    pub(super) fn bytes(&self) -> usize {
        self.ring.bytes()
            + self.state.members.len() * MEMBER_BYTES
            + self.markers.len() * MARKER_BYTES
            + self.recent.len() * COMMAND_BYTES
            + self.state.buckets.len() * BUCKET_BYTES
    }

    /// A room of which nothing was written yet.
    pub(super) fn empty(state: RoomState) -> Self {
        Self {
            state: Arc::new(state),
            ring: Ring::default(),
            recent: Recent::default(),
            owed: Batch::repairable(Stamp::NONE),
            unheard: BTreeSet::new(),
            markers: Markers::default(),
            saved: Position::ZERO,
            epoch: 1,
            last_bucket: 0,
            fresh_bucket: false,
            filled: Filled::default(),
            active_minute: 0,
            head_dirty: false,
            head_saving: false,
        }
    }

    /// Whether there is something here that the store does not have yet.
    pub(super) fn is_unsaved(&self) -> bool {
        self.head_dirty || self.head_saving || self.markers.any_dirty() || self.owes()
    }

    /// Whether the store lacks rows that follow from the log.
    pub(super) fn owes(&self) -> bool {
        !self.owed.operations.is_empty()
    }

    /// A member's marker as others see it; `tells` says whether they tell what they have read.
    pub(super) fn told_marker(
        &self,
        user: &UserId,
        tells: impl FnOnce(&UserId) -> bool,
    ) -> Option<Marker> {
        self.state.member(user)?;
        let marker = self.markers.get(user)?;
        let read = if tells(user) { marker.read } else { MessageNumber::ZERO };
        Some(Marker { user: user.clone(), delivered: marker.delivered, read })
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) loaded: Option<Loaded>,
    pub(super) pending: VecDeque<Work>,
    pub(super) driving: bool,
    /// The view of those who have the room open on this node.
    pub(super) view: Option<Arc<View>>,
    pub(super) used: Instant,
    /// Taken out of memory: whoever still holds it asks for the room again.
    pub(super) evicted: bool,
    /// Waits among the rooms that nobody uses, which were told that it takes so much memory.
    pub(super) idle_bytes: Option<usize>,
    /// The head is due to be told to members who do not have this large room open.
    pub(super) digest_due: bool,
    /// A write had an unknown outcome: the room has to be read again and goes on in a new bucket.
    pub(super) distrust: bool,
    /// The largest name of a bucket that this process may have used here.
    pub(super) names_used: BucketName,
    /// What memory had before that. It is what sessions were told.
    pub(super) before: Option<Before>,
    pub(super) updates: Updates,
    /// Votes that come before this wait for each other.
    pub(super) votes_due: Option<Instant>,
}

/// Whose markers changed in a room and are not told yet.
#[derive(Debug, Default)]
pub(super) struct Updates {
    pub(super) markers: BTreeSet<UserId>,
    pub(super) told: Option<Instant>,
}

/// What memory had of a room before it had to be read again.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) state: Arc<RoomState>,
    pub(super) markers: Markers,
}

impl Inner {
    /// The room, for a marker of this member.
    fn markable(&mut self, user: &UserId) -> Result<&mut Loaded, Error> {
        let loaded = self.loaded.as_mut().ok_or_else(not_now)?;
        if loaded.state.member(user).is_none() {
            return Err(no_such_room());
        }
        Ok(loaded)
    }

    /// Nothing in memory can be trusted any more: only what sessions were told is kept.
    pub(super) fn doubt(&mut self) {
        self.distrust = true;
        if let Some(Loaded { state, markers, epoch, last_bucket, .. }) = self.loaded.take() {
            // The write may have opened a bucket, whose name is not used again.
            self.names_used = BucketName { epoch, number: last_bucket + 1 };
            self.before = Some(Before { state, markers });
        }
    }
}

/// A room in memory: its state, and its queue.
#[derive(Debug)]
pub struct RoomCell {
    /// Which room.
    pub id: RoomId,
    /// Held while markers of the room are on their way to the store.
    pub(super) saving: Arc<tokio::sync::Mutex<()>>,
    pub(super) inner: Mutex<Inner>,
    /// Wakes the driver while it waits for votes.
    pub(super) arrived: Notify,
}

impl RoomCell {
    pub(super) fn new(id: RoomId) -> Self {
        Self {
            id,
            saving: Arc::default(),
            inner: Mutex::new(Inner {
                loaded: None,
                pending: VecDeque::new(),
                driving: false,
                view: None,
                used: Instant::now(),
                evicted: false,
                idle_bytes: None,
                digest_due: false,
                distrust: false,
                names_used: BucketName { epoch: 0, number: 0 },
                before: None,
                updates: Updates::default(),
                votes_due: None,
            }),
            arrived: Notify::new(),
        }
    }

    /// Whether the room is in memory, as its owner of an epoch read it.
    pub(super) fn is_loaded_in(&self, epoch: u64) -> bool {
        let mut inner = lock(&self.inner);
        inner.used = Instant::now();
        inner.loaded.as_ref().is_some_and(|loaded| loaded.epoch == epoch)
    }

    /// The room's state, if it is in memory.
    #[must_use]
    pub fn state(&self) -> Option<Arc<RoomState>> {
        let mut inner = lock(&self.inner);
        inner.used = Instant::now();
        inner.loaded.as_ref().map(|loaded| loaded.state.clone())
    }

    /// Whether the store has everything that the room's state says: no row is owed.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        lock(&self.inner).loaded.as_ref().is_some_and(|loaded| !loaded.owes())
    }

    /// A user's marker.
    #[must_use]
    pub fn marker(&self, user: &UserId) -> MarkerState {
        let inner = lock(&self.inner);
        inner.loaded.as_ref().and_then(|loaded| loaded.markers.get(user)).unwrap_or_default()
    }

    /// The markers of the members, as far as `tells` says that they are told.
    #[must_use]
    pub fn markers(&self, mut tells: impl FnMut(&UserId) -> bool) -> Vec<Marker> {
        let inner = lock(&self.inner);
        let Some(loaded) = &inner.loaded else { return Vec::new() };
        let members = loaded.state.members.keys();
        members.filter_map(|user| loaded.told_marker(user, &mut tells)).collect()
    }

    /// Moves a member's marker forward; none when it was there already.
    ///
    /// # Errors
    /// The room is not in memory: ask again. The user is no member any more.
    pub fn advance_marker(
        &self,
        user: &UserId,
        delivered: MessageNumber,
        read: MessageNumber,
    ) -> Result<Option<Moved>, Error> {
        let mut inner = lock(&self.inner);
        let loaded = inner.markable(user)?;
        Ok(loaded.markers.advance(user, delivered, read))
    }

    /// Marks a message and all after it as unread.
    ///
    /// # Errors
    /// As [`RoomCell::advance_marker`].
    pub fn mark_unread(&self, user: &UserId, number: MessageNumber) -> Result<MarkerState, Error> {
        let mut inner = lock(&self.inner);
        let loaded = inner.markable(user)?;
        Ok(loaded.markers.mark_unread(user, number))
    }

    /// Mutes the room for a member until a time, or no longer.
    ///
    /// # Errors
    /// As [`RoomCell::advance_marker`].
    pub fn mute(&self, user: &UserId, until: Option<Timestamp>) -> Result<(), Error> {
        let mut inner = lock(&self.inner);
        inner.markable(user)?.markers.mute(user, until);
        Ok(())
    }

    /// The entries from `first` to `last`, if memory has all of them.
    #[must_use]
    pub fn ring_range(&self, first: Position, last: Position) -> Option<Vec<Arc<Entry>>> {
        let inner = lock(&self.inner);
        let ring = &inner.loaded.as_ref()?.ring;
        let oldest = ring.front()?.position;
        if first < oldest {
            return None;
        }
        let (skip, take) = (first.since(oldest), (last + 1).since(first));
        let (skip, take) = (usize::try_from(skip).ok()?, usize::try_from(take).ok()?);
        Some(ring.iter().skip(skip).take(take).cloned().collect())
    }
}

/// A room's head as the store's hint.
#[must_use]
pub(super) fn head_row(state: &RoomState) -> HeadRow {
    HeadRow {
        room: state.meta.id,
        position: state.head,
        number: state.number,
        time: state.time,
        sender: state.preview.as_ref().and_then(|preview| preview.sender.clone()),
        preview: state.preview.as_ref().map(|preview| preview.text.as_str().into()),
    }
}
