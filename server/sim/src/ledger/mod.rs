//! What was asked and what was answered.

pub(crate) mod contexts;
pub(crate) mod fate;
pub(crate) mod imports;
pub(crate) mod letter;
pub(crate) mod scheduled;

use std::collections::{BTreeMap, BTreeSet};

use caffis_client::CallError;
use caffis_schema::{
    ClientId, MessageNumber, Position, RoomId, UserId, reply::Appended, room::HistoryPolicy,
};

use self::{
    contexts::Telling,
    fate::{Fate, Wishes},
    imports::Importing,
    letter::Letter,
    scheduled::Scheduled,
};
use crate::{own::Kept, trace::Trace};

/// One message that somebody wanted to send.
#[derive(Clone, Debug)]
pub(crate) struct Sending {
    pub(crate) letter: Letter,
    /// What the server said: the same every time.
    pub(crate) acknowledged: Option<Appended>,
    /// Attempts whose outcome is unknown.
    pub(crate) open: u32,
}

/// A change of a message that somebody wanted.
#[derive(Clone, Debug)]
pub(crate) struct Changing {
    pub(crate) room: RoomId,
    pub(crate) message: Position,
    pub(crate) what: What,
    /// What the server said: the same every time.
    pub(crate) acknowledged: Option<Appended>,
    /// Attempts whose outcome is unknown.
    pub(crate) open: u32,
    /// It must be refused: somebody else is known to have read the message.
    pub(crate) read: bool,
}

/// How a message is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It says these words, which nothing else says.
    Edit(String),
    /// It is deleted for everyone.
    Delete,
    /// Somebody reacts with an emoji, or takes that back.
    React(&'static str, bool),
    /// It is pinned in its room, or no longer.
    Pin(bool),
}

impl Changing {
    /// Whether it may be in the log.
    pub(crate) fn may_have_happened(&self) -> bool {
        self.acknowledged.is_some() || self.open > 0
    }
}

/// How far a person has read, as far as their devices know. A mark has no key, so a copy that comes late may
/// move the marker although another one was refused.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Read {
    /// The largest number that was acknowledged.
    pub(crate) told: u64,
    /// The largest number that was asked for.
    pub(crate) asked: u64,
}

/// What a person wanted of a thread. Commands about threads have no keys, so copies may come late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OwnThread {
    /// They wanted to follow it at some time.
    pub(crate) wanted: bool,
    /// They wanted not to follow it at some time.
    pub(crate) unwanted: bool,
    pub(crate) read: Read,
}

/// What each person chose in a poll.
pub(crate) type Votes = BTreeMap<UserId, Wishes<Vec<u8>>>;

/// Everything that was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) sendings: BTreeMap<(UserId, ClientId), Sending>,
    /// The changes of messages.
    pub(crate) changes: BTreeMap<(UserId, ClientId), Changing>,
    /// What people wanted to have sent later.
    pub(crate) scheduled: Scheduled,
    /// Messages of the past, by their room and their ids, which are also their words.
    pub(crate) imports: BTreeMap<(RoomId, String), Importing>,
    /// What people chose in polls.
    pub(crate) votes: BTreeMap<(RoomId, Position), Votes>,
    /// What people wanted of threads.
    pub(crate) threads: BTreeMap<(UserId, RoomId, Position), OwnThread>,
    /// Links that were revoked, and where in the log, as the server said.
    pub(crate) revoked: Vec<(RoomId, Position, Position)>,
    /// What people did for themselves once nothing went wrong any more, in that order.
    pub(crate) kept: BTreeMap<UserId, Vec<Kept>>,
    /// Messages that somebody wanted not to see any more.
    pub(crate) hidden: BTreeSet<(UserId, RoomId, Position)>,
    /// Rooms in which somebody marked a message as unread.
    pub(crate) unread: BTreeSet<(UserId, RoomId)>,
    /// Who wanted at some time that others are not told what they have read.
    pub(crate) private: BTreeSet<UserId>,
    /// Reports of messages, and what became of them.
    pub(crate) reports: BTreeMap<(RoomId, Position, UserId), Fate>,
    /// The read markers of people.
    pub(crate) read: BTreeMap<(UserId, RoomId), Read>,
    /// Rooms in the order of their creation, with what later members may see.
    pub(crate) rooms: Vec<(RoomId, HistoryPolicy)>,
    /// Those that are conversations of two.
    pub(crate) directs: BTreeSet<RoomId>,
    /// Those into which people walk.
    pub(crate) cafes: BTreeSet<RoomId>,
    /// Those of meetups, bookings and disputes, with what a service told of them.
    pub(crate) contexts: BTreeMap<RoomId, Vec<Telling>>,
    /// The number of the last message that was acknowledged in each room.
    pub(crate) numbers: BTreeMap<RoomId, u64>,
}

