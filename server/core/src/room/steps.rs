//! The steps of one append: each command is decided on top of those before it, and answered once all of it is durable.

use caffis_schema::{EntryKind, Error, MessageNumber, Timestamp, UserId, reply::Appended};

use super::{
    append::Append,
    ballots::Ballot,
    cell::Job,
    command::{Change, Done, Order, RoomCommand, StepContext},
    creation,
    entries::Origin,
    recent::Sent,
    refused::Refused,
    resend::{in_log, in_window, same_content},
};
use crate::{
    model::{
        authorise::{authorise_by_invite, may_know, no_such_room},
        caller::Caller,
        room::RoomState,
    },
    settings::Settings,
};

/// A command's answer, ready when the append is durable or now.
pub(super) enum Answer {
    Now(Result<Done, Error>),
    WhenDurable(Done),
}

/// Answers commands once it is known whether the append is durable.
pub(super) fn reply(jobs: Vec<Job>, answers: Vec<Answer>, failure: Option<Error>) {
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

/// What all steps of an append may look at.
pub(super) struct Ground<'a> {
    pub(super) settings: &'a Settings,
    pub(super) now: Timestamp,
    /// Whether somebody but this person is known to have read up to a message.
    pub(super) others_read: &'a dyn Fn(Option<&UserId>, MessageNumber) -> bool,
}

/// Decides one command on top of those before it, and adds what it makes to the append.
pub(super) fn step(
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
