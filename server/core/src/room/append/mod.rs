//! One durable write: the entries of a batch of commands, and everything that is written with them.

mod rows;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use caffis_schema::{
    ClientId, Entry, EntryKind, MessageNumber, Position, RoomId, Timestamp, UserId,
    polls::Tallied,
    room::{Card, ClientKey},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

pub(super) use self::rows::bucket_row;
use super::{
    ballots::{Ballot, Votes},
    buckets::Filled,
    cell::Loaded,
    changes::Changes,
    entries::Origin,
    markers::Picked,
    mentions::Mentioned,
    recent::Sent,
    threads,
};
use crate::{
    model::room::{BucketName, Members, Pins, RoomState},
    settings::Settings,
    traces,
};

/// Entries that may wait for the rows of the markers that they moved; then those rows are written
/// with the append.
pub(super) const UNSAVED_ENTRIES: u64 = 64;

/// About what a vote takes in the row of its entry.
const BALLOT_BYTES: u64 = 96;

/// The rows of markers that one append takes.
const MARKER_ROWS: usize = 1_024;

/// What a batch of commands will append.
#[derive(Debug)]
pub(super) struct Append {
    /// The state without the entries: what is durable.
    before: Arc<RoomState>,
    /// The state with all entries applied.
    pub(super) ahead: RoomState,
    /// The entries, in order.
    pub(super) entries: Vec<Arc<Entry>>,
    /// What became of commands with a key.
    pub(super) sent: Vec<(UserId, ClientKey, Sent)>,
    /// Markers whose rows would be late otherwise, and what keeps others from writing them.
    markers: Option<Picked>,
    saving: Option<OwnedMutexGuard<()>>,
    /// The commands that made entries, by the entries' positions.
    origins: BTreeMap<Position, Origin>,
    members_before: Members,
    card_before: Option<Arc<Card>>,
    pins_before: Arc<Pins>,
    settings_before: Position,
    invites_before: Position,
    /// The messages that its commands are about.
    pub(super) changes: Changes,
    /// What those have chosen in polls who vote now.
    pub(super) votes: Votes,
    /// Whom they mention, or no longer.
    pub(super) mentioned: Vec<Mentioned>,
    /// The replies in threads among its entries.
    pub(super) replies: Vec<threads::Reply>,
    /// Those before were durable before this append.
    first_bucket: usize,
    active_minute: u64,
    epoch: u64,
    /// The number of the last bucket that this owner opened.
    last_bucket: u64,
    fresh_bucket: bool,
    filled: Filled,
    bucket_bytes: u64,
}

impl Append {
    /// An append to the room as it is, of commands about these messages; no bucket may take more than so
    /// many bytes.
    pub(super) fn new(
        loaded: &Loaded,
        (changes, votes): (Changes, Votes),
        bucket_bytes: u64,
    ) -> Self {
        Self {
            before: loaded.state.clone(),
            ahead: (*loaded.state).clone(),
            entries: Vec::new(),
            sent: Vec::new(),
            markers: None,
            saving: None,
            origins: BTreeMap::new(),
            members_before: loaded.state.members.clone(),
            card_before: loaded.state.card.clone(),
            pins_before: loaded.state.pins.clone(),
            settings_before: loaded.state.writing.position,
            invites_before: loaded.state.invites.position,
            changes,
            votes,
            mentioned: Vec::new(),
            replies: Vec::new(),
            first_bucket: loaded.state.buckets.len(),
            active_minute: loaded.active_minute,
            epoch: loaded.epoch,
            last_bucket: loaded.last_bucket,
            fresh_bucket: loaded.fresh_bucket,
            filled: loaded.filled,
            bucket_bytes,
        }
    }

    /// The members before this append.
    pub(super) fn members_before(&self) -> Members {
        self.members_before.clone()
    }

    /// What becomes of a command that is part of this append.
    pub(super) fn sent(&self, user: &UserId, client: ClientId) -> Option<Sent> {
        let found = self.sent.iter().find(|(who, key, _)| who == user && key.id == client);
        found.map(|(_, _, sent)| *sent)
    }

    /// The epoch of the owner that appends.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The largest name of a bucket that it uses.
    pub(super) fn last_name(&self) -> BucketName {
        BucketName { epoch: self.epoch, number: self.last_bucket }
    }

    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.sent.is_empty()
    }

    /// Adds an entry at the next position. Time never runs backwards within a room.
    pub(super) fn push(&mut self, kind: EntryKind, now: Timestamp) -> Arc<Entry> {
        if let Some(entry) = self.count_in(&kind) {
            return entry;
        }
        let time = now.max(self.ahead.time);
        let entry = Arc::new(Entry { position: self.ahead.head + 1, time, kind });
        let last = self.ahead.buckets.last();
        let ends = last.is_none_or(|last| self.filled.ends(last, &entry, self.bucket_bytes));
        if ends || self.fresh_bucket {
            self.fresh_bucket = false;
            self.last_bucket += 1;
            let name = BucketName { epoch: self.epoch, number: self.last_bucket };
            let before = self.ahead.buckets.last().map(|bucket| bucket.name);
            let bucket = self.filled.begin(&entry, name, before);
            Arc::make_mut(&mut self.ahead.buckets).push(bucket);
        }
        self.filled.add(&entry);
        self.ahead.apply(&entry);
        let message = entry.kind.changed_message();
        let before = message.and_then(|message| self.changes.get(message).cloned());
        self.changes.take(&entry);
        let after = message.and_then(|message| self.changes.get(message));
        let told = (before.as_deref(), after.map(|after| &**after));
        self.mentioned.extend(Mentioned::by(&self.ahead, &entry, told));
        let root = entry.kind.changed_thread().and_then(|root| self.changes.get(root));
        self.replies.extend(threads::Reply::of(&self.ahead, &entry, root.map(|root| &**root)));
        self.entries.push(entry.clone());
        entry
    }

