//! The driver: takes what waits for a room, steps it, makes it durable, publishes and answers.
//!
//! Invariant: between taking work and answering it no other driver runs for the room, so positions
//! are given once. What is visible in memory is durable: the driver works ahead on a copy and puts it
//! in place only when the store has the entries.

use std::{pin::pin, sync::Arc, time::Duration};

use caffis_schema::{Error, MessageNumber, Position, UserId};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    append::Append,
    ballots::VOTES_INTERVAL,
    cell::{Job, RoomCell, Work},
    command::Order,
    ready::{ensure_loaded, settle},
    rooms::Rooms,
    steps::{Answer, Ground, reply, step},
    strangers::{refuse, turn_strangers_away},
    work::{Next, Prepared, prepare, take_work},
};
use crate::{
    cluster::Shard,
    errors::not_now,
    hub::views::comes_to_inbox,
    ports::store::{Batch, Stamp, StoreError},
    sync::lock,
    traces,
};

/// While a write is late, commands that wait for the room are answered this often.
const LATE_STEP: Duration = Duration::from_millis(500);

impl Rooms {
    /// Runs until nothing waits for a room.
    pub(super) async fn drive(self: Arc<Self>, cell: Arc<RoomCell>) {
        drive(self, cell).await;
    }
}

async fn drive(rooms: Arc<Rooms>, cell: Arc<RoomCell>) {
    let limits = rooms.store.limits();
    loop {
        let work = match take_work(&cell, &limits) {
            Next::Work(work) => work,
            Next::Wait(due) => {
                // Until then, or until something comes that does not wait.
                let _ = timeout_at(due, cell.arrived.notified()).await;
                continue;
            }
            Next::Nothing => break,
        };
        let mut jobs = Vec::with_capacity(work.len());
        let mut loads = Vec::new();
        for item in work {
            match item {
                Work::Command(job) => jobs.push(job),
                Work::Load(answer) => loads.push(answer),
            }
        }
        let mut jobs = turn_strangers_away(&rooms, &cell, jobs).await;
        if jobs.is_empty() && loads.is_empty() {
            continue;
        }
        let creation = jobs.iter().find_map(|job| match &job.order {
            Order::Create(plan) => Some(plan.clone()),
            Order::Command(_) => None,
        });
        let loaded = ensure_loaded(&rooms, &cell, creation.as_deref()).await;
        for answer in loads {
            // The caller may be gone.
            let _ = answer.send(loaded.clone());
        }
        let ready = match loaded {
            Ok(()) => settle(&rooms, &cell).await,
            Err(error) => Err(error),
        };
        match ready {
            Ok(()) => run(&rooms, &cell, jobs).await,
            Err(error) => jobs.drain(..).for_each(|job| refuse(&rooms, cell.id, job, &error)),
        }
    }
    rooms.drop_if_missing(&cell);
}

async fn run(rooms: &Rooms, cell: &Arc<RoomCell>, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let preparing = timeout(rooms.settings.store_timeout, prepare(rooms, cell, &jobs));
    let Prepared { known, about } = preparing.await.unwrap_or_else(|_| Prepared {
        known: jobs.iter().map(|_| Err(not_now())).collect(),
        about: Default::default(),
    });
    let now = rooms.clock.now();
    let (answers, mut append) = {
        let mut inner = lock(&cell.inner);
        let Some(loaded) = &mut inner.loaded else { return };
        let mut refused = rooms.refused.of(cell.id);
        let mut append = Append::new(loaded, about, rooms.settings.bucket_bytes);
        let tells = |user: &UserId| !rooms.directory.is_private(user);
        let others_read = |author: Option<&UserId>, number: MessageNumber| {
            let others = loaded.markers.iter().filter(|(user, _)| author != Some(*user));
            others.filter(|(user, _)| tells(user)).any(|(_, marker)| marker.read >= number)
        };
        let ground = Ground { settings: &rooms.settings, now, others_read: &others_read };
        let answers: Vec<Answer> = jobs
            .iter()
            .zip(known)
            .map(|(job, known)| step(&mut append, &mut refused, job, known, &ground))
            .collect();
        drop(refused);
        let most = rooms.store.limits().batch_operations / 4;
        append.save_markers(loaded, &cell.saving, most);
        (answers, append)
    };
    if append.is_empty() {
        return reply(jobs, answers, None);
    }
    let stamp = rooms.stamps.next().map_err(StoreError::from);
    let minute = rooms.activity.minute(Shard::of(cell.id), append.epoch());
    let filled = stamp
        .and_then(|stamp| Ok((batch(rooms, stamp), minute?)))
        .and_then(|(batch, minute)| append.fill(batch, &rooms.settings, minute));
    let batch = match filled {
        Ok(batch) => batch,
        Err(error) => return reply(jobs, answers, Some(give_up(rooms, cell, &append, error))),
    };
    let begun = traces::begin();
    let mut writing = pin!(rooms.store.write(batch));
    match timeout(rooms.settings.store_timeout, &mut writing).await {
        Ok(Ok(())) => {
            if let Some(begun) = begun {
                append.trace(cell.id, begun.elapsed());
            }
            if let Err(error) = follow_up(rooms, &append).await {
                return reply(jobs, answers, Some(give_up(rooms, cell, &append, error)));
            }
            rooms.know_peers(&append.members_before(), &append.ahead).await;
            publish(rooms, cell, append);
            reply(jobs, answers, None);
        }
        Ok(Err(error)) => reply(jobs, answers, Some(give_up(rooms, cell, &append, error))),
        Err(_) => {
            let late = StoreError::Unknown("the store did not answer in time".to_owned());
            reply(jobs, answers, Some(give_up(rooms, cell, &append, late)));
            // Reading the room before this write has ended could find half of it.
            while timeout(LATE_STEP, &mut writing).await.is_err() {
                refuse_waiting(cell);
            }
        }
    }
}

