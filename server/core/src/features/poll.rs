//! Voting in polls, closing them, and what came out.
//!
//! A vote is the whole choice of a person. How many people chose what is part of the poll's message, so its owner needs
//! that and the row of who votes, and nothing of the others, however many there are.

use std::ops::Bound;

use caffis_schema::{
    EntryKind, Error, ErrorCode, List, MessageNumber, Position, Reply,
    limits::{PAGE_VOTERS, TEXT_BYTES},
    polls::{ClosePoll, PollAt, PollResults, Tallied, Tally, Vote, Voter, VoterPage, Voters},
    room::Message,
};

use crate::{
    call::{Call, Entered, Handled},
    model::{
        authorise::{EndPoll, Read, VoteIn, authorise},
        caller::Caller,
        digest::digest,
        polls::{self, Choices},
        room::RoomState,
    },
    pages::message_at,
    ports::store::{Scan, Value},
    room::{Change, RoomCommand, StepContext, choices_of, message_deleted},
    tables::{self, ColumnValue, VoteRow},
};

impl RoomCommand for Vote {
    fn digest(&self) -> u64 {
        digest(&("vote", self.position, &self.choices))
    }

    fn text_bytes(&self) -> usize {
        // The message is written again.
        TEXT_BYTES
    }

    fn message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn poll(&self) -> Option<Position> {
        Some(self.position)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, _) = context.message(room, caller)?;
        authorise(caller, room, VoteIn)?;
        if message.is_deleted() {
            return Err(message_deleted());
        }
        let poll = polls::of(message)?;
        let choices = Choices::checked(&self.choices, poll)?;
        if poll.is_closed(&tally_of(message), context.now) {
            return Err(polls::closed());
        }
        if choices == context.chosen {
            return Ok(Change::default());
        }
        let tally = polls::moved(poll, message.tally(), context.chosen, choices);
        let entry = tallied(self.position, message.number, tally);
        Ok(Change { choices: Some(choices), ..Change::from(entry) })
    }
}

impl RoomCommand for ClosePoll {
    fn digest(&self) -> u64 {
        digest(&("close_poll", self.position))
    }

    fn text_bytes(&self) -> usize {
        // The message is written again.
        TEXT_BYTES
    }

    fn message(&self) -> Option<Position> {
        Some(self.position)
    }

    fn step(
        &self,
        room: &RoomState,
        caller: &Caller,
        context: &StepContext<'_>,
    ) -> Result<Change, Error> {
        let (message, _) = context.message(room, caller)?;
        authorise(caller, room, EndPoll { author: message.sender.clone() })?;
        if message.is_deleted() {
            return Err(message_deleted());
        }
        let (poll, tally) = (polls::of(message)?, tally_of(message));
        if poll.is_closed(&tally, context.now) {
            return Ok(Change::default());
        }
        let tally = Tally { closed: Some(context.now), ..tally };
        Ok(Change::from(tallied(self.position, message.number, tally)))
    }
}

fn tallied(message: Position, number: MessageNumber, tally: Tally) -> EntryKind {
    EntryKind::Tallied(Tallied { message, number, tally: Some(tally) })
}

fn tally_of(message: &Message) -> Tally {
    message.tally().cloned().unwrap_or_default()
}

/// What people have chosen in a poll, and the caller. Costs a read of the caller's row, and one of the message unless it
/// is in memory.
///
/// # Errors
/// `not_found` for what the caller does not see, `deleted`, `not_a_poll`.
pub async fn handle(call: Call, command: PollAt) -> Handled {
    let (room, position) = (command.room, command.position);
    let Entered { cell, state, allowed } = call.enter(room, Read).await?;
    let (_, message) = message_at(&call.services, (&cell, &state), &allowed, position).await?;
    if message.is_deleted() {
        return Err(message_deleted());
    }
    let (poll, tally) = (polls::of(&message)?, tally_of(&message));
    let closed = poll.is_closed(&tally, call.services.clock.now());
    let key = VoteRow::key(&room, &position, call.user());
    let own = match tables::get::<VoteRow>(&*call.services.store, key).await? {
        Some(row) if call.service().is_none() => choices_of(&row)?,
        _ => Choices::default(),
    };
    Ok(Reply::Poll(PollResults { tally, own: own.options(), closed }))
}

/// A page of those who voted. Costs one read of the store.
///
/// # Errors
/// `forbidden` for a poll that is anonymous, and as [`handle`].
pub async fn handle_voters(call: Call, command: Voters) -> Handled {
    let (room, position) = (command.room, command.position);
    let Entered { cell, state, allowed } = call.enter(room, Read).await?;
    let (_, message) = message_at(&call.services, (&cell, &state), &allowed, position).await?;
    if message.is_deleted() {
        return Err(message_deleted());
    }
    if polls::of(&message)?.anonymous {
        let sentence = "This poll is anonymous: nobody learns who voted.";
        return Err(Error::refused(ErrorCode::Forbidden, sentence));
    }
    let limit = usize::from(command.limit).clamp(1, PAGE_VOTERS);
    let after = |user| Bound::Excluded(vec![ColumnValue::to_value(&user)]);
    let scan = Scan {
        table: VoteRow::TABLE,
        partition: VoteRow::partition(&room, &position),
        from: command.after.map_or(Bound::<Vec<Value>>::Unbounded, after),
        to: Bound::Unbounded,
        reverse: false,
        limit: limit + 1,
    };
    let rows: Vec<VoteRow> = tables::read(&*call.services.store, scan).await?;
    let more = rows.len() > limit;
    let mut voters = Vec::with_capacity(limit);
    for row in rows.into_iter().take(limit) {
        let choices = choices_of(&row)?.options();
        voters.push(Voter { user: row.user, choices });
    }
    Ok(Reply::Voters(VoterPage { voters: List::cut(voters), more }))
}
