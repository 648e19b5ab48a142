//! Tells a resend from a new command: by the client ids that memory and the store remember, and by what
//! the key says of when the command was made.

use std::sync::Arc;

use caffis_schema::{
    Error, ErrorCode, MessageNumber, Position, RoomId, Timestamp, UserId, reply::Appended,
    room::ClientKey,
};

use super::{
    ballots,
    cell::{Job, Loaded, RoomCell},
    command::{CLOCK_MARGIN, Done, Order},
    entries::Origin,
    read,
    recent::{Recent, Sent},
    rooms::Rooms,
};
use crate::{
    model::room::RoomState,
    ports::store::StoreError,
    settings::Settings,
    sync::lock,
    tables::{self, SentRow},
};

/// Looks up those commands that may be resends: in memory, and in the store what memory cannot know. All
/// that the store is asked for is asked at once.
pub(super) async fn look_up(
    rooms: &Rooms,
    cell: &RoomCell,
    jobs: &[Job],
) -> Vec<Result<Option<Sent>, StoreError>> {
    let mut known = Vec::with_capacity(jobs.len());
    let (mut asked, mut keys) = (Vec::new(), Vec::new());
    {
        let inner = lock(&cell.inner);
        let recent = inner.loaded.as_ref().map(|loaded| &loaded.recent);
        for job in jobs {
            let mut found = None;
            if let Order::Command(command) = &job.order {
                let (user, key) = (&job.caller.user, command.key());
                found = recent.and_then(|recent| recent.get(user, key.id));
                let covers = |recent: &Recent| recent.covers(key, command.always_appends());
                if found.is_none() && !recent.is_some_and(covers) {
                    asked.push(known.len());
                    keys.push(SentRow::key_of(cell.id, user, key));
                }
            }
            known.push(Ok(found));
        }
    }
    if keys.is_empty() {
        return known;
    }
    match tables::get_many::<SentRow>(&*rooms.store, &keys).await {
        Ok(rows) => {
            for (place, row) in asked.into_iter().zip(rows) {
                if let Some(row) = row {
                    known[place] = if_it_counts(rooms, cell, row).await;
                }
            }
        }
        Err(error) => asked.into_iter().for_each(|place| known[place] = Err(error.clone())),
    }
    known
}

impl Rooms {
    /// What became of a command of a person, if it was done: once everything that was sent to the store for the
    /// room before has come to its end.
    ///
    /// # Errors
    /// What keeps the room from being read.
    pub(crate) async fn sent_before(
        self: &Arc<Self>,
        room: RoomId,
        user: &UserId,
        key: ClientKey,
    ) -> Result<Option<Sent>, Error> {
        let cell = self.settled(room).await?;
        let recent = |loaded: &Loaded| loaded.recent.get(user, key.id);
        if let Some(sent) = lock(&cell.inner).loaded.as_ref().and_then(recent) {
            return Ok(Some(sent));
        }
        let row = tables::get::<SentRow>(&*self.store, SentRow::key_of(room, user, key)).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(if_it_counts(self, &cell, row).await?)
    }
}

/// What a `sent` row says, if it counts.
async fn if_it_counts(
    rooms: &Rooms,
    cell: &RoomCell,
    row: SentRow,
) -> Result<Option<Sent>, StoreError> {
    if !counts(rooms, cell, &row).await? {
        return Ok(None);
    }
    let SentRow { room, position, number, time, made, digest, .. } = row;
    Ok(Some(Sent { appended: Appended { room, position, number, time }, made, digest }))
}

/// Whether a `sent` row counts: the log has the command at its position (rule 19). After a write of
/// unknown outcome the position may have gone to another.
async fn counts(rooms: &Rooms, cell: &RoomCell, row: &SentRow) -> Result<bool, StoreError> {
    let Some(state) = cell.state() else { return Ok(false) };
    if row.position > state.head {
        return Ok(false);
    }
    let Some(entry) = read::row_at(&*rooms.store, &state, row.position).await? else {
        // Messages stay; other entries are kept for a time only.
        return Ok(row.number == MessageNumber::ZERO);
    };
    if !row.made {
        // It was answered with the time of the entry after which it changed nothing.
        return Ok(entry.time == row.time);
    }
    let voted = |origin: Origin| origin.client == row.client && origin.by == row.sender;
    let own = entry.client == Some(row.client) && entry.by.as_ref() == Some(&row.sender);
    Ok(own || ballots::of(&entry)?.into_iter().any(|ballot| voted(ballot.origin)))
}

/// Whether a client id is of a time for which ids are remembered.
///
/// # Errors
/// `expired` for one that is too old, `invalid` for one of the future.
pub fn in_window(time: Timestamp, now: Timestamp, settings: &Settings) -> Result<(), Error> {
    let age = now.since(time);
    if u128::from(age) > settings.resend_window.as_millis() {
        let sentence = "Whether this was done before is no longer known.";
        return Err(Error::refused(ErrorCode::Expired, sentence));
    }
    let ahead = time.since(now);
    if u128::from(ahead) > CLOCK_MARGIN.as_millis() {
        let sentence = "The client id's time lies in the future: set the clock right.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    Ok(())
}

/// Whether the client can have known what its key says. A head beyond the room's is of a log that is no
/// longer, or of no log: the room was restored from a backup, or the client is wrong. Memory and store are
/// looked up by the head, so a command is never done at or below the head that it names; and it is
/// refused whichever copy comes first.
pub(super) fn in_log(head: Position, room: &RoomState) -> Result<(), Error> {
    if head > room.head {
        let sentence = "The key names a head that this room has not reached.";
        return Err(Error::refused(ErrorCode::OutOfRange, sentence));
    }
    Ok(())
}

pub(super) fn same_content(sent: Sent, digest: u64) -> Result<Done, Error> {
    if sent.digest == digest {
        Ok(Done { appended: sent.appended, again: true })
    } else {
        let sentence = "This client id was used before for something else.";
        Err(Error::refused(ErrorCode::ClientIdReused, sentence))
    }
}