/// An empty batch of a room's rows. On one node it costs nothing to have all of it or none. In a cluster it
/// would cost a batch log, which also takes few rows; there a takeover, and every reading of the room after
/// an unknown outcome, writes what is missing.
fn batch(rooms: &Rooms, stamp: Stamp) -> Batch {
    match rooms.views.is_alone() {
        true => Batch::logged(stamp),
        false => Batch::repairable(stamp),
    }
}

/// What comes between durable and told: the lease is checked (rule 11), and the rows of other tables are
/// written (rule 12).
async fn follow_up(rooms: &Rooms, append: &Append) -> Result<(), StoreError> {
    let lost = || StoreError::Unknown("the lease has ended".to_owned());
    // A shard that is handed over is released only after this. The check comes before the following rows
    // are sent: it is the last that is needed.
    if !rooms.owners.holds() {
        return Err(lost());
    }
    if !append.has_following() {
        return Ok(());
    }
    let batch = append.following(batch(rooms, rooms.stamps.next()?), &rooms.settings)?;
    let writing = write_in_parts(rooms, batch);
    match timeout(rooms.settings.store_timeout, writing).await {
        Ok(Ok(())) => Ok(()),
        // The entries are durable: that they have happened is not in question, only who knows it.
        Ok(Err(error)) => Err(StoreError::Unknown(error.to_string())),
        Err(_) => Err(StoreError::Unknown("the store did not answer in time".to_owned())),
    }
}

/// Writes rows that follow from entries: many, where messages mention many people. What does not land is written by
/// whoever reads the room next.
async fn write_in_parts(rooms: &Rooms, batch: Batch) -> Result<(), StoreError> {
    let most = rooms.store.limits().batch_operations;
    if batch.operations.len() <= most {
        return rooms.store.write(batch).await;
    }
    for operations in batch.operations.chunks(most) {
        rooms.store.write(Batch { operations: operations.to_vec(), ..batch }).await?;
    }
    Ok(())
}

fn refuse_waiting(cell: &RoomCell) {
    let waiting = std::mem::take(&mut lock(&cell.inner).pending);
    for work in waiting {
        match work {
            Work::Command(job) => drop(job.answer.send(Err(not_now()))),
            Work::Load(answer) => drop(answer.send(Err(not_now()))),
        }
    }
}

fn publish(rooms: &Rooms, cell: &Arc<RoomCell>, mut append: Append) {
    let members_before = append.members_before();
    let mut inner = lock(&cell.inner);
    let Some(loaded) = &mut inner.loaded else { return };
    let mentioned = std::mem::take(&mut append.mentioned);
    let replies = std::mem::take(&mut append.replies);
    let many_look = !comes_to_inbox(&append.ahead, &rooms.settings);
    let votes_due = (many_look && append.has_votes()).then(|| Instant::now() + VOTES_INTERVAL);
    let entries = append.commit(loaded, &rooms.settings);
    inner.votes_due = votes_due.or(inner.votes_due);
    rooms.publish(cell, &mut inner, &entries, &members_before);
    for (user, flagged) in mentioned.iter().map(|mentioned| mentioned.news(cell.id)) {
        rooms.people.tell_flagged(user, &flagged);
        rooms.views.publish_flagged(user, &flagged);
    }
    for (user, own) in replies.iter().flat_map(|reply| reply.news(cell.id)) {
        rooms.people.tell_thread(user, &own);
        rooms.views.publish_thread(user, &own);
    }
}

/// What to answer when the append failed. After an unknown outcome nothing in memory can be trusted:
/// the room is read again, and goes on in a new bucket.
fn give_up(rooms: &Rooms, cell: &Arc<RoomCell>, append: &Append, error: StoreError) -> Error {
    let mut inner = lock(&cell.inner);
    if matches!(error, StoreError::Unknown(_)) {
        inner.doubt();
        inner.names_used = inner.names_used.max(append.last_name());
        rooms.note_dirty(cell);
    }
    if inner.loaded.as_ref().is_some_and(|loaded| loaded.state.head == Position::ZERO) {
        // This write was to create the room.
        inner.loaded = None;
    }
    error.into()
}
