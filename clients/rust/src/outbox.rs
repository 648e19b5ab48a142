//! Commands that are not settled yet. They are sent, and sent again with the same id after a
//! disconnect or an unknown outcome, until the server says what became of them. A command that the server
//! puts off, with a time after which to ask again, is sent again by then, [`Outbox::RETRIES`] times.

use std::collections::BTreeMap;

use caffis_schema::{Command, Error, Keyed, Outcome, Reply, RoomId};
use tokio::time::Instant;

use crate::{
    calls::{Answerer, CallError},
    connection::RequestId,
};

#[derive(Debug)]
struct Waiting {
    command: Command,
    answerer: Answerer,
    /// The request that carries it at present.
    request: Option<RequestId>,
    /// Not before this time.
    due: Option<Instant>,
    /// The outcome of an earlier attempt is unknown.
    uncertain: bool,
    /// How often the server has put it off.
    put_off: u32,
}

impl Waiting {
    /// No caller waits for the answer, and the command changes nothing.
    fn is_void(&self) -> bool {
        self.answerer.is_closed() && self.command.key().is_none()
    }
}

/// The room of a command that changes its log: these keep their order within the room.
fn keyed_room(command: &Command) -> Option<RoomId> {
    command.keyed().map(Keyed::room)
}

/// What an answer settled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The command was done; this is the command and its reply.
    Done(Box<(Command, Reply)>),
    /// The command was refused.
    Refused(Box<Command>),
    /// The command is to be sent again, or the request is unknown.
    Other,
}

/// Commands in the order in which the application gave them.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: BTreeMap<u64, Waiting>,
    requests: BTreeMap<RequestId, u64>,
    next: u64,
}

impl Outbox {
    /// The most commands that wait.
    pub(crate) const COMMANDS: usize = 1_000;
    /// The most commands in flight: as many as a server takes from one session.
    const IN_FLIGHT: usize = 32;
    /// How often a command is sent again that the server puts off; then the caller gets the refusal.
    pub(crate) const RETRIES: u32 = 20;

    /// Takes a command; a full outbox gives it back at once as [`CallError::OutboxFull`].
    pub(crate) fn push(&mut self, command: Command, answerer: Answerer) {
        if self.waiting.len() >= Self::COMMANDS {
            // The caller may be gone.
            let _: Result<_, _> = answerer.send(Err(CallError::OutboxFull));
            return;
        }
        let waiting =
            Waiting { command, answerer, request: None, due: None, uncertain: false, put_off: 0 };
        self.waiting.insert(self.next, waiting);
        self.next += 1;
    }

    /// The next command that can be sent now, and its number. A command with a key does not
    /// overtake an earlier one of its room that waits to be sent again.
    pub(crate) fn ready(&mut self, now: Instant) -> Option<(u64, Command)> {
        if self.requests.len() >= Self::IN_FLIGHT {
            return None;
        }
        self.waiting.retain(|_, waiting| waiting.request.is_some() || !waiting.is_void());
        let mut held_up: Vec<RoomId> = Vec::new();
        for (number, waiting) in &self.waiting {
            if waiting.request.is_some() {
                continue;
            }
            let room = keyed_room(&waiting.command);
            if room.is_some_and(|room| held_up.contains(&room)) {
                continue;
            }
            if waiting.due.is_none_or(|due| due <= now) {
                return Some((*number, waiting.command.clone()));
            }
            held_up.extend(room);
        }
        None
    }

    /// A command was sent as this request.
    pub(crate) fn sent(&mut self, number: u64, request: RequestId) {
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.request = Some(request);
            self.requests.insert(request, number);
        }
    }

    /// The requests in flight that open this room.
    pub(crate) fn openings(&self, room: RoomId) -> impl Iterator<Item = RequestId> {
        self.waiting.values().filter_map(move |waiting| match &waiting.command {
            Command::Open(open) if open.room == room => waiting.request,
            _ => None,
        })
    }

    /// A command cannot be sent at all.
    pub(crate) fn failed(&mut self, number: u64, error: CallError) {
        if let Some(waiting) = self.waiting.remove(&number) {
            let _: Result<_, _> = waiting.answerer.send(Err(error));
        }
    }

    /// When the next command that waits to be sent again is due. One that may not overtake another is
    /// not due before it; and while the most are in flight, an answer has to come first.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        if self.requests.len() >= Self::IN_FLIGHT {
            return None;
        }
        let mut held_up: Vec<RoomId> = Vec::new();
        let mut next: Option<Instant> = None;
        for waiting in self.waiting.values().filter(|waiting| waiting.request.is_none()) {
            let room = keyed_room(&waiting.command);
            if room.is_some_and(|room| held_up.contains(&room)) {
                continue;
            }
            if let Some(due) = waiting.due {
                next = Some(next.map_or(due, |next| next.min(due)));
                held_up.extend(room);
            }
        }
        next
    }

    /// An answer arrived. The reply is cloned for the session, which follows the rooms by it.
    pub(crate) fn answered(
        &mut self,
        request: RequestId,
        result: Result<Reply, Error>,
        now: Instant,
    ) -> Settled {
        let Some(number) = self.requests.remove(&request) else { return Settled::Other };
        let Some(waiting) = self.waiting.get_mut(&number) else { return Settled::Other };
        let error = match result {
            Ok(reply) => {
                let Some(waiting) = self.waiting.remove(&number) else { return Settled::Other };
                let _: Result<_, _> = waiting.answerer.send(Ok(reply.clone()));
                return Settled::Done(Box::new((waiting.command, reply)));
            }
            Err(error) => error,
        };
        let unknown = error.outcome == Outcome::Unknown;
        let put_off = error.retry_after_ms.is_some();
        waiting.put_off += u32::from(put_off);
        // A refusal for now says nothing about an earlier attempt whose outcome is not known.
        if unknown || (put_off && (waiting.uncertain || waiting.put_off <= Self::RETRIES)) {
            let delay = u64::from(error.retry_after_ms.unwrap_or(Self::RETRY_MS).max(1));
            waiting.uncertain |= unknown;
            waiting.request = None;
            waiting.due = Some(now + std::time::Duration::from_millis(delay));
            return Settled::Other;
        }
        let Some(waiting) = self.waiting.remove(&number) else { return Settled::Other };
        let _: Result<_, _> = waiting.answerer.send(Err(CallError::Refused(error)));
        Settled::Refused(Box::new(waiting.command))
    }

    /// The delay before trying again when the error does not give one.
    const RETRY_MS: u32 = 500;

    /// The link is gone: the outcome of everything in flight is unknown, and it is sent again.
    pub(crate) fn disconnected(&mut self) {
        self.requests.clear();
        for waiting in self.waiting.values_mut() {
            if waiting.request.take().is_some() {
                waiting.uncertain = true;
            }
            waiting.due = None;
        }
    }

    /// The client ends: every waiting caller is told.
    pub(crate) fn end(&mut self) {
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            let _: Result<_, _> = waiting.answerer.send(Err(CallError::Ended));
        }
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