impl Ledger {
    /// A room's short name in the trace.
    pub(crate) fn short(&self, room: RoomId) -> String {
        match self.rooms.iter().position(|(known, _)| *known == room) {
            Some(index) => format!("r{index}"),
            None => "r?".to_owned(),
        }
    }

    /// Adds a room that was created or found.
    pub(crate) fn room(&mut self, room: RoomId, history: HistoryPolicy) {
        if !self.rooms.iter().any(|(known, _)| *known == room) {
            self.rooms.push((room, history));
        }
    }

    /// An attempt to send begins.
    pub(crate) fn attempt(&mut self, user: &UserId, id: ClientId, letter: &Letter) {
        let sending = self.sendings.entry((user.clone(), id)).or_insert_with(|| Sending {
            letter: letter.clone(),
            acknowledged: None,
            open: 0,
        });
        sending.open += 1;
    }

    /// An attempt ends.
    pub(crate) fn settled(
        &mut self,
        user: &UserId,
        id: ClientId,
        result: &Result<Appended, CallError>,
        trace: &Trace,
    ) {
        let Some(sending) = self.sendings.get_mut(&(user.clone(), id)) else { return };
        match result {
            Ok(appended) => {
                sending.open -= 1;
                let number = self.numbers.entry(appended.room).or_default();
                *number = (appended.number.max(MessageNumber(*number))).get();
                let before = sending.acknowledged.replace(*appended);
                if before.is_some_and(|before| before != *appended) {
                    trace.broken(format_args!(
                        "{user} was told {before:?} and {appended:?} of {}",
                        sending.letter.short()
                    ));
                }
            }
            Err(CallError::Refused(_) | CallError::OutboxFull | CallError::TooLarge { .. }) => {
                sending.open -= 1;
            }
            // The outcome is unknown: the attempt stays open.
            Err(CallError::Ended | CallError::Unexpected(_)) => {}
        }
    }

    /// Somebody wants to change a message.
    pub(crate) fn wants(&mut self, user: &UserId, id: ClientId, changing: Changing) {
        self.changes.entry((user.clone(), id)).or_insert(changing).open += 1;
    }

    /// An attempt to change a message ends.
    pub(crate) fn changed(
        &mut self,
        user: &UserId,
        id: ClientId,
        result: &Result<Appended, CallError>,
        trace: &Trace,
    ) {
        let Some(changing) = self.changes.get_mut(&(user.clone(), id)) else { return };
        match result {
            Ok(appended) => {
                changing.open -= 1;
                let before = changing.acknowledged.replace(*appended);
                if before.is_some_and(|before| before != *appended) {
                    trace.broken(format_args!("{user} was told {before:?} and {appended:?}"));
                }
            }
            Err(CallError::Refused(_) | CallError::OutboxFull | CallError::TooLarge { .. }) => {
                changing.open -= 1;
            }
            Err(CallError::Ended | CallError::Unexpected(_)) => {}
        }
    }

    /// Whether a person may not see a message any more, because they wanted that.
    pub(crate) fn may_hide(&self, user: &UserId, room: RoomId, position: Position) -> bool {
        self.hidden.contains(&(user.clone(), room, position))
    }

    /// A person did something for themselves.
    pub(crate) fn keeps(&mut self, user: &UserId, kept: Kept) {
        self.kept.entry(user.clone()).or_default().push(kept);
    }

    /// Does something with what a person chose in a poll.
    pub(crate) fn vote(
        &mut self,
        (poll, user): &((RoomId, Position), UserId),
        what: impl FnOnce(&mut Wishes<Vec<u8>>),
    ) {
        if let Some(votes) = self.votes.get_mut(poll).and_then(|votes| votes.get_mut(user)) {
            what(votes);
        }
    }

    /// How many messages were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.sendings.values().filter(|sending| sending.acknowledged.is_some()).count()
    }
}

/// An answer to a message, for the trace.
pub(crate) fn told(result: &Result<Appended, CallError>) -> String {
    match result {
        Ok(appended) => format!("position {}, number {}", appended.position, appended.number),
        Err(error) => said(&Err(error.clone())),
    }
}

/// An answer, for the trace.
pub(crate) fn said(result: &Result<(), CallError>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(CallError::Refused(error)) => format!("refused, {}", error.code),
        Err(error) => error.to_string(),
    }
}
