//! One durable write: the entries of a batch of commands, and everything that is written with them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use caffis_schema::{
    ClientId, Entry, EntryKind, MessageNumber, Position, RoomId, Timestamp, UserId,
    polls::Tallied,
    room::{Card, ClientKey},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    ballots::{Ballot, Votes},
    buckets::Filled,
    cards,
    cell::{Loaded, head_row},
    changes::Changes,
    command::client_id_kept,
    entries::{self, Origin, Place},
    invites,
    markers::Picked,
    membership::membership_rows,
    mentions::Mentioned,
    pins,
    recent::Sent,
    threads, writing,
};
use crate::{
    activity,
    model::room::{Bucket, BucketName, Members, Pins, RoomState},
    ports::store::{Batch, StoreError},
    settings::Settings,
    tables::{BucketRow, HeadRow, MarkerRow, RoomRow, SentRow},
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

    /// What makes the entries durable: they, the bucket that holds them, what became of their commands,
    /// and that the room was active in this minute of its shard. The parts may land one by one: an append
    /// that is not known to have landed whole is told to nobody, and the next owner writes the last one
    /// again (rules 11, 14, 15). A process alone takes nothing over: its batch is one that lands whole or
    /// not at all.
    pub(super) fn fill(
        &mut self,
        mut batch: Batch,
        settings: &Settings,
        minute: u64,
    ) -> Result<Batch, StoreError> {
        let room = self.ahead.meta.id;
        for bucket in &self.ahead.buckets[self.first_bucket..] {
            batch.put(&bucket_row(room, bucket));
        }
        let append = self.entries.first().map_or(Position(1), |entry| entry.position);
        for entry in &self.entries {
            let bucket = self.ahead.bucket_of(entry.position).map(|bucket| bucket.name);
            let bucket = bucket.unwrap_or(BucketName { epoch: self.epoch, number: 1 });
            let origin = self.origins.get(&entry.position);
            let mut row = entries::to_row(room, Place { bucket, append }, entry, origin)?;
            row.ballots = self.votes.column(entry.position)?;
            self.changes.note_row(&row);
            // After a write of unknown outcome the room goes on in a new bucket: what comes first into a row
            // of the timeline is written once, but for its retries.
            let is_message = matches!(entry.kind, EntryKind::Message(_));
            batch.put_fresh(&row, (!is_message).then_some(settings.entry_retention));
            if entry.position == Position(1) {
                batch.put(&RoomRow::from(&*self.ahead.meta));
            }
        }
        for (sender, key, Sent { appended, made, digest }) in &self.sent {
            let row = SentRow {
                room,
                sender: sender.clone(),
                day: SentRow::day_of(key.time),
                client: key.id,
                position: appended.position,
                number: appended.number,
                time: appended.time,
                made: *made,
                digest: *digest,
            };
            match SentRow::is_lasting(key.time) {
                true => batch.put(&row),
                false => batch.put_for(&row, client_id_kept(settings)),
            }
        }
        self.changes.keep_words(&mut batch, room)?;
        for (user, marker) in self.markers.iter().flat_map(|picked| &picked.moved) {
            batch.put(&marker.to_row(room, user.clone()));
        }
        for user in self.markers.iter().flat_map(|picked| &picked.gone) {
            batch.delete::<MarkerRow>(MarkerRow::key(&room, user));
        }
        if minute != self.active_minute && !self.entries.is_empty() {
            self.active_minute = minute;
            activity::note(&mut batch, room, minute, settings.activity_retention);
            // Lists sort by the hint's time, which has to be there after a crash too. Its position
            // stays behind: the hint may not run ahead of a log to which this write is lost.
            batch.put(&HeadRow { time: self.ahead.time, ..head_row(&self.before) });
        }
        Ok(batch)
    }

    /// The rows of other tables that follow from the entries. They are sent once those are durable and the
    /// lease was held after that, so that entries which a newer epoch voids leave nothing behind, and
    /// are durable before the entries are told (rule 12).
    pub(super) fn following(
        &self,
        mut batch: Batch,
        settings: &Settings,
    ) -> Result<Batch, StoreError> {
        if self.has_new_members() {
            membership_rows(&mut batch, &self.ahead, &self.members_before);
        }
        if self.has_new_card() {
            cards::put(&mut batch, &self.ahead);
        }
        if self.has_new_pins() {
            pins::put(&mut batch, &self.ahead);
        }
        if self.has_new_settings() {
            writing::put(&mut batch, &self.ahead);
        }
        if self.has_new_invites() {
            invites::put(&mut batch, &self.ahead);
        }
        if self.has_new_members() {
            for entry in &self.entries {
                invites::put_removal(&mut batch, &self.ahead, entry);
            }
        }
        self.changes.rewrite(&mut batch, settings.entry_retention)?;
        self.votes.put(&mut batch, self.ahead.meta.id);
        for mentioned in &self.mentioned {
            mentioned.put(&mut batch, self.ahead.meta.id);
        }
        for reply in &self.replies {
            reply.put(&mut batch, self.ahead.meta.id);
        }
        // One append may send a message and change it.
        batch.merge();
        Ok(batch)
    }

    /// Whether rows of other tables follow from the entries.
    pub(super) fn has_following(&self) -> bool {
        self.has_new_members()
            || self.has_new_card()
            || self.has_new_pins()
            || self.has_new_settings()
            || self.has_new_invites()
            || self.changes.any()
            || !self.mentioned.is_empty()
            || !self.replies.is_empty()
    }

    fn has_new_members(&self) -> bool {
        !Arc::ptr_eq(&self.members_before, &self.ahead.members)
    }

    fn has_new_pins(&self) -> bool {
        !Arc::ptr_eq(&self.pins_before, &self.ahead.pins)
    }

    fn has_new_settings(&self) -> bool {
        self.settings_before != self.ahead.writing.position
    }

    fn has_new_invites(&self) -> bool {
        self.invites_before != self.ahead.invites.position
    }

    fn has_new_card(&self) -> bool {
        self.card_before != self.ahead.card
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

/// The row of a bucket.
pub(super) fn bucket_row(room: RoomId, bucket: &Bucket) -> BucketRow {
    let Bucket { name: BucketName { epoch, number }, first, opened, before } = *bucket;
    let before_epoch = before.map(|before| before.epoch);
    let before_number = before.map(|before| before.number);
    BucketRow { room, epoch, number, first, opened, before_epoch, before_number }
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
mod tests {
    use caffis_schema::{
        Body, List, RoomId, Text,
        event::TextBody,
        room::{Context, HistoryPolicy, Message, RoomClass},
    };

    use super::*;
    use crate::{
        ports::store::{Operation, Stamp, Value},
        room::{
            RoomPlan,
            buckets::{BUCKET_AGE, BUCKET_ENTRIES, FEW_ENTRIES},
            creation::new_room,
        },
    };

    fn room() -> Loaded {
        let plan = RoomPlan {
            context: Context { kind: Text::cut("group"), id: Text::cut("1") },
            class: RoomClass::Social,
            name: None,
            creator: None,
            members: List::default(),
            history: HistoryPolicy::All,
        };
        new_room(RoomId::from_random(1), &plan, Timestamp(0))
    }

    fn push(append: &mut Append, now: Timestamp) -> Arc<Entry> {
        let number = append.ahead.number + 1;
        let body = Body::Text(TextBody { text: Text::cut("ciao") });
        append.push(EntryKind::Message(Message::new(number, None, None, body)), now)
    }

    fn buckets(append: &Append) -> Vec<(u64, u64, u64)> {
        let named = |bucket: &Bucket| (bucket.first.get(), bucket.name.epoch, bucket.name.number);
        append.ahead.buckets.iter().map(named).collect()
    }

    #[test]
    fn buckets_end_by_size_and_by_age() {
        let mut append = Append::new(&room(), (Changes::default(), Votes::default()), u64::MAX);
        for _ in 0..=BUCKET_ENTRIES {
            push(&mut append, Timestamp(5));
        }
        assert_eq!(buckets(&append), [(1, 1, 1), (BUCKET_ENTRIES + 1, 1, 2)]);
        // It has a single entry: however old it is, it goes on.
        push(&mut append, Timestamp(5 + 10 * BUCKET_AGE));
        (2..FEW_ENTRIES - 1).for_each(|_| drop(push(&mut append, Timestamp(5))));
        assert_eq!(append.ahead.buckets.len(), 2);
        push(&mut append, Timestamp(5));
        assert_eq!(append.ahead.buckets.len(), 2, "the last of few");
        push(&mut append, Timestamp(5));
        assert_eq!(append.ahead.buckets.len(), 3);
        // The third one is young.
        (0..2 * FEW_ENTRIES).for_each(|_| drop(push(&mut append, Timestamp(5))));
        assert_eq!(append.ahead.buckets.len(), 3);
    }

    #[test]
    fn after_doubt_the_next_append_opens_a_bucket_of_the_next_number() {
        let mut loaded = room();
        let mut append = Append::new(&loaded, Default::default(), u64::MAX);
        push(&mut append, Timestamp(5));
        append.commit(&mut loaded, &Settings::default());
        loaded.fresh_bucket = true;
        let mut append = Append::new(&loaded, Default::default(), u64::MAX);
        push(&mut append, Timestamp(5));
        push(&mut append, Timestamp(5));
        assert_eq!(buckets(&append), [(1, 1, 1), (2, 1, 2)]);
        let batch = append.fill(Batch::logged(Stamp(1)), &Settings::default(), 1).expect("fits");
        let timeline = batch.operations.iter().filter_map(|operation| match operation {
            Operation::Put { table, row, .. } if table.name == "timeline" => {
                Some(row.key.partition[1..].to_vec())
            }
            _ => None,
        });
        let new = vec![Value::U64(1), Value::U64(2)];
        assert!(timeline.eq([new.clone(), new]), "both entries lie in the new bucket");
        append.commit(&mut loaded, &Settings::default());
        assert!(!loaded.fresh_bucket);
    }

    #[test]
    fn time_never_runs_backwards() {
        let mut append = Append::new(&room(), (Changes::default(), Votes::default()), u64::MAX);
        let times: Vec<_> =
            [10, 7, 12].into_iter().map(|now| push(&mut append, Timestamp(now)).time).collect();
        assert_eq!(times, [10, 10, 12].map(Timestamp));
    }

    #[test]
    fn memory_keeps_the_last_entries() {
        let mut loaded = room();
        let mut append = Append::new(&loaded, Default::default(), u64::MAX);
        (0..20).for_each(|_| drop(push(&mut append, Timestamp(5))));
        let settings = Settings { ring_entries: 8, ..Settings::default() };
        append.commit(&mut loaded, &settings);
        assert!(loaded.ring.iter().map(|entry| entry.position.get()).eq(13..=20));
        assert_eq!((loaded.state.head.get(), loaded.state.number.get()), (20, 20));
    }
}
