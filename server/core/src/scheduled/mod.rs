//! Messages that people have scheduled, on the node that owns their room.
//!
//! A scheduled message is a row of its author ([`ScheduledRow`]) and a row among what is due in the room's shard
//! ([`DueRow`]); both are written in one batch, all or none in the end. When it is due, the room's owner sends it as any
//! message, with a key that follows from the row alone: the id of the command that scheduled it, and the time at
//! which it is due. Only then the rows are removed. If the owner ends in between, the next one sends it again with
//! the same key, which changes nothing (`room/resend.rs`). So it is sent exactly once, and what a person may
//! do in the room is decided when it is due, by the same step as for any message.
//!
//! Whoever changes or cancels a message first looks whether it has been sent: the clock of a new owner may be behind that
//! of the last one.

mod command;
mod passes;
mod rows;

use caffis_schema::{
    ClientId, Error, ErrorCode, Outcome, RoomId, Timestamp, UserId,
    reply::Appended,
    room::ClientKey,
    scheduled::{ScheduledChange, ScheduledMessage},
};

use self::command::SendDue;
pub(crate) use self::{
    passes::keep_sending,
    rows::{content, message, of_person, of_room},
};
use crate::{
    cluster::{Owner, Shard},
    errors::{no_owner, owner_stopped},
    model::caller::Caller,
    ports::store::{Batch, Key, StoreError},
    room::{Sent, client_id_kept},
    services::Services,
    tables::{self, DueRow, ScheduledAnswerRow, ScheduledRow},
    turns::Turn,
};

/// What one person has scheduled in one room, while nobody else works on it.
pub(crate) struct Held {
    services: Services,
    room: RoomId,
    user: UserId,
    /// The epoch in which this node owns the room.
    epoch: u64,
    _turn: Turn<(RoomId, UserId)>,
}

/// A command about a scheduled message, as it is remembered.
pub(crate) struct Given {
    pub(crate) key: ClientKey,
    pub(crate) digest: u64,
}

impl Held {
    /// Waits for the turn.
    ///
    /// # Errors
    /// `unavailable` if this node does not own the room.
    pub(crate) async fn take(
        services: &Services,
        room: RoomId,
        user: &UserId,
    ) -> Result<Self, Error> {
        let turn = services.due.turn(room, user).await;
        let Owner::Here { epoch } = services.owners.owner_of(room) else { return Err(no_owner()) };
        Ok(Self { services: services.clone(), room, user: user.clone(), epoch, _turn: turn })
    }

    /// When a message was due after a command, if that was done before. A former owner may have written it after this one
    /// has read what is due in the shard, so the time is noted once more.
    ///
    /// # Errors
    /// `client_id_reused`, and what the store says.
    pub(crate) async fn done_before(&self, given: &Given) -> Result<Option<Timestamp>, Error> {
        let key = ScheduledAnswerRow::key(&self.user, &given.key.id);
        match tables::get::<ScheduledAnswerRow>(&*self.services.store, key).await? {
            Some(row) if row.digest == given.digest => {
                self.services.due.note(self.room, row.due);
                Ok(Some(row.due))
            }
            Some(_) => {
                let sentence = "This client id was used before for something else.";
                Err(Error::refused(ErrorCode::ClientIdReused, sentence))
            }
            None => Ok(None),
        }
    }

    /// Makes sure that what an earlier copy of a command wrote is sent in time: a former owner may have written it after
    /// this one has read what is due in the shard.
    pub(crate) fn note(&self, row: &ScheduledRow) {
        self.services.due.note(self.room, row.due);
    }

    /// A scheduled message.
    ///
    /// # Errors
    /// `not_found`, and what the store says.
    pub(crate) async fn row(&self, id: ClientId) -> Result<ScheduledRow, Error> {
        self.find(id).await?.ok_or_else(no_such_message)
    }

    async fn find(&self, id: ClientId) -> Result<Option<ScheduledRow>, StoreError> {
        tables::get(&*self.services.store, self.key(id)).await
    }

