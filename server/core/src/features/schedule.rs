//! Messages that are sent later: scheduling, changing, cancelling, sending at once, and the list of them.
//!
//! Whether a person may write is looked at here, so that they hear at once what cannot work, and decided when the
//! message is due ([`crate::scheduled`]).

use std::sync::Arc;

use caffis_schema::{
    Body, Error, ErrorCode, List, Reply, RoomId, Timestamp,
    limits::{EXTRAS, PAGE_SCHEDULED, SCHEDULED, SCHEDULED_DAYS},
    open::Empty,
    room::Extra,
    scheduled::{
        CancelScheduled, ChangeScheduled, Schedule, Scheduled, ScheduledMessage, ScheduledPage,
        ScheduledPlace, SendScheduled,
    },
};

use crate::{
    call::{Call, Handled, to_the_end},
    errors::not_now,
    model::{
        authorise::{Post, authorise, check_pace},
        body,
        caller::Caller,
        digest::digest,
        extras,
        room::RoomState,
    },
    previews,
    room::in_window,
    scheduled::{Given, Held, content, message, of_person, of_room},
    tables::ScheduledRow,
};

/// Milliseconds in a day.
const DAY_MS: u64 = 86_400_000;

/// Has a message sent later. Costs a read of what the person has scheduled in the room, at most [`SCHEDULED`] rows.
///
/// # Errors
/// Why a message would be refused now, `invalid` for a time that is past or too far ahead, `limit_reached`, and what the
/// store says.
pub async fn handle(call: Call, command: Schedule) -> Handled {
    for_people(&call, Some(command.room)).await?;
    let given = Given {
        key: command.key,
        digest: digest(&("schedule", command.room, &command.body, &command.extras, command.due)),
    };
    to_the_end(async move {
        let Schedule { key, room, body, extras, due } = command;
        let wanted = ScheduledMessage { room, id: key.id, body, extras, due, failed: None };
        let held = Held::take(&call.services, room, call.user()).await?;
        if held.done_before(&given).await?.is_some() {
            return Ok(Reply::ScheduledMessage(wanted));
        }
        let done = schedule(&call, &held, &given, &wanted).await;
        Ok(Reply::ScheduledMessage(held.decide(&given, wanted, done).await?))
    })
    .await
}

async fn schedule(
    call: &Call,
    held: &Held,
    given: &Given,
    wanted: &ScheduledMessage,
) -> Result<ScheduledMessage, Error> {
    let ScheduledMessage { room, id, ref body, ref extras, due, .. } = *wanted;
    in_window(given.key.time, call.services.clock.now(), &call.services.settings)?;
    let (body, extras) = checked(call, room, body, extras).await?;
    check_due(due, call.services.clock.now())?;
    let there = held.all(SCHEDULED).await?;
    if let Some(row) = there.iter().find(|row| row.id == id) {
        // An earlier copy of the command wrote it, and the answer is not there yet.
        held.note(row);
        return Ok(wanted.clone());
    }
    if there.len() >= SCHEDULED {
        let sentence = format!("A person schedules at most {SCHEDULED} messages in one room.");
        return Err(Error::refused(ErrorCode::LimitReached, &sentence));
    }
    let content = content(&body, &extras)?;
    let row = ScheduledRow { user: call.user().clone(), room, id, due, failed: None, content };
    held.put(None, &row, Some(given)).await
}

/// Changes what a scheduled message says and when it is sent. One that could not be sent waits again.
///
/// # Errors
/// As [`handle`], and `not_found` for one that was sent or cancelled.
pub async fn handle_change(call: Call, command: ChangeScheduled) -> Handled {
    for_people(&call, Some(command.room)).await?;
    let ChangeScheduled { key, room, id, body, extras, due } = command;
    let given = Given { key, digest: digest(&("change", room, id, &body, &extras, due)) };
    to_the_end(async move {
        let wanted = ScheduledMessage { room, id, body, extras, due, failed: None };
        let held = Held::take(&call.services, room, call.user()).await?;
        if held.done_before(&given).await?.is_some() {
            return Ok(Reply::ScheduledMessage(wanted));
        }
        let done = change(&call, &held, &given, &wanted).await;
        Ok(Reply::ScheduledMessage(held.decide(&given, wanted, done).await?))
    })
    .await
}

async fn change(
    call: &Call,
    held: &Held,
    given: &Given,
    wanted: &ScheduledMessage,
) -> Result<ScheduledMessage, Error> {
    let ScheduledMessage { room, id, ref body, ref extras, due, .. } = *wanted;
    in_window(given.key.time, call.services.clock.now(), &call.services.settings)?;
    let before = held.row(id).await?;
    let (body, extras) = checked(call, room, body, extras).await?;
    check_due(due, call.services.clock.now())?;
    held.check_unsent(&before).await?;
    let content = content(&body, &extras)?;
    let row = ScheduledRow { due, failed: None, content, ..before.clone() };
    held.put(Some(&before), &row, Some(given)).await
}

/// Takes back that a message is sent later; also in rooms that the person has left.
///
/// # Errors
/// `not_found` for one that was sent or cancelled, and what the store says.
pub async fn handle_cancel(call: Call, command: CancelScheduled) -> Handled {
    for_people(&call, Some(command.room)).await?;
    let CancelScheduled { key, room, id } = command;
    let given = Given { key, digest: digest(&("cancel", room, id)) };
    to_the_end(async move {
        let held = Held::take(&call.services, room, call.user()).await?;
        if let Some(due) = held.done_before(&given).await? {
            held.cancel_again(id, due, &given).await?;
            return Ok(Reply::Done(Empty {}));
        }
        in_window(key.time, call.services.clock.now(), &call.services.settings)?;
        let row = held.row(id).await?;
        held.check_unsent(&row).await?;
        held.remove(&row, Some(&given)).await?;
        Ok(Reply::Done(Empty {}))
    })
    .await
}