    /// Counts a vote in the entry that this append has of the same poll already: what it says is how things are after
    /// all of them. None if there is no such entry.
    fn count_in(&mut self, kind: &EntryKind) -> Option<Arc<Entry>> {
        let EntryKind::Tallied(Tallied { message, .. }) = kind else { return None };
        let same = |entry: &&mut Arc<Entry>| matches!(&entry.kind, EntryKind::Tallied(tallied) if tallied.message == *message);
        let entry = self.entries.iter_mut().find(same)?;
        *entry = Arc::new(Entry { kind: kind.clone(), ..(**entry).clone() });
        self.changes.take_again(entry);
        Some(entry.clone())
    }

    /// Whether somebody else writes a message in this append, after the one of this number.
    pub(super) fn is_answered(&self, author: Option<&UserId>, number: MessageNumber) -> bool {
        senders(&self.entries).any(|(sender, later)| author != Some(sender) && later > number)
    }

    /// Notes which command made the entry at a position.
    pub(super) fn note_origin(&mut self, position: Position, origin: Origin) {
        self.origins.insert(position, origin);
    }

    /// Notes which command counts in the entry of a poll at a position.
    pub(super) fn note_ballot(&mut self, position: Position, ballot: Ballot) {
        self.filled.grow(BALLOT_BYTES);
        self.votes.add(position, ballot);
    }

    /// Whether people voted.
    pub(super) fn has_votes(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.kind, EntryKind::Tallied(_)))
    }

    /// Has markers written with the entries when too many entries would wait for them; at most `most`,
    /// and those of who writes now.
    pub(super) fn save_markers(
        &mut self,
        loaded: &mut Loaded,
        saving: &Arc<Mutex<()>>,
        most: usize,
    ) {
        if self.ahead.head <= loaded.saved + UNSAVED_ENTRIES {
            return;
        }
        // While others write them, they are on their way as it is.
        let Ok(guard) = saving.clone().try_lock_owned() else { return };
        self.saving = Some(guard);
        let mut picked = loaded.markers.pick(None, MARKER_ROWS.min(most));
        let mut moved: BTreeMap<_, _> = picked.moved.into_iter().collect();
        // Those who write now are at most as many as the commands of one append.
        for (sender, number) in senders(&self.entries) {
            let known = || loaded.markers.get(sender).unwrap_or_default();
            moved.entry(sender.clone()).or_insert_with(known).wrote(number);
        }
        moved.retain(|user, _| self.ahead.member(user).is_some());
        picked.moved = moved.into_iter().collect();
        self.markers = Some(picked);
    }

    /// It is durable: tells whoever traces the commands.
    pub(super) fn trace(&self, room: RoomId, took: Duration) {
        for (_, key, _) in &self.sent {
            traces::appended(key.id, room, took, self.entries.len());
        }
    }

    /// Takes over into memory what is durable now.
    pub(super) fn commit(self, loaded: &mut Loaded, settings: &Settings) -> Vec<Arc<Entry>> {
        if self.has_new_members() {
            let gone = |user: &&UserId| !self.ahead.members.contains_key(*user);
            self.members_before.keys().filter(gone).for_each(|user| loaded.markers.remove(user));
        }
        loaded.markers.follow(&self.ahead.members, self.entries.iter());
        if let Some(picked) = &self.markers {
            loaded.markers.written(picked);
            if picked.all {
                loaded.saved = self.ahead.head;
            }
        }
        loaded.state = Arc::new(self.ahead);
        loaded.active_minute = self.active_minute;
        loaded.fresh_bucket = self.fresh_bucket;
        loaded.filled = self.filled;
        loaded.last_bucket = self.last_bucket;
        loaded.head_dirty |= !self.entries.is_empty();
        self.entries.iter().cloned().for_each(|entry| loaded.ring.push(entry));
        self.changes.entries().for_each(|entry| loaded.ring.replace(entry));
        loaded.ring.trim(settings);
        for (user, key, sent) in self.sent {
            loaded.recent.insert(user, key.id, sent);
        }
        // Of several changes of one message the last one is told with its words.
        let now = |entry: Arc<Entry>| self.changes.get(entry.position).cloned().unwrap_or(entry);
        self.entries.into_iter().map(now).collect()
    }
}

/// Who wrote messages among these entries, and their numbers. Whoever wrote what is imported did so long ago.
fn senders(entries: &[Arc<Entry>]) -> impl Iterator<Item = (&UserId, MessageNumber)> {
    entries.iter().filter_map(|entry| match &entry.kind {
        EntryKind::Message(message) if message.imported().is_none() => {
            Some((message.sender.as_ref()?, message.number))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;
