//! The driver: takes what waits for a room, steps it, makes it durable, publishes and answers.
//!
//! Invariant: between taking work and answering it no other driver runs for the room, so positions
//! are given once. What is visible in memory is durable: the driver works ahead on a copy and puts it
//! in place only when the store has the entries.

use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use caffis_schema::{
    EntryKind, Error, MessageNumber, Position, Timestamp, UserId, reply::Appended,
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    append::Append,
    ballots::{Ballot, VOTES_INTERVAL, Votes},
    cell::{Job, RoomCell, Work},
    changes::Changes,
    command::{Change, Done, Order, RoomCommand, StepContext},
    creation,
    entries::Origin,
    ready::{ensure_loaded, settle},
    recent::Sent,
    refused::Refused,
    resend::{in_log, in_window, look_up, same_content},
    rooms::Rooms,
    strangers::{refuse, turn_strangers_away},
};
use crate::{
    cluster::Shard,
    errors::not_now,
    hub::views::comes_to_inbox,
    model::{
        authorise::{authorise_by_invite, may_know, no_such_room},
        caller::Caller,
        room::RoomState,
    },
    ports::store::{Batch, Stamp, StoreError, StoreLimits},
    settings::Settings,
    sync::lock,
    traces,
};

/// Commands that share one durable write.
const BATCH_COMMANDS: usize = 128;

/// Rows that the commands of one durable write make at most, about; fewer where a batch takes less than
/// four times as many. The rest of a batch is for markers.
const BATCH_ROWS: usize = 1_024;

/// While a write is late, commands that wait for the room are answered this often.
const LATE_STEP: Duration = Duration::from_millis(500);

/// A command's answer, ready when the append is durable or now.
enum Answer {
    Now(Result<Done, Error>),
    WhenDurable(Done),
}

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

/// What the driver does next.
enum Next {
    Work(Vec<Work>),
    /// Only votes wait, and they wait for each other until then.
    Wait(Instant),
    Nothing,
}