    /// What the person has in the room, as far as so many rows.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn all(&self, most: usize) -> Result<Vec<ScheduledRow>, StoreError> {
        of_room(&*self.services.store, &self.user, self.room, None, most).await
    }

    /// Makes sure that a message was not sent. If an owner ended after it sent this one, its rows are removed now.
    ///
    /// # Errors
    /// `not_found` if it was sent; and what the store says.
    pub(crate) async fn check_unsent(&self, row: &ScheduledRow) -> Result<(), Error> {
        match self.sent(row).await? {
            Some(_) => Err(no_such_message()),
            None => Ok(()),
        }
    }

    /// What became of a message that an owner may have sent before; removes its rows if it did.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn sent(&self, row: &ScheduledRow) -> Result<Option<Appended>, Error> {
        let sent = self.sent_at(row.id, row.due).await?;
        if sent.is_some() {
            self.remove(row, None).await?;
        }
        Ok(sent)
    }

    /// What became of a message that was due at a time, if it was sent.
    ///
    /// # Errors
    /// What keeps the room from being read.
    pub(crate) async fn sent_at(
        &self,
        id: ClientId,
        due: Timestamp,
    ) -> Result<Option<Appended>, Error> {
        Ok(self.find_sent(id, due).await?.map(|sent| sent.appended))
    }

    async fn find_sent(&self, id: ClientId, due: Timestamp) -> Result<Option<Sent>, Error> {
        match self.services.rooms.sent_before(self.room, &self.user, rows::key(id, due)).await {
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            sent => sent,
        }
    }

    /// Writes a message as it is from now on, and tells its author's sessions.
    ///
    /// # Errors
    /// Whether it did not happen, or that is not known.
    pub(crate) async fn put(
        &self,
        before: Option<&ScheduledRow>,
        row: &ScheduledRow,
        given: Option<&Given>,
    ) -> Result<ScheduledMessage, Error> {
        let message = message(row)?;
        let mut batch = self.batch()?;
        batch.put(row);
        let (due, waits) = (self.due_row(row), row.failed.is_none());
        if let Some(before) = before
            && !(waits && before.due == row.due)
        {
            batch.delete::<DueRow>(rows::due_key(&self.due_row(before)));
        }
        if waits {
            // Also if this write has an unknown outcome and lands later.
            self.services.due.note(self.room, row.due);
            batch.put(&due);
        }
        let written = self.write(batch, given.map(|given| (given, row.due))).await;
        if waits {
            // A pass may have read the shard after the first note and before the row was there.
            self.services.due.note(self.room, row.due);
        }
        written?;
        self.tell(row.id, Some(message.clone()));
        Ok(message)
    }

    /// What a command ends as that was to make a message say this. When it was refused for good, an earlier copy of it may
    /// have been written by an owner that could not say so: then it was done; and what of that write has not landed is
    /// kept from counting when it does. Costs a read of the log, one of the message and a write for what is refused.
    ///
    /// # Errors
    /// Why it was refused; or that this is not known.
    pub(crate) async fn decide(
        &self,
        given: &Given,
        wanted: ScheduledMessage,
        done: Result<ScheduledMessage, Error>,
    ) -> Result<ScheduledMessage, Error> {
        let refused = match done {
            Err(error) if !comes_again(&error) => error,
            done => return done,
        };
        let first = given.key.id == wanted.id;
        let sent = self.find_sent(wanted.id, wanted.due).await?;
        match (sent, self.find(wanted.id).await?) {
            (Some(sent), _) if first || sent.digest == rows::digest(&wanted) => return Ok(wanted),
            (Some(_), Some(row)) => self.remove(&row, None).await?,
            (None, Some(row)) if first || says(&row, &wanted)? => return Ok(wanted),
            (None, Some(row)) => self.forestall(given, &wanted, Some(&row)).await?,
            (None, None) if first => self.forestall(given, &wanted, None).await?,
            // It was there when an earlier copy changed it, so it was removed since, with a later stamp.
            (_, None) => {}
        }
        Err(refused)
    }

    /// Leaves a message as it is, or away, whatever lands later of what an earlier owner wrote.
    async fn forestall(
        &self,
        given: &Given,
        wanted: &ScheduledMessage,
        row: Option<&ScheduledRow>,
    ) -> Result<(), Error> {
        let mut batch = self.batch()?;
        batch.delete::<ScheduledAnswerRow>(ScheduledAnswerRow::key(&self.user, &given.key.id));
        match row {
            Some(row) => batch.put(row),
            None => batch.delete::<ScheduledRow>(self.key(wanted.id)),
        }
        let waiting = row.filter(|row| row.failed.is_none());
        waiting.iter().for_each(|row| batch.put(&self.due_row(row)));
        if waiting.is_none_or(|row| row.due != wanted.due) {
            batch.delete::<DueRow>(rows::due_key(&self.due_at(wanted.id, wanted.due)));
        }
        self.write(batch, None).await
    }

    /// Removes a message, and tells its author's sessions.
    ///
    /// # Errors
    /// Whether it did not happen, or that is not known.
    pub(crate) async fn remove(
        &self,
        row: &ScheduledRow,
        given: Option<&Given>,
    ) -> Result<(), Error> {
        let mut batch = self.batch()?;
        batch.delete::<ScheduledRow>(self.key(row.id));
        batch.delete::<DueRow>(rows::due_key(&self.due_row(row)));
        self.write(batch, given.map(|given| (given, row.due))).await?;
        self.tell(row.id, None);
        Ok(())
    }

    /// Cancels a message that was cancelled, as its command's answer says, and was due at a time. The rows of that write
    /// may land one after the other, and after a later owner has read them: the answer can be there while the message
    /// still waits, and it can come when that has been sent.
    ///
    /// # Errors
    /// `not_found` if it was sent; whether it did not happen, or that is not known.
    pub(crate) async fn cancel_again(
        &self,
        id: ClientId,
        due: Timestamp,
        given: &Given,
    ) -> Result<(), Error> {
        if self.sent_at(id, due).await?.is_some() {
            return Err(no_such_message());
        }
        if let Some(row) = self.find(id).await? {
            self.check_unsent(&row).await?;
            self.remove(&row, Some(given)).await?;
        }
        Ok(())
    }

    /// Sends a message now. Where its author may not write, the message stays with the reason.
    ///
    /// # Errors
    /// Why it was not sent, or that this is not known; with a time to wait if it will be tried again.
    pub(crate) async fn send(&self, row: &ScheduledRow) -> Result<Appended, Error> {
        let author = self.services.directory.find(&self.user).await?;
        if author.is_some_and(|author| author.is_deleted()) {
            self.remove(row, None).await?;
            let sentence = "The author of this message was deleted.";
            return Err(Error::refused(ErrorCode::Forbidden, sentence));
        }
        let sent = match rows::command(row) {
            Ok(command) => {
                let caller = Caller::person(self.user.clone(), false);
                self.services.rooms.command(caller, false, Box::new(SendDue(command))).await
            }
            Err(error) => Err(error.into()),
        };
        match sent {
            Ok(done) => {
                self.remove(row, None).await?;
                Ok(done.appended)
            }
            Err(error) if comes_again(&error) => Err(error),
            Err(error) => {
                let failed = Some(error.code.name().into());
                self.put(Some(row), &ScheduledRow { failed, ..row.clone() }, None).await?;
                Err(error)
            }
        }
    }

    fn key(&self, id: ClientId) -> Key {
        ScheduledRow::key(&self.user, &self.room, &id)
    }

    fn due_row(&self, row: &ScheduledRow) -> DueRow {
        self.due_at(row.id, row.due)
    }

    fn due_at(&self, id: ClientId, due: Timestamp) -> DueRow {
        let (shard, user) = (Shard::of(self.room).get(), self.user.clone());
        DueRow { shard, due, room: self.room, user, id }
    }

    fn batch(&self) -> Result<Batch, StoreError> {
        Ok(Batch::logged(self.services.stamps.next()?))
    }

    /// Writes a batch, with the command that it does. A later owner may have read the rows before the write: then
    /// whether it counts is for the next copy of the command to find out.
    async fn write(
        &self,
        mut batch: Batch,
        given: Option<(&Given, Timestamp)>,
    ) -> Result<(), Error> {
        if let Some((given, due)) = given {
            let (user, client) = (self.user.clone(), given.key.id);
            let row = ScheduledAnswerRow { user, client, digest: given.digest, due };
            batch.put_for(&row, client_id_kept(&self.services.settings));
        }
        self.services.store.write(batch).await?;
        let owner = self.services.owners.owner_of(self.room);
        match owner == (Owner::Here { epoch: self.epoch }) && self.services.owners.holds() {
            true => Ok(()),
            false => Err(owner_stopped()),
        }
    }

    fn tell(&self, id: ClientId, message: Option<ScheduledMessage>) {
        let change = ScheduledChange { room: self.room, id, message };
        self.services.people.tell_scheduled(&self.user, &change);
        self.services.views.publish_scheduled(&self.user, &change);
    }
}

/// Whether a message is as a command was to make it.
fn says(row: &ScheduledRow, wanted: &ScheduledMessage) -> Result<bool, StoreError> {
    Ok(row.due == wanted.due && message(row)?.body == rows::as_kept(&wanted.body))
}

/// Whether what was refused is tried again.
fn comes_again(error: &Error) -> bool {
    error.retry_after_ms.is_some() || error.outcome == Outcome::Unknown
}

fn no_such_message() -> Error {
    let sentence =
        "There is no such scheduled message: it was sent or cancelled, or there never was one.";
    Error::refused(ErrorCode::NotFound, sentence)
}
