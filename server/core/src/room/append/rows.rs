//! The rows of an append: those that make its entries durable, and those that follow from them.

use std::sync::Arc;

use caffis_schema::{EntryKind, Position, RoomId};

use super::Append;
use crate::{
    activity,
    model::room::{Bucket, BucketName},
    ports::store::{Batch, StoreError},
    room::{
        cards,
        cell::head_row,
        command::client_id_kept,
        entries::{self, Place},
        invites,
        membership::membership_rows,
        pins,
        recent::Sent,
        writing,
    },
    settings::Settings,
    tables::{BucketRow, HeadRow, MarkerRow, RoomRow, SentRow},
};

impl Append {
    /// What makes the entries durable: they, the bucket that holds them, what became of their commands,
    /// and that the room was active in this minute of its shard. The parts may land one by one: an append
    /// that is not known to have landed whole is told to nobody, and the next owner writes the last one
    /// again (rules 11, 14, 15). A process alone takes nothing over: its batch is one that lands whole or
    /// not at all.
    pub(in crate::room) fn fill(
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
    pub(in crate::room) fn following(
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
        if self.has_new_info() {
            batch.put(&RoomRow::from(&*self.ahead.meta));
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
    pub(in crate::room) fn has_following(&self) -> bool {
        self.has_new_members()
            || self.has_new_card()
            || self.has_new_pins()
            || self.has_new_settings()
            || self.has_new_info()
            || self.has_new_invites()
            || self.changes.any()
            || !self.mentioned.is_empty()
            || !self.replies.is_empty()
    }

    pub(super) fn has_new_members(&self) -> bool {
        !Arc::ptr_eq(&self.members_before, &self.ahead.members)
    }

    fn has_new_pins(&self) -> bool {
        !Arc::ptr_eq(&self.pins_before, &self.ahead.pins)
    }

    fn has_new_settings(&self) -> bool {
        self.settings_before != self.ahead.writing.position
    }

    fn has_new_info(&self) -> bool {
        self.before.meta.changed != self.ahead.meta.changed
    }

    fn has_new_invites(&self) -> bool {
        self.invites_before != self.ahead.invites.position
    }

    fn has_new_card(&self) -> bool {
        self.card_before != self.ahead.card
    }
}

/// The row of a bucket.
pub(in crate::room) fn bucket_row(room: RoomId, bucket: &Bucket) -> BucketRow {
    let Bucket { name: BucketName { epoch, number }, first, opened, before } = *bucket;
    let before_epoch = before.map(|before| before.epoch);
    let before_number = before.map(|before| before.number);
    BucketRow { room, epoch, number, first, opened, before_epoch, before_number }
}
