//! Commands of people who may be strangers to a room.
//!
//! The room is not read for them: the answer, and the work, are the same as for a room that does not exist.
//! Three are not strangers, although memory does not know them: those in whose list the store has the room,
//! those who sent this command before, who are answered as they were then, even if they have left since, and
//! those who have a link by which they may join.
//!
//! This is the room's driver, so nothing of the room is under way meanwhile: what is refused here cannot
//! have happened, and is remembered as refused (rule 20). Only while rooms of a dead node are being taken
//! over may the store lack rows of what has happened; then nothing is refused for good.

use std::sync::Arc;

use caffis_schema::{Error, RoomId};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::{
    cell::{Job, RoomCell},
    command::Order,
    invites,
    rooms::Rooms,
    work::CHECKED_AT_ONCE,
};
use crate::{
    cluster::Shard,
    errors::{no_owner, not_now},
    model::authorise::no_such_room,
    sync::lock,
    tables::{self, SentRow, UserRoomRow},
};

/// Refuses a command, and remembers it if that is for good.
pub(super) fn refuse(rooms: &Rooms, room: RoomId, job: Job, error: &Error) {
    if let Order::Command(command) = &job.order
        && command.keeps_refusals()
    {
        let (user, client) = (&job.caller.user, command.key().id);
        rooms.refused.of(room).insert(room, user, client, error);
    }
    // The caller may be gone.
    let _ = job.answer.send(Err(error.clone()));
}

/// Answers strangers to a room that is not in memory. Gives the jobs of the others.
pub(super) async fn turn_strangers_away(
    rooms: &Rooms,
    cell: &Arc<RoomCell>,
    jobs: Vec<Job>,
) -> Vec<Job> {
    let in_memory = rooms.epoch_of(cell.id).is_ok_and(|epoch| cell.is_loaded_in(epoch));
    // For somebody who is known to be in it the room is read anyway, and it knows best.
    if in_memory || jobs.iter().any(|job| job.known) {
        return jobs;
    }
    let within = rooms.settings.store_timeout;
    let checks: Vec<_> =
        jobs.iter().map(|job| timeout(within, check(rooms, cell.id, job))).collect();
    let checked: Vec<_> = stream::iter(checks).buffered(CHECKED_AT_ONCE).collect().await;
    let mut admitted = Vec::with_capacity(jobs.len());
    for (job, checked) in jobs.into_iter().zip(checked) {
        match checked.unwrap_or_else(|_| Err(not_now())) {
            Ok(()) => admitted.push(job),
            Err(error) => refuse(rooms, cell.id, job, &error),
        }
    }
    admitted
}

/// Whether a job's caller may be in the room, or have been when the command came first.
async fn check(rooms: &Rooms, room: RoomId, job: &Job) -> Result<(), Error> {
    let Order::Command(command) = &job.order else { return Ok(()) };
    let (store, user) = (&*rooms.store, &job.caller.user);
    // A link that is not there costs the same whether the room is or not.
    if let Some(digest) = command.invite()
        && invites::has(store, room, digest).await?
    {
        return Ok(());
    }
    if tables::get::<UserRoomRow>(store, UserRoomRow::key(user, &room)).await?.is_some() {
        return Ok(());
    }
    let key = SentRow::key_of(room, user, command.key());
    if tables::get::<SentRow>(store, key).await?.is_some() {
        return Ok(());
    }
    // The lease is looked at last.
    rooms.epoch_of(room)?;
    if lock(&rooms.waking).contains_key(&Shard::of(room)) || !rooms.owners.holds() {
        return Err(no_owner());
    }
    Err(no_such_room())
}
