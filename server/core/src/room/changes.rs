//! Messages that entries change. The entry of a change is durable first; then the message's row is written
//! again, and the row of the edit that it replaces loses its words, so that nothing serves what a message
//! no longer says. What it said before is a row of its own, which is durable with the entry: once the
//! message's row has the new words, the old ones are nowhere else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use caffis_schema::{
    Body, Codec, Entry, EntryKind, Error, Position, RoomId, Timestamp, codec, polls::Tallied,
    reply::Revision, room::Message,
};

use super::{entries, read::key_at};
use crate::{
    model::room::RoomState,
    ports::store::{Batch, Store, StoreError},
    tables::{self, RevisionRow, TimelineRow},
};

/// What becomes of messages by entries that are not yet told.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// The rows of messages and of their last edits, as the store has them.
    rows: BTreeMap<Position, TimelineRow>,
    /// Their entries, as they are after the changes.
    present: BTreeMap<Position, Arc<Entry>>,
    /// Those that are other than the store has them.
    changed: BTreeSet<Position>,
    /// What messages said before.
    said: Vec<(Position, u32, Timestamp, Body)>,
}

impl Changes {
    /// The messages at these positions, with their last edits.
    pub(super) async fn read(
        store: &dyn Store,
        state: &RoomState,
        positions: BTreeSet<Position>,
    ) -> Result<Self, StoreError> {
        let mut changes = Self::default();
        changes.fetch(store, state, positions).await?;
        let edited = |entry: &Arc<Entry>| match &entry.kind {
            EntryKind::Message(message) => message.edited.map(|edit| edit.position),
            _ => None,
        };
        // A reply that is deleted changes its root, too.
        let root = |entry: &Arc<Entry>| entry.kind.changed_thread();
        let present = changes.present.values();
        let more = present.clone().filter_map(edited).chain(present.filter_map(root)).collect();
        changes.fetch(store, state, more).await?;
        Ok(changes)
    }

    /// The same with messages that are only named. Of those memory has the ones that `remembered` finds.
    pub(super) async fn read_named(
        mut self,
        store: &dyn Store,
        state: &RoomState,
        positions: BTreeSet<Position>,
        remembered: impl Fn(Position) -> Option<Arc<Entry>>,
    ) -> Result<Self, StoreError> {
        let mut cold = BTreeSet::new();
        for position in positions {
            match remembered(position) {
                Some(entry) => drop(self.present.entry(position).or_insert(entry)),
                None => drop(cold.insert(position)),
            }
        }
        self.fetch(store, state, cold).await?;
        Ok(self)
    }

    /// What the last append changes and the store does not have yet: its owner may have written the
    /// entries and not what follows from them.
    pub(super) async fn undone(
        store: &dyn Store,
        state: &RoomState,
        last_append: &[TimelineRow],
    ) -> Result<Self, StoreError> {
        let (mut entries, mut messages, mut edits) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for row in last_append.iter().rev() {
            let entry = Arc::new(entries::from_row(row.clone())?);
            messages.extend(entry.kind.changed_message());
            messages.extend(entry.kind.changed_thread());
            edits.extend(entry.kind.replaced_edit());
            entries.push(entry);
        }
        let mut changes = Self::read(store, state, messages).await?;
        changes.fetch(store, state, edits.clone()).await?;
        for entry in &entries {
            changes.take(entry);
        }
        // The message may have been written, and its last edit not.
        edits.into_iter().for_each(|edit| changes.silence(edit));
        Ok(changes)
    }

