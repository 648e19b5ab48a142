//! What a room's driver takes up next, and what the steps of those commands need to know.

use std::{collections::BTreeSet, sync::Arc};

use caffis_schema::{Error, UserId};
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::{
    ballots::Votes,
    cell::{Job, RoomCell, Work},
    changes::Changes,
    command::{Order, RoomCommand},
    load::last_messages,
    recent::Sent,
    resend::look_up,
    rooms::Rooms,
};
use crate::{errors::not_now, model::caller::Caller, ports::store::StoreLimits, sync::lock};

/// Commands that share one durable write.
const BATCH_COMMANDS: usize = 128;

/// Commands whose newcomers, or whose callers, are looked at at the same time.
pub(super) const CHECKED_AT_ONCE: usize = 16;

/// Rows that the commands of one durable write make at most, about; fewer where a batch takes less than
/// four times as many. The rest of a batch is for markers.
const BATCH_ROWS: usize = 1_024;

/// What the driver does next.
pub(super) enum Next {
    Work(Vec<Work>),
    /// Only votes wait, and they wait for each other until then.
    Wait(Instant),
    Nothing,
}

/// Takes what fits into one write. A command alone always does: the largest makes some 200 rows. A few votes that nothing
/// else waits with wait for each other.
pub(super) fn take_work(cell: &RoomCell, limits: &StoreLimits) -> Next {
    let mut inner = lock(&cell.inner);
    if inner.pending.is_empty() {
        inner.driving = false;
        return Next::Nothing;
    }
    let is_vote = |work: &Work| matches!(work, Work::Command(job) if job.order.poll().is_some());
    if let Some(due) = inner.votes_due.filter(|due| *due > Instant::now())
        && inner.pending.len() < BATCH_COMMANDS
        && inner.pending.iter().all(is_vote)
    {
        return Next::Wait(due);
    }
    let (most_rows, most_bytes) = (limits.batch_operations / 4, limits.batch_bytes / 4);
    let (mut rows, mut bytes) = (0, 0);
    let fits = |work: &&Work| {
        if let Work::Command(job) = work {
            rows += job.order.rows();
            bytes += job.order.bytes();
        }
        rows <= BATCH_ROWS.min(most_rows) && bytes <= most_bytes
    };
    let count = inner.pending.iter().take(BATCH_COMMANDS).take_while(fits).count().max(1);
    Next::Work(inner.pending.drain(..count).collect())
}

/// What the steps of some commands need.
pub(super) struct Prepared {
    /// The results of those that are resends; errors of those that cannot be done.
    pub(super) known: Vec<Result<Option<Sent>, Error>>,
    /// The messages that they are about, and what those who vote have chosen before.
    pub(super) about: (Changes, Votes),
}

/// Finds out what the steps need: the results of commands that are resends, whether the people whom
/// the other commands bring into the room may be in it, and the messages that they are about.
pub(super) async fn prepare(rooms: &Rooms, cell: &RoomCell, jobs: &[Job]) -> Prepared {
    let mut known = Vec::with_capacity(jobs.len());
    let mut bringing = Vec::new();
    for (job, sent) in jobs.iter().zip(look_up(rooms, cell, jobs).await) {
        let newcomers = match (&sent, &job.order) {
            (Ok(None), Order::Command(command)) => newcomers(cell, command.as_ref(), &job.caller),
            _ => Ok(None),
        };
        known.push(match newcomers {
            Ok(newcomers) => {
                if let Some(newcomers) = newcomers {
                    let (at, check) = (known.len(), check_newcomers(rooms, cell, newcomers));
                    bringing.push(async move { (at, check.await) });
                }
                sent.map_err(Error::from)
            }
            Err(error) => Err(error),
        });
    }
    // At the same time: a crowd that comes by one link waits for few reads.
    let mut checks = stream::iter(bringing).buffer_unordered(CHECKED_AT_ONCE);
    while let Some((at, checked)) = checks.next().await {
        if let Err(error) = checked {
            known[at] = Err(error);
        }
    }
    drop(checks);
    let about = match read_about(rooms, cell, jobs).await {
        Ok(about) => about,
        Err(error) => {
            let order = |job: &Job| job.order.message().or(job.order.named_message());
            let about = |job: &Job| order(job).is_some();
            let places = known.iter_mut().zip(jobs).filter(|(_, job)| about(job));
            places.for_each(|(known, _)| *known = Err(error.clone()));
            Default::default()
        }
    };
    for (known, job) in known.iter_mut().zip(jobs) {
        if let (Ok(None), Err(error)) = (&known, know_last_messages(rooms, cell, job).await) {
            *known = Err(error);
        }
    }
    Prepared { known, about }
}

