//! Tells a resend from a new command, by the client ids that memory and the store remember and by the
//! time in the key.

use std::time::Duration;

use caffis_schema::{ClientId, Error, ErrorCode, MessageNumber, Timestamp, reply::Appended};

use super::{
    cell::{Job, RoomCell},
    command::{Done, StepContext},
    read,
    recent::Sent,
    rooms::Rooms,
};
use crate::{
    ports::store::StoreError,
    sync::lock,
    tables::{self, SentRow},
};

/// How far a client's clock may be ahead. Client ids are kept this much longer than the window in which
/// a resend may come, so that none is forgotten before it has expired.
pub(super) const CLOCK_MARGIN: Duration = Duration::from_secs(86_400);

/// Looks up the commands that the store may remember.
pub(super) async fn look_up(
    rooms: &Rooms,
    cell: &RoomCell,
    jobs: &[Job],
) -> Vec<Result<Option<Sent>, StoreError>> {
    let recent: Vec<Option<Sent>> = {
        let inner = lock(&cell.inner);
        let recent = inner.loaded.as_ref().map(|loaded| &loaded.recent);
        let find = |job: &Job| recent?.get(&job.caller.user, job.order.key()?.id);
        jobs.iter().map(find).collect()
    };
    let mut known = Vec::with_capacity(jobs.len());
    for (job, recent) in jobs.iter().zip(recent) {
        known.push(match (recent, job.order.key()) {
            (Some(sent), _) => Ok(Some(sent)),
            (None, None) => Ok(None),
            (None, Some(key)) => stored(rooms, cell, job, key.id).await,
        });
    }
    known
}

/// A `sent` row, if its entry counts.
async fn stored(
    rooms: &Rooms,
    cell: &RoomCell,
    job: &Job,
    client: ClientId,
) -> Result<Option<Sent>, StoreError> {
    let key = SentRow::key(&cell.id, &job.caller.user, &client);
    let Some(row) = tables::get::<SentRow>(&*rooms.store, key).await? else { return Ok(None) };
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
    if !row.made {
        return Ok(true);
    }
    let Some(entry) = read::row_at(&*rooms.store, &state, row.position).await? else {
        // Messages stay; other entries are kept for a time only.
        return Ok(row.number == MessageNumber::ZERO);
    };
    Ok(entry.client == Some(row.client) && entry.by.as_ref() == Some(&row.sender))
}

/// Whether a client id is of a time for which ids are remembered.
pub(super) fn in_window(time: Timestamp, context: &StepContext<'_>) -> Result<(), Error> {
    let age = context.now.since(time);
    if u128::from(age) > context.settings.resend_window.as_millis() {
        let sentence = "Whether this was done before is no longer known.";
        return Err(Error::refused(ErrorCode::Expired, sentence));
    }
    let ahead = time.since(context.now);
    if u128::from(ahead) > CLOCK_MARGIN.as_millis() {
        let sentence = "The client id's time lies in the future: set the clock right.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    Ok(())
}

pub(super) fn same_content(sent: Sent, digest: u64) -> Result<Done, Error> {
    if sent.digest == digest {
        Ok(Done { appended: sent.appended })
    } else {
        let sentence = "This client id was used before for something else.";
        Err(Error::refused(ErrorCode::ClientIdReused, sentence))
    }
}
