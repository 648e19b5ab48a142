//! The final checks of polls: each person has one voice, and what the server counts is what people chose last.

use caffis_schema::{
    Body, Command, Entry, EntryKind, Position, Reply, RoomId, Timestamp, UserId,
    limits::PAGE_VOTERS,
    polls::{PollAt, PollBody, Tally, Voter, Voters},
    room::Message,
};

use super::truth::Truth;
use crate::{device::Device, ledger::Ledger, trace::Trace};

/// Checks the polls of a room.
pub(super) async fn check(
    trace: &Trace,
    ledger: &Ledger,
    (room, truth): (RoomId, &Truth),
    audit: &Device,
) {
    let short = ledger.short(room);
    for (entry, message) in truth.messages() {
        let Body::Poll(poll) = &message.body else { continue };
        let at = entry.position;
        let found = check_log(&truth.entries, at, (poll, message))
            .and(check_told(audit, (room, at), message).await)
            .and(check_voters(ledger, audit, (room, truth, at), (poll, message)).await);
        if let Err(why) = found {
            trace.broken(format_args!("{short}: the poll at {at} {why}"));
        }
    }
}

fn tally_of(message: &Message) -> Tally {
    message.tally().cloned().unwrap_or_default()
}

/// The log counts voices one after the other, and none after the poll was closed, by somebody or by its time.
fn check_log(
    entries: &[Entry],
    at: Position,
    (poll, message): (&PollBody, &Message),
) -> Result<(), String> {
    let (mut before, mut time) = (Tally::default(), Timestamp::ZERO);
    for entry in entries {
        // While the owner's clock is behind the room's time, that stands still.
        let moved = entry.time > std::mem::replace(&mut time, entry.time);
        let EntryKind::Tallied(tallied) = &entry.kind else { continue };
        let Some(tally) = tallied.tally.as_ref().filter(|_| tallied.message == at) else {
            continue;
        };
        let voices = tally.counts.iter().sum::<u32>();
        if tally.counts.iter().any(|count| *count > tally.voters)
            || voices < tally.voters
            || (!poll.multiple && voices != tally.voters)
        {
            return Err(format!("counts {tally:?} at {}", entry.position));
        }
        if moved && poll.closes.is_some_and(|closes| closes <= entry.time) {
            let at = (entry.position, entry.time);
            return Err(format!("goes on at {at:?}, and was to close at {:?}", poll.closes));
        }
        if before.closed.is_some() {
            return Err(format!("goes on at {}, and was closed", entry.position));
        }
        before = tally.clone();
    }
    if before != tally_of(message) {
        return Err(format!("has {:?} and not {before:?}", message.tally()));
    }
    Ok(())
}

/// The server tells what the log says.
async fn check_told(
    audit: &Device,
    (room, position): (RoomId, Position),
    message: &Message,
) -> Result<(), String> {
    let told = audit.client.call(Command::Poll(PollAt { room, position })).await;
    match told {
        Ok(Reply::Poll(results)) if results.tally == tally_of(message) => Ok(()),
        told => Err(format!("is told as {told:?} and is {:?}", message.tally())),
    }
}

/// Those who voted are those who are counted, and each chose what the server acknowledged last.
async fn check_voters(
    ledger: &Ledger,
    audit: &Device,
    (room, truth, position): (RoomId, &Truth, Position),
    (poll, message): (&PollBody, &Message),
) -> Result<(), String> {
    let told = voters(audit, room, position).await;
    if poll.anonymous {
        return told.map_or(Ok(()), |told| Err(format!("is anonymous and tells {told:?}")));
    }
    let voters = told?;
    let tally = tally_of(message);
    let mut counts = vec![0; poll.options.len()];
    for choice in voters.iter().flat_map(|voter| &voter.choices) {
        counts[usize::from(*choice)] += 1;
    }
    let counted = match tally.counts.is_empty() {
        true => vec![0; counts.len()],
        false => tally.counts.clone().into_vec(),
    };
    if counts != counted || voters.len() as u64 != u64::from(tally.voters) {
        return Err(format!("counts {tally:?}, and {voters:?} voted"));
    }
    let chose = |user: &UserId| {
        let voter = voters.iter().find(|voter| voter.user == *user);
        voter.map(|voter| voter.choices.clone().into_vec()).unwrap_or_default()
    };
    let nobody = Default::default();
    let votes = ledger.votes.get(&(room, position)).unwrap_or(&nobody);
    for (user, votes) in votes {
        let chose = chose(user);
        let never = chose.is_empty() && !votes.is_any_done();
        let wanted = votes
            .iter()
            .filter(|vote| votes.may_count_by(vote, |at| is_tally(truth, position, at)));
        if !never && !wanted.into_iter().any(|vote| vote.what == chose) {
            return Err(format!("has {chose:?} of {user}, who voted {votes:?}"));
        }
    }
    match voters.iter().find(|voter| !votes.contains_key(&voter.user)) {
        Some(voter) => Err(format!("has a voice of {}, who never voted", voter.user)),
        None => Ok(()),
    }
}

/// Whether the entry at a position says how the votes in a poll are.
fn is_tally(truth: &Truth, poll: Position, at: Position) -> bool {
    let entry = truth.entries.get(at.get().saturating_sub(1) as usize);
    entry.is_some_and(
        |entry| matches!(&entry.kind, EntryKind::Tallied(tallied) if tallied.message == poll),
    )
}

async fn voters(audit: &Device, room: RoomId, position: Position) -> Result<Vec<Voter>, String> {
    let (mut voters, limit): (Vec<Voter>, _) = (Vec::new(), PAGE_VOTERS as u8);
    loop {
        let after = voters.last().map(|voter| voter.user.clone());
        let command = Command::Voters(Voters { room, position, after, limit });
        match audit.client.call(command).await {
            Ok(Reply::Voters(page)) => {
                voters.extend(page.voters);
                if !page.more {
                    return Ok(voters);
                }
            }
            other => return Err(format!("does not tell who voted: {other:?}")),
        }
    }
}