/// Has the room know as many of its last messages as those will see who join after a command.
async fn know_last_messages(rooms: &Rooms, cell: &RoomCell, job: &Job) -> Result<(), Error> {
    let state = cell.state().ok_or_else(not_now)?;
    let (wanted, known) = (job.order.last_messages(&state, &job.caller), state.last_messages.len());
    if wanted <= state.messages_known().max(state.messages_wanted) {
        return Ok(());
    }
    let found = match state.number.get() > known as u64 {
        true => Some(last_messages(&*rooms.store, &state, wanted).await?),
        false => None,
    };
    let mut inner = lock(&cell.inner);
    let loaded = inner.loaded.as_mut().ok_or_else(not_now)?;
    let mut state = (*loaded.state).clone();
    if let Some(found) = found {
        state.last_messages = Arc::new(found.iter().map(|entry| entry.position).collect());
    }
    // Messages of the same write come before the command, and are among the last ones then.
    state.messages_wanted = wanted;
    loaded.state = Arc::new(state);
    Ok(())
}

/// The messages that commands are about or name, and what those have chosen who vote.
async fn read_about(
    rooms: &Rooms,
    cell: &RoomCell,
    jobs: &[Job],
) -> Result<(Changes, Votes), Error> {
    let changes = read_messages(rooms, cell, jobs).await?;
    let vote = |job: &Job| Some((job.order.poll()?, job.caller.user.clone()));
    let votes = Votes::read(&*rooms.store, cell.id, jobs.iter().filter_map(vote).collect()).await?;
    Ok((changes, votes))
}

/// The messages that commands are about or name; and what is known of those who may have read them.
async fn read_messages(rooms: &Rooms, cell: &RoomCell, jobs: &[Job]) -> Result<Changes, Error> {
    let positions: BTreeSet<_> = jobs.iter().filter_map(|job| job.order.message()).collect();
    let named: BTreeSet<_> = jobs.iter().filter_map(|job| job.order.named_message()).collect();
    if positions.is_empty() && named.is_empty() {
        return Ok(Changes::default());
    }
    let state = cell.state().ok_or_else(not_now)?;
    let asked = jobs.iter().any(|job| job.order.asks_readers());
    if asked && state.is_small(rooms.settings.small_room_members) {
        // Brings into memory whether people tell what they have read.
        rooms.directory.find_all(state.members.keys()).await?;
    }
    let changes = Changes::read(&*rooms.store, &state, positions).await?;
    let remembered = |position| cell.ring_range(position, position)?.pop();
    Ok(changes.read_named(&*rooms.store, &state, named, remembered).await?)
}

/// People whom a command brings into a room.
struct Newcomers {
    people: Vec<UserId>,
    /// Who brings them, and whether that is a service.
    by: (UserId, bool),
    /// They come by a link.
    invited: bool,
}

/// Whom a command brings into a room, if anybody.
fn newcomers(
    cell: &RoomCell,
    command: &dyn RoomCommand,
    caller: &Caller,
) -> Result<Option<Newcomers>, Error> {
    let state = cell.state().ok_or_else(not_now)?;
    let people = command.newcomers(&state, caller)?;
    if people.is_empty() {
        return Ok(None);
    }
    let link = command.invite().and_then(|digest| state.invites.find(digest));
    let by = match link {
        Some(link) => (link.invite.by.clone(), false),
        None => (caller.user.clone(), caller.service.is_some()),
    };
    Ok(Some(Newcomers { people, by, invited: link.is_some() }))
}

async fn check_newcomers(
    rooms: &Rooms,
    cell: &RoomCell,
    Newcomers { people, by: (by, by_service), invited }: Newcomers,
) -> Result<(), Error> {
    if !invited {
        return rooms.check_newcomers(&people, &by, by_service).await;
    }
    for user in &people {
        rooms.check_invited(cell.id, user, &by).await?;
    }
    Ok(())
}