    async fn fetch(
        &mut self,
        store: &dyn Store,
        state: &RoomState,
        positions: BTreeSet<Position>,
    ) -> Result<(), StoreError> {
        let missing = positions.into_iter().filter(|position| !self.rows.contains_key(position));
        let keys: Vec<_> = missing.filter_map(|position| key_at(state, position)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        for row in tables::get_many::<TimelineRow>(store, &keys).await?.into_iter().flatten() {
            let entry = Arc::new(entries::from_row(row.clone())?);
            self.present.insert(row.position, entry);
            self.rows.insert(row.position, row);
        }
        Ok(())
    }

    /// An entry as it is now, if it is a message that was read or one that changed.
    pub(super) fn get(&self, position: Position) -> Option<&Arc<Entry>> {
        self.present.get(&position)
    }

    /// Takes the next entry of the log.
    pub(super) fn take(&mut self, entry: &Arc<Entry>) {
        self.take_change(entry);
        self.take_in_thread(entry);
    }

    /// Counts a reply, or one that was deleted, at its root.
    fn take_in_thread(&mut self, entry: &Entry) {
        let root = entry.kind.changed_thread().and_then(|root| self.present.get(&root).cloned());
        let Some((target, EntryKind::Message(before))) = root.as_ref().map(|it| (it, &it.kind))
        else {
            return;
        };
        let mut message = before.clone();
        message.take_in_thread(entry);
        if message != *before {
            let kind = EntryKind::Message(message);
            self.put(Entry { kind, ..(**target).clone() });
        }
    }

    fn take_change(&mut self, entry: &Arc<Entry>) {
        let Some(position) = entry.kind.changed_message() else { return };
        let Some(target) = self.present.get(&position).cloned() else { return };
        let EntryKind::Message(before) = &target.kind else { return };
        let mut message = before.clone();
        message.take(entry);
        if message == *before {
            return;
        }
        if message.body != before.body && !before.is_deleted() {
            let time = before.edited.map_or(target.time, |edit| edit.time);
            self.said.push((position, before.revision(), time, before.body.clone()));
        }
        if let Some(edit) = entry.kind.replaced_edit() {
            self.silence(edit);
        }
        // The next change may replace it.
        self.present.insert(entry.position, entry.clone());
        let kind = EntryKind::Message(message);
        self.put(Entry { kind, ..(*target).clone() });
    }

    /// Takes an entry of votes again, in which more votes count now.
    pub(super) fn take_again(&mut self, entry: &Arc<Entry>) {
        let EntryKind::Tallied(Tallied { message, tally: Some(tally), .. }) = &entry.kind else {
            return;
        };
        let Some(target) = self.present.get(message).cloned() else { return };
        let EntryKind::Message(before) = &target.kind else { return };
        let mut message = before.clone();
        message.set_tally(tally.clone());
        self.present.insert(entry.position, entry.clone());
        let kind = EntryKind::Message(message);
        self.put(Entry { kind, ..(*target).clone() });
    }

    /// Takes its words from an edit that was replaced.
    fn silence(&mut self, edit: Position) {
        if let Some(silent) = self.present.get(&edit).and_then(|entry| entry.without_words()) {
            self.put(silent);
        }
    }

    fn put(&mut self, entry: Entry) {
        self.changed.insert(entry.position);
        self.present.insert(entry.position, Arc::new(entry));
    }

    /// Notes the row of an entry that is being written: it may be one that changes.
    pub(super) fn note_row(&mut self, row: &TimelineRow) {
        if self.changed.contains(&row.position) {
            self.rows.insert(row.position, row.clone());
        }
    }

    /// Whether rows have to be written again.
    pub(super) fn any(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The entries that changed, as they are now.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.changed.iter().filter_map(|position| self.present.get(position))
    }

    /// Adds what messages said before. It has to be durable before [`Changes::rewrite`] is sent.
    pub(super) fn keep_words(&self, batch: &mut Batch, room: RoomId) -> Result<(), StoreError> {
        for (position, revision, time, body) in &self.said {
            let content = codec::encode(body, Codec::Binary).map_err(|error| {
                StoreError::Invalid { table: RevisionRow::TABLE.name, reason: error.to_string() }
            })?;
            batch.put(&RevisionRow {
                room,
                position: *position,
                revision: u64::from(*revision),
                time: *time,
                content: content.into(),
            });
        }
        Ok(())
    }

    /// Adds the rows of the entries that changed, as they are now; those of edits live for `retention`.
    pub(super) fn rewrite(&self, batch: &mut Batch, retention: Duration) -> Result<(), StoreError> {
        for entry in self.entries() {
            let Some(row) = self.rows.get(&entry.position) else { continue };
            let row = entries::again(row.clone(), entry)?;
            match row.number {
                Some(_) => batch.put(&row),
                None => batch.put_for(&row, retention),
            }
        }
        Ok(())
    }
}

/// What a message said, oldest first, with what it says now unless it was deleted.
///
/// # Errors
/// What the store says.
pub async fn revisions(
    store: &dyn Store,
    room: RoomId,
    entry: &Entry,
    message: &Message,
) -> Result<Vec<Revision>, Error> {
    let partition = RevisionRow::partition(&room, &entry.position);
    let rows: Vec<RevisionRow> = tables::whole(store, partition).await?;
    let mut revisions = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        let corrupt = |reason| StoreError::Corrupt { table: RevisionRow::TABLE.name, reason };
        let revision = u32::try_from(row.revision).map_err(|error| corrupt(error.to_string()))?;
        // An edit that did not happen in the end may have left what the message says now.
        if message.is_deleted() || revision < message.revision() {
            let body = codec::decode(&row.content, Codec::Binary)
                .map_err(|error| corrupt(error.to_string()))?;
            revisions.push(Revision { revision, time: row.time, body });
        }
    }
    if !message.is_deleted() {
        let time = message.edited.map_or(entry.time, |edit| edit.time);
        let body = message.body.clone();
        revisions.push(Revision { revision: message.revision(), time, body });
    }
    Ok(revisions)
}