/// Takes what fits into one write. A command alone always does: the largest makes some 200 rows. A few votes that nothing
/// else waits with wait for each other.
fn take_work(cell: &RoomCell, limits: &StoreLimits) -> Next {
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
struct Prepared {
    /// The results of those that are resends; errors of those that cannot be done.
    known: Vec<Result<Option<Sent>, Error>>,
    /// The messages that they are about, and what those who vote have chosen before.
    about: (Changes, Votes),
}

/// Finds out what the steps need: the results of commands that are resends, whether the people whom
/// the other commands bring into the room may be in it, and the messages that they are about.
async fn prepare(rooms: &Rooms, cell: &RoomCell, jobs: &[Job]) -> Prepared {
    let mut known = Vec::with_capacity(jobs.len());
    for (job, sent) in jobs.iter().zip(look_up(rooms, cell, jobs).await) {
        known.push(match (sent, &job.order) {
            (Ok(None), Order::Command(command)) => {
                check_newcomers(rooms, cell, command.as_ref(), &job.caller).await.map(|()| None)
            }
            (sent, _) => sent.map_err(Error::from),
        });
    }
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
    Prepared { known, about }
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

async fn check_newcomers(
    rooms: &Rooms,
    cell: &RoomCell,
    command: &dyn RoomCommand,
    caller: &Caller,
) -> Result<(), Error> {
    let state = cell.state().ok_or_else(not_now)?;
    let newcomers = command.newcomers(&state, caller)?;
    if let Some(link) = command.invite().and_then(|digest| state.invites.find(digest)) {
        for user in &newcomers {
            rooms.check_invited(cell.id, user, &link.invite.by).await?;
        }
        return Ok(());
    }
    rooms.check_newcomers(&newcomers, &caller.user, caller.service.is_some()).await
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

fn reply(jobs: Vec<Job>, answers: Vec<Answer>, failure: Option<Error>) {
    for (job, answer) in jobs.into_iter().zip(answers) {
        let answer = match (answer, &failure) {
            (Answer::Now(answer), _) => answer,
            (Answer::WhenDurable(done), None) => Ok(done),
            (Answer::WhenDurable(_), Some(error)) => Err(error.clone()),
        };
        // The caller may be gone.
        let _ = job.answer.send(answer);
    }
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

/// What all steps of an append may look at.
struct Ground<'a> {
    settings: &'a Settings,
    now: Timestamp,
    /// Whether somebody but this person is known to have read up to a message.
    others_read: &'a dyn Fn(Option<&UserId>, MessageNumber) -> bool,
}

fn step(
    append: &mut Append,
    refused: &mut Refused,
    job: &Job,
    known: Result<Option<Sent>, Error>,
    ground: &Ground<'_>,
) -> Answer {
    let command = match &job.order {
        Order::Create(plan) => {
            let change = creation::step(&append.ahead, plan);
            return Answer::WhenDurable(stage(append, change, ground.now));
        }
        Order::Command(command) => command,
    };
    let (room, user) = (append.ahead.meta.id, &job.caller.user);
    let (key, digest) = (command.key(), command.digest());
    if let Some(sent) = append.sent(user, key.id) {
        return match same_content(sent, digest) {
            Ok(done) => Answer::WhenDurable(done),
            Err(error) => Answer::Now(Err(error)),
        };
    }
    let stepped = match (known, refused.get(room, user, key.id)) {
        (Ok(Some(sent)), _) => return Answer::Now(same_content(sent, digest)),
        (_, Some(before)) => return Answer::Now(Err(before)),
        (Ok(None), None) => step_new(command.as_ref(), append, &job.caller, ground),
        (Err(error), None) => Err(error),
    };
    let change = match stepped {
        Ok(change) => change,
        Err(error) => {
            if command.keeps_refusals() {
                refused.insert(room, user, key.id, &error);
            }
            return Answer::Now(Err(error));
        }
    };
    // What changes nothing is only true once all before it is durable.
    let (made, choices) = (!change.entries.is_empty(), change.choices);
    let poll = change.entries.first().and_then(|kind| match kind {
        EntryKind::Tallied(tallied) => Some(tallied.message),
        _ => None,
    });
    let done = stage(append, change, ground.now);
    if made {
        let (by, client, time) = (user.clone(), key.id, key.time);
        let (position, origin) = (done.appended.position, Origin { by, client, time, digest });
        match poll {
            Some(poll) => append.note_ballot(position, Ballot { origin, poll, choices }),
            None => append.note_origin(position, origin),
        }
    }
    let sent = Sent { appended: done.appended, made, digest };
    // A command that changed nothing is remembered too: its resend must not change anything later.
    append.sent.push((user.clone(), key, sent));
    Answer::WhenDurable(done)
}

/// The step of a new command. A caller who may not know of the room learns nothing from the age of
/// their key.
fn step_new(
    command: &dyn RoomCommand,
    append: &Append,
    caller: &Caller,
    ground: &Ground<'_>,
) -> Result<Change, Error> {
    let room = &append.ahead;
    if let Some(digest) = command.invite() {
        authorise_by_invite(caller, room, digest)?;
    } else if !may_know(caller, room) {
        return Err(no_such_room());
    }
    // Who wrote something in this append has read what is before it.
    let others_read = |author: Option<&UserId>, number: MessageNumber| {
        (ground.others_read)(author, number) || append.is_answered(author, number)
    };
    let context = StepContext {
        settings: ground.settings,
        now: ground.now,
        members_before: append.members_before(),
        about: command
            .message()
            .or(command.named_message())
            .and_then(|position| append.changes.get(position))
            .map(|entry| &**entry),
        chosen: command
            .poll()
            .map(|poll| append.votes.chosen(poll, &caller.user))
            .unwrap_or_default(),
        others_read: &others_read,
    };
    if !command.lasts() {
        in_window(command.key().time, ground.now, ground.settings)?;
    }
    in_log(command.key().head, room)?;
    command.step(room, caller, &context)
}

/// Adds what a command makes to the append.
fn stage(append: &mut Append, change: Change, now: Timestamp) -> Done {
    let room = append.ahead.meta.id;
    let mut first = None;
    for kind in change.entries {
        let entry = append.push(kind, now);
        let number = match &entry.kind {
            EntryKind::Message(message) => message.number,
            _ => MessageNumber::ZERO,
        };
        let appended = Appended { room, position: entry.position, number, time: entry.time };
        first.get_or_insert(appended);
    }
    let RoomState { head: position, time, .. } = append.ahead;
    let nothing = Appended { room, position, number: MessageNumber::ZERO, time };
    Done { appended: first.unwrap_or(nothing), again: false }
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