/// Sends a scheduled message now: its time is now from then on, so it is sent also if this node ends.
///
/// # Errors
/// Why it cannot be sent, `not_found` for one that was sent or cancelled, and what the store says.
pub async fn handle_send(call: Call, command: SendScheduled) -> Handled {
    for_people(&call, Some(command.room)).await?;
    let SendScheduled { key, room, id } = command;
    let given = Given { key, digest: digest(&("send", room, id)) };
    to_the_end(async move {
        let held = Held::take(&call.services, room, call.user()).await?;
        // An earlier copy of the command may have been done.
        if let Some(due) = held.done_before(&given).await?
            && let Some(appended) = held.sent_at(id, due).await?
        {
            return Ok(Reply::Appended(appended));
        }
        let before = held.row(id).await?;
        if let Some(appended) = held.sent(&before).await? {
            return Ok(Reply::Appended(appended));
        }
        let now = call.services.clock.now();
        in_window(key.time, now, &call.services.settings)?;
        let state = state(&call, room, false).await?;
        // Who has to wait is told so now: the message keeps its time.
        check_pace(&Caller::person(call.user().clone(), false), &state, now)?;
        let row = ScheduledRow { due: now, failed: None, ..before.clone() };
        held.put(Some(&before), &row, Some(&given)).await?;
        let sent = held.send(&row).await;
        Ok(Reply::Appended(sent.map_err(goes_on)?))
    })
    .await
}

/// What the caller has scheduled, by room: in one, or in all of them.
///
/// # Errors
/// `forbidden` for services, `not_found` for a room that is not the caller's and in which they have nothing scheduled, and what the store says.
pub async fn handle_list(call: Call, command: Scheduled) -> Handled {
    for_people(&call, command.room).await?;
    let (store, user) = (&*call.services.store, call.user());
    let (most, after) = (PAGE_SCHEDULED + 1, command.after);
    let rows = match command.room {
        Some(room) => of_room(store, user, room, after.map(|after| after.id), most).await?,
        None => of_person(store, user, after.map(|after| (after.room, after.id)), most).await?,
    };
    if let (Some(room), true) = (command.room, rows.is_empty()) {
        call.check_known(room).await?;
    }
    let (mut messages, mut bytes) = (Vec::new(), 0);
    let mut more = rows.len() > PAGE_SCHEDULED;
    for row in rows.iter().take(PAGE_SCHEDULED) {
        bytes += row.content.len();
        if bytes > call.page_bytes() && !messages.is_empty() {
            more = true;
            break;
        }
        messages.push(message(row)?);
    }
    let place = |last: &ScheduledMessage| ScheduledPlace { room: last.room, id: last.id };
    let next = messages.last().filter(|_| more).map(place);
    Ok(Reply::Scheduled(ScheduledPage { messages: List::cut(messages), next }))
}

/// What a message says, as it is kept, if its author could send it now. In a public room nobody can: who writes there is
/// in it.
async fn checked(
    call: &Call,
    room: RoomId,
    said: &Body,
    extras: &List<Extra, EXTRAS>,
) -> Result<(Body, List<Extra, EXTRAS>), Error> {
    let notice = matches!(said, Body::System(_));
    let state = state(call, room, notice).await?;
    let caller = Caller::person(call.user().clone(), false);
    let body = body::checked(said, call.services.settings.most_chars(state.meta.class))?;
    if Extra::live_location(extras).is_some() {
        let sentence = "A live location begins when it is sent.";
        return Err(Error::refused(ErrorCode::Invalid, sentence));
    }
    Ok((body, extras::checked(extras, &state, &caller)?))
}

/// The state of a room in which the caller may write.
async fn state(call: &Call, room: RoomId, notice: bool) -> Result<Arc<RoomState>, Error> {
    call.check_known(room).await?;
    let cell = call.services.rooms.loaded(room).await?;
    let state = cell.state().ok_or_else(not_now)?;
    authorise(&Caller::person(call.user().clone(), false), &state, Post { notice })?;
    Ok(state)
}

fn check_due(due: Timestamp, now: Timestamp) -> Result<(), Error> {
    let sentence = if due <= now {
        "The time at which a message is to be sent is past.".to_owned()
    } else if due.since(now) > SCHEDULED_DAYS as u64 * DAY_MS {
        format!("A message is scheduled for the next {SCHEDULED_DAYS} days.")
    } else {
        return Ok(());
    };
    Err(Error::refused(ErrorCode::Invalid, &sentence))
}

/// What is told of a message that is not sent now and will be tried again: it may happen.
fn goes_on(error: Error) -> Error {
    match error.retry_after_ms {
        Some(wait) => Error::unknown(error.code, error.sentence.as_str(), wait),
        None => error,
    }
}

async fn for_people(call: &Call, room: Option<RoomId>) -> Result<(), Error> {
    if call.service().is_none() {
        return Ok(());
    }
    if let Some(room) = room {
        // Whoever may not know of the room hears first that there is none.
        previews::check_readable(call, room).await?;
    }
    call.check_person("A service schedules no messages.")
}
